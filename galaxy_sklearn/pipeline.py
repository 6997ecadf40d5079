"""The pipeline from image files to vote fractions."""

from sklearn.pipeline import Pipeline

from galaxy_sklearn.classifier import GalaxyClassifier
from galaxy_sklearn.transformers import (
    CenterCrop,
    FlattenToTensor,
    Grayscale,
    ImageReader,
    Resize,
)

__all__ = ["make_galaxy_pipeline"]


def make_galaxy_pipeline(*, n_jobs=None, random_state=None, verbose=0, memory=None):
    """Make the pipeline from image files to vote fractions.

    The steps are ``read``, ``crop``, ``gray``, ``resize``, ``tensor`` and ``classifier``, with
    the crop, the size, the network and the recipe of GalaxyID: the central half of each image,
    64 x 64 pixels, gray. Each step can be replaced, set to ``"passthrough"`` (``gray`` for
    colour, say) and have its parameters set with ``set_params(step__parameter=value)``.

    Parameters
    ----------
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
        The pipeline; it takes paths or arrays, and vote fractions or class labels.

    Examples
    --------
    >>> from galaxy_sklearn import make_galaxy_pipeline
    >>> pipe = make_galaxy_pipeline(random_state=0)
    >>> list(pipe.named_steps)
    ['read', 'crop', 'gray', 'resize', 'tensor', 'classifier']
    >>> pipe = pipe.set_params(resize__size=32, classifier__network__dropout=0.3)
    """
    return Pipeline(
        [
            ("read", ImageReader()),
            ("crop", CenterCrop()),
            ("gray", Grayscale()),
            ("resize", Resize()),
            ("tensor", FlattenToTensor(n_jobs=n_jobs, verbose=verbose)),
            ("classifier", GalaxyClassifier(random_state=random_state, verbose=verbose)),
        ],
        memory=memory,
    )
