"""The pipeline from image files to vote fractions."""

from copy import deepcopy

from sklearn.pipeline import Pipeline

from galaxy_sklearn.classifier import GalaxyClassifier
from galaxy_sklearn.ensemble import GalaxyEnsemble
from galaxy_sklearn.transformers import (
    CenterCrop,
    ColourComposite,
    CropToGalaxy,
    FlattenToTensor,
    Grayscale,
    ImageReader,
    Resize,
)

__all__ = ["RECIPES", "for_bands", "make_galaxy_pipeline"]

N_MEMBERS = 3
RECIPES = {
    "equivariant": {},
    "ensemble": {},
    "residual": {"classifier__network": "residual"},
    # As in the code of GalaxyID. The crop of half the image, 64 x 64 pixels, batches of 32 and Adam
    # at 1e-3 are defaults already.
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


# The side of the pixels, in arcseconds, whose flux the colours of a survey are made of.
PIXEL_SCALES = {"sdss": 0.396, "gz_decals": 0.262, "legacy": 0.262}
# Their bands, which become blue, green and red.
BANDS = {"sdss": list("gri"), "gz_decals": list("grz"), "legacy": list("grz")}

# What learned most from few labels; see docs/accuracy.md. There are too few to set some aside.
FINE_TUNING = {
    "classifier__freeze": True,
    "classifier__learning_rate": 1e-2,
    "classifier__epochs": 50,
    "classifier__class_weight": "balanced",
    "classifier__validation_fraction": 0,
}


def make_galaxy_pipeline(
    recipe="equivariant",
    *,
    pretrained=None,
    n_jobs=None,
    random_state=None,
    verbose=0,
    memory=None,
):
    """Make the pipeline from image files to vote fractions.

    The steps are ``read``, ``crop``, ``gray``, ``resize``, ``tensor`` and ``classifier``. They
    crop each image to its central half and resize it to 64 x 64 pixels. Each step can be replaced
    or set to ``"passthrough"``; ``set_params(step__parameter=value)`` sets its parameters.

    Parameters
    ----------
    recipe : {"equivariant", "ensemble", "residual", "galaxy_id"}, default="equivariant"
        "equivariant" is the most accurate single network that we found: a small residual network
        whose answers do not depend on the orientation of an image, on colour images (``gray`` is
        "passthrough"), with the defaults of `GalaxyClassifier`. "ensemble" is a `GalaxyEnsemble`
        of three of them: more accurate, in three times the time; their parameters are
        ``classifier__estimator__epochs`` and so on. "residual" has a network that looks at each
        image in eight orientations instead; it was the default of version 0.1.0. "galaxy_id" is
        the reference: network and training of GalaxyID, on gray images.
    pretrained : str, FrozenEstimator, Pipeline or GalaxyClassifier, optional
        Start from the features of a fitted model, such as ``"gz2"``, to learn new classes from few
        labels; see `GalaxyClassifier`. Its steps before the network should be those of this
        pipeline, as they are for "gz2". The features are kept (``freeze``) and classes are
        balanced (``class_weight``), which learned most from 30 to 300 labels; no galaxies are set
        aside (``validation_fraction``). Only with the recipe "equivariant", whose network is not
        used.
    n_jobs : int, optional
        Number of threads that read images; -1 for one per core. None means 1 unless in a
        `joblib.parallel_config` context.
    random_state : int, RandomState instance or None, default=None
        Determines the random numbers of the training, see `GalaxyClassifier`.
    verbose : int, default=0
        0 is silent, 1 shows progress bars of reading and training.
    memory : str or joblib.Memory, optional
        Folder to cache the tensors of training images, so that a search over the network's
        parameters reads each image once per fold. Images are identified by their names: empty the
        folder when files change.

    Returns
    -------
    sklearn.pipeline.Pipeline
        The pipeline. X is paths or arrays; y is vote fractions, vote counts or class labels.

    Raises
    ------
    ValueError
        If `recipe` is unknown, or another one than "equivariant" is given with `pretrained`.

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
    if pretrained is not None and recipe != "equivariant":
        raise ValueError(
            f"pretrained={pretrained!r} brings its own network: recipe must be 'equivariant', got "
            f"{recipe!r}."
        )
    classifier = GalaxyClassifier(random_state=random_state, verbose=verbose)
    if recipe == "ensemble":
        # Each member draws its own random numbers from those of the ensemble.
        classifier = GalaxyEnsemble(
            classifier.set_params(random_state=None),
            n_estimators=N_MEMBERS,
            random_state=random_state,
        )
    pipe = Pipeline(
        [
            ("read", ImageReader()),
            ("crop", CenterCrop()),
            ("gray", "passthrough"),
            ("resize", Resize()),
            ("tensor", FlattenToTensor(n_jobs=n_jobs, verbose=verbose)),
            ("classifier", classifier),
        ],
        memory=memory,
    )
    if pretrained is not None:
        pipe.set_params(classifier__pretrained=pretrained, **FINE_TUNING)
    # Copied, so that no two pipelines share a step.
    return pipe.set_params(**deepcopy(RECIPES[recipe]))


def for_bands(pipe, colours="sdss", *, band=None):
    """Put in front of a pipeline for pictures what makes pictures of FITS bands.

    Models that learned from the colour JPEG files of a survey, such as
    ``load_pretrained("gz2")``, can so be asked about FITS files.

    Parameters
    ----------
    pipe : Pipeline
        A fitted pipeline that begins with the steps ``read`` and ``crop``, as those of
        `make_galaxy_pipeline` do. Its other steps, which are not copied, follow the new ones.
    colours : {"sdss", "gz_decals", "legacy"}, default="sdss"
        The pictures to make, see `ColourComposite`. Those that the model learned from are best;
        for "gz2" and the bands g, r and i that is "sdss". The bands g, r and z, of DECam, are
        nearest to what it knows with "gz_decals".
    band : list of three str, optional
        The bands in each file, in the order of wavelength. By default X has a column for each
        band, or a file holds the three and nothing else. The order is then that of the columns or
        of the file, whatever names of bands it holds: it must be that of wavelength.

    Returns
    -------
    Pipeline
        The steps ``read`` (`ImageReader`, nanomaggies for the pixels of the survey), ``colour``
        (`ColourComposite`), ``crop`` (`CropToGalaxy`, since the scale is that of the files), and
        those of `pipe` after ``crop``. ``set_params`` changes any of them.

    Raises
    ------
    ValueError
        If `pipe` does not begin with these steps, `colours` is unknown, or `band` has its bands in
        another order.

    Examples
    --------
    >>> from galaxy_sklearn.pipeline import for_bands
    >>> from galaxy_sklearn.sharing import load_pretrained
    >>> pipe = for_bands(load_pretrained("gz2"), "gz_decals", band=["g", "r", "z"])
    >>> list(pipe.named_steps)
    ['read', 'colour', 'crop', 'gray', 'resize', 'tensor', 'classifier']
    >>> fractions = pipe.predict_proba(["decals.fits"])  # doctest: +SKIP
    """
    if colours not in PIXEL_SCALES:
        raise ValueError(f"colours must be one of {list(PIXEL_SCALES)}, got {colours!r}.")
    if band is not None and band != BANDS[colours] and sorted(band) == sorted(BANDS[colours]):
        raise ValueError(
            f"band must be {BANDS[colours]}, in the order of wavelength, for colours={colours!r}, "
            f"got {band!r}."
        )
    names = [name for name, _ in getattr(pipe, "steps", ())]
    if names[:2] != ["read", "crop"]:
        raise ValueError(
            "pipe must be a pipeline that begins with the steps read and crop, got "
            f"{names or type(pipe).__name__}."
        )
    read = ImageReader(band=band, units="nanomaggies", pixel_scale=PIXEL_SCALES[colours])
    first = [("read", read), ("colour", ColourComposite(colours)), ("crop", CropToGalaxy())]
    return Pipeline(first + pipe.steps[2:])
