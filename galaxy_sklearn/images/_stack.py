"""Images that are read on demand."""

import os
from pathlib import Path

import numpy as np


class ImageStack:
    """A sequence of image files with the operations to apply to each image.

    In a pipeline, `ImageReader` turns paths into a stack and the next steps add their operations.
    An image is read when it is indexed, so a stack of any length fits in memory, and scikit-learn
    can index and split it.

    Parameters
    ----------
    paths : array-like of str or path-like, shape (n_images,)
        The image files.
    read : callable
        Takes a path, returns the image: an array of shape (height, width) or
        (height, width, n_channels).
    operations : tuple of callable, default=()
        Applied to each image in this order. Each takes an image and returns one.

    Attributes
    ----------
    shape : tuple of int
        ``(n_images,)``.

    Examples
    --------
    >>> from galaxy_sklearn import CenterCrop, ImageReader
    >>> stack = CenterCrop(212).transform(ImageReader().transform(["1.jpg", "2.jpg"]))
    >>> len(stack), stack[:1]
    (2, ImageStack(1 image, read_image, center_crop))
    """

    def __init__(self, paths, read, operations=()):
        self.paths = np.empty(len(paths), dtype=object)
        self.paths[:] = [os.fspath(path) for path in paths]
        self.read = read
        self.operations = tuple(operations)

    @property
    def shape(self):
        """The shape of the sequence, ``(n_images,)``."""
        return self.paths.shape

    @property
    def names(self):
        """The names of the files without folders; of several bands, those of all."""
        return [
            ", ".join(Path(file).name for file in getattr(path, "files", (path,)))
            for path in self.paths
        ]

    def then(self, operation):
        """Return the stack with one more operation.

        Parameters
        ----------
        operation : callable
            Takes an image and returns one.

        Returns
        -------
        ImageStack
            The same files, with the operation added.
        """
        return ImageStack(self.paths, self.read, (*self.operations, operation))

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, key):
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]  # scikit-learn's way to take rows of an array of any dimension
        paths = self.paths[key]
        if isinstance(paths, np.ndarray):
            return ImageStack(paths, self.read, self.operations)
        image = self.read(paths)
        try:
            for operation in self.operations:
                image = operation(image)
        except ValueError as error:
            raise ValueError(f"{paths}: {error}") from error
        return image

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError(
                "The images of an ImageStack are read on demand: copy=False is not supported."
            )
        return np.stack(list(self)).astype(dtype, copy=False)

    def __repr__(self):
        steps = [getattr(op, "func", op).__name__ for op in (self.read, *self.operations)]
        images = f"{len(self)} image{'' if len(self) == 1 else 's'}"
        return f"ImageStack({', '.join([images, *steps])})"
