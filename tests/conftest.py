"""Settings and data shared by the tests."""

import os

# Before anything imports TensorFlow; see TF's C++ logging.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

from galaxy_sklearn.datasets import make_galaxies

# Whatever else the machine is doing.
hypothesis.settings.register_profile(
    "patient",
    parent=hypothesis.settings.default,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def galaxies():
    """Images (24, 32, 32, 3) and conditional vote fractions."""
    return make_galaxies(24, image_size=32, random_state=0)


@pytest.fixture(scope="session")
def folder(galaxies, tmp_path_factory):
    """A folder with the galaxies as <number>.jpg and votes.csv."""
    folder = tmp_path_factory.mktemp("survey")
    images, votes = galaxies
    (folder / "images").mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / "images" / f"{100 + i}.jpg", quality=95)
    table = votes.copy()
    table.insert(0, "objid", np.arange(100, 100 + len(votes)))
    table.to_csv(folder / "votes.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def paths(folder, galaxies):
    return [str(folder / "images" / f"{100 + i}.jpg") for i in range(len(galaxies[0]))]


@pytest.fixture(scope="session")
def kaggle():
    """The folder of the real Kaggle sample."""
    return real_data("galaxy_zoo_2/train.csv").parent


@pytest.fixture(scope="session")
def catalogue():
    """The real catalogue of Stripe 82."""
    return real_data("gz2_tables/stripe82_coadd2.csv.gz")


@pytest.fixture(scope="session")
def hart16():
    """Rows of the real main catalogue, of Hart et al. 2016."""
    return real_data("gz2_tables/hart16_rows.csv")


def real_data(name):
    """Return a file below the folder GALAXY_SKLEARN_DATA; skip the test if there is none."""
    folder = os.environ.get("GALAXY_SKLEARN_DATA")
    if not folder:
        pytest.skip("needs real data: set GALAXY_SKLEARN_DATA to its folder")
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"needs {name} in the folder GALAXY_SKLEARN_DATA")
    return path


@pytest.fixture(scope="session")
def bfloat16():
    """Skip where convolutions of bfloat16 do not run."""
    import keras

    image, kernel = keras.ops.ones((1, 16, 16, 1)), keras.ops.ones((3, 3, 1, 4))
    try:
        keras.ops.conv(keras.ops.cast(image, "bfloat16"), keras.ops.cast(kernel, "bfloat16"))
    except Exception as error:
        if "could not create a primitive descriptor" not in str(error):
            raise
        pytest.skip(
            "oneDNN is kept from the instructions that TensorFlow sees (ONEDNN_MAX_CPU_ISA)"
        )
