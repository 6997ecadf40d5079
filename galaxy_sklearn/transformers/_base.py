"""The base class of the image transformers. Keep minimal."""

from math import prod
from numbers import Integral

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from galaxy_sklearn._compat import (
    CallbackSupportMixin,
    check_feature_names_in,
    default_parameters,
    output_container,
    set_output_container,
    with_callbacks,
)
from galaxy_sklearn._documentation import DocumentationLink
from galaxy_sklearn.images import ImageStack, first_element, holds_paths


class ImageTransformer(DocumentationLink, CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Apply one operation to every image of an array, a list, a stack or flattened rows.

    A subclass has a parameter ``image_shape`` and a method ``_operation`` that checks the
    parameters and returns the operation: a function of one image that can be pickled. Eager input
    (arrays) and lazy input (stacks) both call it image by image, so that they give identical
    results.
    """

    def __init_subclass__(cls, **kwargs):
        # scikit-learn would wrap whatever `transform` returns in a data frame; see `set_output`.
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    @with_callbacks
    def fit(self, X, y=None):
        """Check the parameters and the images; nothing is learned.

        Parameters
        ----------
        X : array-like, ImageStack or list of images
            See `transform`.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        task = self._init_callback_context()
        task.call_on_fit_task_begin(estimator=self, X=X, y=y)
        self._operation()
        self._check_images(X, reset=True)
        task.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes={})
        return self

    def transform(self, X):
        """Transform every image.

        Parameters
        ----------
        X : array-like, ImageStack or list of images
            An array of shape (n_images, height, width) or (n_images, height, width,
            n_channels), unsigned integers or floats; flattened rows of shape (n_images,
            n_pixels); a list or an object array of images of differing size; or the
            `ImageStack` of an earlier step.

        Returns
        -------
        ndarray or ImageStack
            Rows for rows (a data frame if `set_output` says so), a stack for a stack, an object
            array of images for a list, an array of images for an array.

        Raises
        ------
        ValueError
            If an image cannot be transformed. The message names it.
        """
        operation = self._operation()
        images = self._check_images(X, reset=False)
        if isinstance(images, ImageStack):
            return images.then(operation)
        if images.ndim == 2:
            images = images.reshape(len(images), *self._row_shape(images.shape[1]))
            transformed = _each(operation, images)
            return self._row_container(transformed.reshape(len(images), -1), X)
        return _each(operation, images)

    def get_feature_names_out(self, input_features=None):
        """Name the pixels of a transformed image.

        Parameters
        ----------
        input_features : array-like of str, optional
            Only checked against the names seen in `fit`.

        Returns
        -------
        ndarray of str
            The class name in lower case and the position of the pixel in a flattened row.

        Raises
        ------
        ValueError
            If `fit` saw images that need not be of one size.
        """
        check_is_fitted(self, "image_shape_in_")
        if self.image_shape_in_ is None:
            raise ValueError(
                "Images read from files or given in a list need not be of one size, so their "
                "pixels have no names."
            )
        if hasattr(self, "n_features_in_"):
            check_feature_names_in(self, input_features)
        blank = np.zeros(self.image_shape_in_, dtype=np.float32)
        prefix = type(self).__name__.lower()
        return np.array(
            [f"{prefix}{i}" for i in range(self._operation()(blank).size)], dtype=object
        )

    def set_output(self, *, transform=None):
        """Choose the container of flattened rows.

        Images have more dimensions than a data frame, so arrays of images and stacks stay as
        they are. So ``Pipeline.set_output`` can be used for the other steps.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            What `transform` returns for flattened rows. None changes nothing.

        Returns
        -------
        self : object
            The transformer.
        """
        if transform not in (None, "default", "pandas", "polars"):
            raise ValueError(
                f"transform must be 'default', 'pandas', 'polars' or None, got {transform!r}."
            )
        if transform is not None:
            set_output_container(self, transform)
        return self

    def __setstate__(self, state):
        super().__setstate__({**default_parameters(type(self)), **state})

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_images(self, X, reset):
        """Return X as a stack, an object array of images, rows or an array of images."""
        if isinstance(X, ImageStack):
            shape = None
            if len(X) == 0:
                raise ValueError("Found 0 images; at least one is needed.")
        elif holds_paths(X):
            raise ValueError(
                f"X holds names of files ({np.ravel(X)[0]!r}, ...), which "
                f"{type(self).__name__} does not read: put an ImageReader before it."
            )
        elif _is_list_of_images(X):
            images = np.empty(len(X), dtype=object)
            images[:] = [
                check_array(image, ensure_2d=False, allow_nd=True, input_name=f"X, image {i}")
                for i, image in enumerate(X)
            ]
            for i, image in enumerate(images):
                _check_scale(image, f"Image {i} holds")
            X, shape = images, None
        elif _depth(X) > 2:
            X = check_array(X, ensure_2d=False, allow_nd=True)
            if X.ndim > 4:
                raise ValueError(
                    "Expected images of shape (n_images, height, width) or (n_images, height, "
                    f"width, n_channels), got an array of shape {X.shape}."
                )
            _check_scale(X, "X holds images of")
            shape = X.shape[1:]
        else:
            X = validate_data(self, X, reset=reset)
            shape = self._row_shape(X.shape[1])
        if reset:
            self.image_shape_in_ = shape
        return X

    def _row_shape(self, n_pixels):
        shape = self.image_shape
        if shape is None:
            return (1, n_pixels)
        if (
            not isinstance(shape, (tuple, list))
            or len(shape) not in (2, 3)
            or not all(isinstance(side, Integral) and side > 0 for side in shape)
        ):
            raise ValueError(
                "image_shape must be (height, width) or (height, width, n_channels), "
                f"got {shape!r}."
            )
        if prod(shape) != n_pixels:
            raise ValueError(
                f"Rows of {n_pixels} pixels do not fit image_shape={tuple(shape)}, which has "
                f"{prod(shape)}."
            )
        return tuple(shape)

    def _row_container(self, rows, X):
        container = output_container(self) or get_config()["transform_output"]
        if container == "pandas":
            import pandas as pd

            index = X.index if isinstance(X, pd.DataFrame) else None
            return pd.DataFrame(rows, index=index, columns=self.get_feature_names_out())
        if container == "polars":
            import polars as pl

            return pl.DataFrame(rows, schema=list(self.get_feature_names_out()), orient="row")
        return rows


