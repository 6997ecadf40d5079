"""Convolutions over the turns and mirror images of a square."""

import keras
import numpy as np
from keras import ops

__all__ = ["N_ORIENTATIONS", "GroupConv2D"]

# (mirrored, quarter turns): the elements of the dihedral group D4.
ORIENTATIONS = [(mirrored, turns) for mirrored in (False, True) for turns in range(4)]
N_ORIENTATIONS = len(ORIENTATIONS)


@keras.saving.register_keras_serializable("galaxy_sklearn")
class GroupConv2D(keras.layers.Layer):
    """Convolve with kernels in all 8 orientations of a square.

    If the input is turned by 90 degrees or mirrored, the output is turned or mirrored, and its
    channels change places [1]_: they are those of the first orientation, then those of the second
    one, and so on. There is no bias.

    Parameters
    ----------
    filters : int
        Number of filters. The output has 8 times as many channels.
    kernel_size : int
        Height and width of the kernels.
    strides : int, default=1
        Step of the kernels. For 2, the sides of the input must be even if `kernel_size` is, and
        odd if it is; or the kernels would lie askew.
    lifts : bool, default=False
        Whether the input is an image, whose channels belong to no orientation.
    **kwargs : dict
        Further arguments of `keras.layers.Layer`.

    References
    ----------
    .. [1] Cohen & Welling 2016, ICML, 2990, section 6.2.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn.networks import GroupConv2D
    >>> image = np.random.default_rng(0).random((1, 6, 6, 3), dtype=np.float32)
    >>> convolve = GroupConv2D(2, 3, lifts=True)
    >>> upright = np.asarray(convolve(image)).mean(axis=(1, 2)).reshape(8, 2)
    >>> turned = np.asarray(convolve(np.rot90(image, axes=(1, 2)))).mean(axis=(1, 2)).reshape(8, 2)
    >>> bool(np.allclose(np.sort(upright, axis=0), np.sort(turned, axis=0), atol=1e-6))
    True
    """

    def __init__(self, filters, kernel_size, strides=1, lifts=False, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.lifts = lifts

    def build(self, input_shape):
        """Make the kernels of one orientation.

        Parameters
        ----------
        input_shape : tuple
            Shape of the input.
        """
        depth = 1 if self.lifts else N_ORIENTATIONS
        inputs = input_shape[-1] // depth
        fan_in = self.kernel_size**2 * input_shape[-1]
        self.kernel = self.add_weight(
            shape=(self.kernel_size, self.kernel_size, depth, inputs, self.filters),
            # As He et al. 2015, of all that one output sees.
            initializer=keras.initializers.RandomNormal(stddev=(2 / fan_in) ** 0.5),
            # The gradients of the orientations are added up: in single precision.
            autocast=False,
            name="kernel",
        )
        self._places = _places(self.kernel_size, depth)
        super().build(input_shape)

    def call(self, inputs):
        """Convolve.

        Parameters
        ----------
        inputs : tensor of shape (n, height, width, channels)
            Images if the layer lifts, or the output of such a layer.

        Returns
        -------
        tensor of shape (n, height, width, 8 * filters)
            The channels of the first orientation, of the second one, and so on.
        """
        size, _, depth, n_inputs, _ = self.kernel.shape
        rows = ops.reshape(self.kernel, (size * size * depth, n_inputs * self.filters))
        kernels = ops.cast(ops.take(rows, self._places.ravel(), axis=0), inputs.dtype)
        kernels = ops.reshape(kernels, (-1, N_ORIENTATIONS, n_inputs, self.filters))
        kernels = ops.transpose(kernels, (0, 2, 1, 3))
        shape = (size, size, depth * n_inputs, N_ORIENTATIONS * self.filters)
        kernels = ops.reshape(kernels, shape)
        return ops.conv(inputs, kernels, strides=self.strides, padding="same")

    def compute_output_shape(self, input_shape):
        """Return the shape of the output.

        Parameters
        ----------
        input_shape : tuple
            Shape of the input.

        Returns
        -------
        tuple
            ``(n, height, width, 8 * filters)``.
        """
        n, height, width, _ = input_shape
        sides = [-(-side // self.strides) for side in (height, width)]
        return (n, *sides, N_ORIENTATIONS * self.filters)

    def get_config(self):
        """Return the arguments of the layer, to save it.

        Returns
        -------
        dict
            The arguments by name.
        """
        names = ("filters", "kernel_size", "strides", "lifts")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _oriented(image, orientation):
    mirrored, turns = orientation
    return np.rot90(image[:, ::-1] if mirrored else image, turns)


def _places(size, depth):
    """Find the weights that the kernels of all orientations consist of.

    Returns
    -------
    ndarray of int32, shape (size, size, depth, 8)
        For each pixel of a kernel, orientation of the input (if `depth` is 8) and of the output,
        the row of the first orientation's kernel, (size * size * depth).
    """
    pixels = np.arange(size * size).reshape(size, size)
    oriented = [_oriented(pixels, g) for g in ORIENTATIONS]
    places = np.empty((size, size, depth, N_ORIENTATIONS), dtype=np.int32)
    for g in range(N_ORIENTATIONS):
        for h in range(depth):
            relative = _RELATIVE[g, h] if depth > 1 else 0
            places[:, :, h, g] = oriented[g] * depth + relative
    return places


def _relative():
    """Table of g^-1 h, by the positions of g and h among the orientations."""
    mark = np.arange(9).reshape(3, 3)
    images = [_oriented(mark, g) for g in ORIENTATIONS]

    def position(image):
        return next(i for i, found in enumerate(images) if np.array_equal(found, image))

    product = np.array([[position(_oriented(image, g)) for image in images] for g in ORIENTATIONS])
    inverse = product.argmin(axis=1)  # the upright one is the first
    return product[inverse]


_RELATIVE = _relative()
