"""Random changes of the training images that leave the galaxy what it is."""

import keras
from keras import ops

__all__ = ["RandomAffine"]

FLIPS = (None, "horizontal", "vertical", "both")


class RandomAffine(keras.layers.Layer):
    """Rotate, shift, stretch and mirror every image of a batch by random amounts.

    One bilinear interpolation an image does all four; what comes from outside the image
    repeats its edge. Active in training only.

    Parameters
    ----------
    rotation : float, default=30.0
        Greatest angle in degrees, either way.
    shift : float, default=0.1
        Greatest shift along each axis, as a fraction of the image's side.
    zoom : float, default=0.1
        Greatest relative change of height and of width, independently.
    flip : {None, "horizontal", "vertical", "both"}, default="horizontal"
        Along which axes every other image is mirrored.
    seed : int, optional
        Seed of the layer's own random numbers.
    **kwargs : dict
        Further arguments of `keras.layers.Layer`.

    Notes
    -----
    The defaults are those of GalaxyID, with the meaning that Keras' former
    ``ImageDataGenerator`` gave them.
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
        """Transform a batch of images of shape (n_images, height, width, n_channels)."""
        if not training:
            return images
        return ops.image.affine_transform(
            images, self._matrices(images), interpolation="bilinear", fill_mode="nearest"
        )

    def compute_output_shape(self, input_shape):
        """Return the shape of the input, which stays as it is."""
        return input_shape

    def _matrices(self, images):
        n, (height, width) = ops.shape(images)[0], images.shape[1:3]

        def uniform(greatest):
            return keras.random.uniform((n,), -greatest, greatest, seed=self.random)

        def sign(axis):
            if self.flip not in (axis, "both"):
                return ops.ones((n,))
            return ops.sign(uniform(1.0))

        angle = uniform(self.rotation * 3.141592653589793 / 180)
        cos, sin = ops.cos(angle), ops.sin(angle)
        across = sign("horizontal") * (1 + uniform(self.zoom))
        down = sign("vertical") * (1 + uniform(self.zoom))
        # The point (x, y) of the result shows the point of the image that these map it to,
        # the centre being the fixed point before the shift.
        a0, a1 = cos * across, -sin * down
        b0, b1 = sin * across, cos * down
        x, y = (width - 1) / 2, (height - 1) / 2
        a2 = x - a0 * x - a1 * y + uniform(self.shift) * width
        b2 = y - b0 * x - b1 * y + uniform(self.shift) * height
        zeros = ops.zeros((n,))
        return ops.stack([a0, a1, a2, b0, b1, b2, zeros, zeros], axis=1)
