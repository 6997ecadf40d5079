"""Draw the figures of the documentation."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from galaxy_sklearn.datasets import make_galaxies

DOCS = Path(__file__).parent


def contact_sheet(images, n_columns):
    """Arrange images of the same shape in a grid."""
    rows = [images[i : i + n_columns] for i in range(0, len(images), n_columns)]
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)


def learning_curve():
    """Draw the table of docs/accuracy.md of the error by the number of training galaxies."""
    text = (DOCS / "accuracy.md").read_text().partition("learning_curve.svg")[2]
    header, _, *rows = [line for line in text.splitlines() if line.startswith("|")][:4]
    numbers = [int(cell.replace(",", "")) for cell in header.strip("| ").split("|")[1:]]
    figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for row in rows:
        name, *errors = row.strip("| ").split("|")
        ax.plot(numbers, [float(error) for error in errors], "o-", label=name.strip())
    ax.set(xscale="log", xlabel="training galaxies", ylabel="RMSE of cumulative fractions")
    ax.set_xticks(numbers, [f"{number:,}" for number in numbers])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return figure


def main():
    """Write docs/simulated.png, the central halves of 40 galaxies, and docs/learning_curve.svg."""
    images, _ = make_galaxies(40, image_size=160, random_state=0)
    Image.fromarray(contact_sheet(images[:, 40:120, 40:120], 10)).save(
        DOCS / "simulated.png", optimize=True
    )
    with plt.rc_context({"svg.hashsalt": "learning_curve"}):
        learning_curve().savefig(DOCS / "learning_curve.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