def as_float(image):
    """Scale unsigned integers from their whole range to 0-1; leave floats as they are."""
    pixels, scale = unscaled(image)
    return pixels if scale == 1 else pixels * scale


def unscaled(image):
    """Return an image as floats, and the factor that scales it to 0-1.

    Callers multiply later, when there are fewer pixels.
    """
    if image.dtype in (np.float32, np.float64):
        return image, np.float32(1)
    full = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1
    # A crop is cast faster once it is contiguous.
    return np.ascontiguousarray(image).astype(np.float32), np.float32(1 / full)


def _check_scale(pixels, what):
    """Refuse images of signed integers: what is white in them is unknown."""
    if pixels.dtype.kind == "i":
        raise ValueError(
            f"{what} signed integers ({pixels.dtype}), whose scale is unknown: convert them to "
            "unsigned ones (uint8 for 0-255) or to floats from 0 to 1."
        )


def _is_list_of_images(X):
    return getattr(first_element(X), "ndim", 0) >= 2 and (
        isinstance(X, (list, tuple)) or getattr(X, "dtype", None) == "O"
    )


def _depth(X):
    depth = 0
    while not hasattr(X, "ndim") and isinstance(X, (list, tuple)) and len(X) > 0:
        depth, X = depth + 1, X[0]
    return depth + getattr(X, "ndim", 0)


def _each(operation, images):
    transformed = None
    for i, image in enumerate(images):
        try:
            result = operation(image)
        except ValueError as error:
            raise ValueError(f"Image {i}: {error}") from error
        if transformed is None:
            if images.dtype == object:
                transformed = np.empty(len(images), dtype=object)
            else:
                transformed = np.empty((len(images), *result.shape), dtype=result.dtype)
        transformed[i] = result
    return transformed
