"""Draw the figures of the documentation."""

from pathlib import Path

import numpy as np
from PIL import Image

from galaxy_sklearn.datasets import make_galaxies

DOCS = Path(__file__).parent


def contact_sheet(images, n_columns):
    """Arrange images of the same shape in a grid."""
    rows = [images[i : i + n_columns] for i in range(0, len(images), n_columns)]
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)


def main():
    """Write docs/simulated.png: the central halves of the first 40 galaxies."""
    images, _ = make_galaxies(40, image_size=160, random_state=0)
    Image.fromarray(contact_sheet(images[:, 40:120, 40:120], 10)).save(
        DOCS / "simulated.png", optimize=True
    )


if __name__ == "__main__":
    main()
