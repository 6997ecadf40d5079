"""Write a small model of this version and what it predicts."""

from pathlib import Path

import joblib
import numpy as np

import galaxy_sklearn
from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import save_model


def main():
    """Fit, save and predict."""
    images, votes = make_galaxies(40, image_size=48, random_state=0)
    pipe = make_galaxy_pipeline(random_state=0).set_params(
        resize__size=16, classifier__epochs=2, classifier__network__filters=(4, 8)
    )
    pipe.fit(images, votes)
    folder = Path(__file__).parent / galaxy_sklearn.__version__
    folder.mkdir(exist_ok=True)
    joblib.dump(pipe, folder / "pipeline.joblib", compress=3)
    save_model(pipe, folder / "pipeline.skops")
    np.save(folder / "fractions.npy", pipe.predict_proba(images[:8]).astype(np.float32))


if __name__ == "__main__":  # doctests import all modules
    main()
