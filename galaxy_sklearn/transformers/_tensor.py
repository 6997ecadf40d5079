"""Collecting images in the tensor that a network takes."""

import threading
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_array
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from galaxy_sklearn.images import ImageStack
from galaxy_sklearn.transformers._base import ImageTransformer, as_float

CHUNK = 32
# An image is no lower than this, and a channels-first one has no more channels.
MOST_COLOURS = 4
DTYPES = {"float32": np.float32, "float16": np.float16, "uint8": np.uint8}
HALF = np.finfo(np.float16)
# Resizing a white image leaves pixels that exceed 1 by rounding.
ROUNDING = 1e-5


# The limit is that of the process: of calls that overlap only one sets it, and takes it back.
LIMITING = threading.Lock()


@contextmanager
def _one_blas_thread():
    if not LIMITING.acquire(blocking=False):
        yield
        return
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        LIMITING.release()


class FlattenToTensor(ImageTransformer):
    """Collect images from any container in one tensor.

    An `ImageStack` is read in parallel and straight into the tensor: memory holds the tensor
    plus one image per thread, for any number of files. Unsigned integers are scaled from their
    whole range to 0-1; floats keep their scale. A gray image gets one channel. An array that is
    such a tensor already is not copied. `inverse_transform` flattens a tensor into rows.

    Parameters
    ----------
    dtype : {"float32", "float16", "uint8"}, default="float32"
        What the tensor holds. "float16" takes half the memory and keeps three digits of what is
        above 6e-5; "uint8" takes a quarter and keeps pixels of 0-1 in steps of 1/255, as JPEG
        files do. Estimators turn each batch into float32, so that they need no more.
    image_shape : tuple of int, optional
        (height, width) or (height, width, n_channels) of flattened rows. By default a row is
        an image of height 1.
    n_jobs : int, optional
        Number of threads that read an `ImageStack`; -1 for one per core. None means 1 unless
        in a `joblib.parallel_config` context.
    verbose : bool, default=False
        Whether to show a progress bar while an `ImageStack` is read.

    Attributes
    ----------
    image_shape_in_ : tuple of int or None
        Shape of the images seen in `fit`; None where they need not be of one size.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import FlattenToTensor
    >>> to_tensor = FlattenToTensor()
    >>> tensor = to_tensor.fit_transform(np.full((2, 4, 4), 255, dtype=np.uint8))
    >>> tensor.shape, tensor.dtype, tensor.max()
    ((2, 4, 4, 1), dtype('float32'), np.float32(1.0))
    >>> to_tensor.inverse_transform(tensor).shape
    (2, 16)
    """

    def __init__(self, *, dtype="float32", image_shape=None, n_jobs=None, verbose=False):
        self.dtype = dtype
        self.image_shape = image_shape
        self.n_jobs = n_jobs
        self.verbose = verbose

    def transform(self, X):
        """Collect the images in a tensor.

        Parameters
        ----------
        X : array-like, ImageStack or list of images
            An array of shape (n_images, height, width) or (n_images, height, width,
            n_channels), flattened rows of shape (n_images, n_pixels), a list or object array
            of images, or an `ImageStack`.

        Returns
        -------
        ndarray of `dtype`, shape (n_images, height, width, n_channels)
            The tensor.

        Raises
        ------
        ValueError
            If the images differ in shape, or hold NaN, infinity or pixels that `dtype` cannot
            hold. The message names the image.
        """
        to_pixels = self._operation()
        images = self._check_images(X, reset=False)
        if isinstance(images, np.ndarray) and images.ndim == 2:
            images = images.reshape(len(images), *self._row_shape(images.shape[1]))
        if isinstance(images, np.ndarray) and images.dtype != object:
            if self.dtype == "float32" or images.dtype == self.dtype:
                return to_pixels(images, n_dimensions=4)
            # By parts, so that there is never a tensor of floats.
            shape = to_pixels(images[:1], n_dimensions=4).shape[1:]
            tensor = np.empty((len(images), *shape), dtype=self.dtype)
            for chunk in gen_batches(len(images), CHUNK):
                tensor[chunk] = to_pixels(images[chunk], n_dimensions=4)
            return tensor
        names = images.paths if isinstance(images, ImageStack) else range(len(images))
        first = to_channels(images[0])
        tensor = np.empty((len(images), *first.shape), dtype=self.dtype)

        def fill(chunk):
            for i in range(chunk.start, chunk.stop):
                image = to_channels(images[i])
                if image.shape != first.shape:
                    raise ValueError(
                        f"Image {names[i]} has the shape {image.shape} (height, width, "
                        f"channels), image {names[0]} has {first.shape}: crop, resize or gray "
                        "them to one shape first."
                    )
                if not np.isfinite(image).all():
                    raise ValueError(
                        f"Image {names[i]} holds {(~np.isfinite(image)).sum()} pixels that are "
                        "NaN or infinite; replace them first."
                    )
                try:
                    tensor[i] = stored(image, self.dtype)
                except ValueError as error:
                    raise ValueError(f"Image {names[i]}: {error}") from error

        chunks = list(gen_batches(len(images), CHUNK))
        # Threads pay off for files only: filling from memory is one copy.
        threads = effective_n_jobs(self.n_jobs) if isinstance(images, ImageStack) else 1
        parallel = Parallel(n_jobs=threads, require="sharedmem", return_as="generator_unordered")
        # The reading threads use all cores, so BLAS gets one. Limiting it takes milliseconds,
        # too long for a single image.
        with (
            _one_blas_thread() if threads > 1 else nullcontext(),
            tqdm(
                total=len(images), desc="reading", unit=" images", disable=not self.verbose
            ) as bar,
        ):
            for chunk, _ in zip(chunks, parallel(delayed(fill)(c) for c in chunks), strict=True):
                bar.update(chunk.stop - chunk.start)
        return tensor

    def inverse_transform(self, X):
        """Flatten the images of a tensor into rows, for tools that take 2-D input.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width, n_channels)
            The tensor.

        Returns
        -------
        ndarray of shape (n_images, height * width * n_channels)
            One row per image.
        """
        X = check_array(X, ensure_2d=False, allow_nd=True, dtype=[*DTYPES.values(), np.float64])
        return X.reshape(len(X), -1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _operation(self):
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {list(DTYPES)}, got {self.dtype!r}.")
        return partial(to_channels, dtype=self.dtype)


def to_channels(image, n_dimensions=3, dtype="float32"):
    """Return one image, or an array of images, with a last axis for the channels."""
    if image.ndim == n_dimensions and image.shape[-3] <= MOST_COLOURS < image.shape[-1]:
        raise ValueError(
            f"expected channels on the last axis, found an image of shape {image.shape[-3:]}: "
            "they seem to be on the first; move them with numpy.moveaxis."
        )
    pixels = stored(image, dtype)
    return pixels if pixels.ndim == n_dimensions else pixels[..., None]


def stored(pixels, dtype):
    """Return pixels as a tensor of a dtype holds them."""
    if pixels.dtype == dtype:
        return pixels
    pixels = as_float(pixels)
    if dtype == "uint8":
        least, most = pixels.min(), pixels.max()
        if least < -ROUNDING or most > 1 + ROUNDING:
            raise ValueError(
                f"dtype='uint8' holds pixels of 0-1, found {least:.4g} to {most:.4g}: scale them, "
                "or choose 'float32'."
            )
        pixels = np.rint(pixels * 255)
    elif dtype == "float16":
        most = np.abs(pixels).max()
        if most > HALF.max or 0 < most < HALF.tiny:
            raise ValueError(
                f"dtype='float16' holds the brightest pixel of an image from {HALF.tiny:.1g} to "
                f"{HALF.max:.0f}, found {most:.4g}: scale them, or choose 'float32'."
            )
    return pixels.astype(dtype, copy=False)
