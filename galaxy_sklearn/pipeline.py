"""The pipeline from image files to vote fractions."""

from copy import deepcopy

from sklearn.pipeline import Pipeline

from galaxy_sklearn.classifier import GalaxyClassifier
from galaxy_sklearn.transformers import (
    CenterCrop,
    FlattenToTensor,
    Grayscale,
    ImageReader,
    Resize,
)

__all__ = ["RECIPES", "make_galaxy_pipeline"]

RECIPES = {
    "residual": {},
    # What the code of GalaxyID does. The rest of it, the crop of half the image, 64 x 64 pixels,
    # batches of 32 and Adam at 1e-3, are the defaults of both.
    "galaxy_id": {
        "gray": Grayscale(),
        "classifier__network": "galaxy_id",
        "classifier__output": "sigmoid",
        "classifier__loss": "binary_crossentropy",
        "classifier__question_weight": None,
        "classifier__schedule": "constant",
        "classifier__weight_decay": 0.0,
        "classifier__epochs": 25,
        "classifier__validation_fraction": 0.25,
        "classifier__patience": 20,
        "classifier__rotation": 30.0,
        "classifier__flip": "horizontal",
        "classifier__symmetric": False,
    },
}


def make_galaxy_pipeline(
    recipe="residual", *, n_jobs=None, random_state=None, verbose=0, memory=None
):
    """Make the pipeline from image files to vote fractions.

    The steps are ``read``, ``crop``, ``gray``, ``resize``, ``tensor`` and ``classifier``. They
    take the central half of each image at 64 x 64 pixels. Each step can be replaced, set to
    ``"passthrough"`` and have its parameters set with ``set_params(step__parameter=value)``.

    Parameters
    ----------
    recipe : {"residual", "galaxy_id"}, default="residual"
        "residual" is the most accurate recipe that we found: a small residual network on
        colour images (``gray`` is left out), trained as `GalaxyClassifier` does by default.
        "galaxy_id" is the reference: network and training of GalaxyID, on gray images.
    n_jobs : int, optional
        Number of threads that read images; -1 for one per core. None means 1 unless in a
        `joblib.parallel_config` context.
    random_state : int, RandomState instance or None, default=None
        Determines the training, see `GalaxyClassifier`.
    verbose : int, default=0
        0 is silent, 1 shows progress bars of reading and training.
    memory : str or joblib.Memory, optional
        Folder in which the tensors of training images are kept, so that a search over the
        network's parameters reads each image once per fold. The images are told apart by
        their names: empty the folder when files change.

    Returns
    -------
    sklearn.pipeline.Pipeline
        The pipeline; it takes paths or arrays, and vote fractions, vote counts or class labels.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> from galaxy_sklearn import make_galaxy_pipeline
    >>> pipe = make_galaxy_pipeline(random_state=0)
    >>> list(pipe.named_steps)
    ['read', 'crop', 'gray', 'resize', 'tensor', 'classifier']
    >>> pipe = pipe.set_params(resize__size=32, classifier__network__dropout=0.5)
    """
    if recipe not in RECIPES:
        raise ValueError(f"recipe must be one of {sorted(RECIPES)}, got {recipe!r}.")
    pipe = Pipeline(
        [
            ("read", ImageReader()),
            ("crop", CenterCrop()),
            ("gray", "passthrough"),
            ("resize", Resize()),
            ("tensor", FlattenToTensor(n_jobs=n_jobs, verbose=verbose)),
            ("classifier", GalaxyClassifier(random_state=random_state, verbose=verbose)),
        ],
        memory=memory,
    )
    # No two pipelines share a step.
    return pipe.set_params(**deepcopy(RECIPES[recipe]))
