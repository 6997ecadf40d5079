"""Random augmentation of the training images."""

import keras
from keras import ops

__all__ = ["RandomAffine"]

FLIPS = (None, "horizontal", "vertical", "both")


class RandomAffine(keras.layers.Layer):
    """Rotate, shift, stretch and mirror each image of a batch at random.

    All four are done by one bilinear interpolation. Pixels from outside the image repeat its
    edge. Active in training only.

    Parameters
    ----------
    rotation : float, default=30.0
        Maximum angle in degrees, in either direction.
    shift : float, default=0.1
        Maximum shift along each axis, as a fraction of the image's side.
    zoom : float, default=0.1
        Maximum relative change of height and of width, which are drawn independently.
    flip : {None, "horizontal", "vertical", "both"}, default="horizontal"
        Axes along which an image is mirrored with probability 0.5.
    seed : int, optional
        Seed of the random numbers.
    **kwargs : dict
        Further arguments of `keras.layers.Layer`.

    Notes
    -----
    The defaults are those of GalaxyID, which used Keras' former ``ImageDataGenerator``; the
    parameters mean the same.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn.networks.augmentation import RandomAffine
    >>> images = np.random.default_rng(0).random((2, 8, 8, 3), dtype=np.float32)
    >>> augment = RandomAffine(rotation=180.0, seed=0)
    >>> augment(images, training=True).shape == images.shape
    True
    """

    def __init__(
        self, rotation=30.0, shift=0.1, zoom=0.1, flip="horizontal", *, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.rotation = rotation
        self.shift = shift
        self.zoom = zoom
        self.flip = flip
        self.random = keras.random.SeedGenerator(seed)
        # TensorFlow's image warp has no XLA kernel.
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def call(self, images, training=False):
        """Transform a batch of images.

        Parameters
        ----------
        images : tensor of shape (n_images, height, width, n_channels)
            The images.
        training : bool, default=False
            Whether to transform the images; if False they are returned unchanged.

        Returns
        -------
        tensor of shape (n_images, height, width, n_channels)
            The transformed images.
        """
        if not training:
            return images
        return ops.image.affine_transform(
            images, self._matrices(images), interpolation="bilinear", fill_mode="nearest"
        )

    def compute_output_shape(self, input_shape):
        """Return the shape of the output.

        Parameters
        ----------
        input_shape : tuple
            Shape of the input.

        Returns
        -------
        tuple
            The same shape.
        """
        return input_shape

    def _matrices(self, images):
        n, (height, width) = ops.shape(images)[0], images.shape[1:3]

        def uniform(maximum):
            return keras.random.uniform((n,), -maximum, maximum, seed=self.random)

        def sign(axis):
            if self.flip not in (axis, "both"):
                return ops.ones((n,))
            return ops.sign(uniform(1.0))

        angle = uniform(self.rotation * 3.141592653589793 / 180)
        cos, sin = ops.cos(angle), ops.sin(angle)
        across = sign("horizontal") * (1 + uniform(self.zoom))
        down = sign("vertical") * (1 + uniform(self.zoom))
        # These map each point (x, y) of the result to the point of the image that it shows. Without
        # the shift the centre is a fixed point.
        a0, a1 = cos * across, -sin * down
        b0, b1 = sin * across, cos * down
        x, y = (width - 1) / 2, (height - 1) / 2
        a2 = x - a0 * x - a1 * y + uniform(self.shift) * width
        b2 = y - b0 * x - b1 * y + uniform(self.shift) * height
        zeros = ops.zeros((n,))
        return ops.stack([a0, a1, a2, b0, b1, b2, zeros, zeros], axis=1)
