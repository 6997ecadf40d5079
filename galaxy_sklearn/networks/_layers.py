"""Layers that several networks share."""

import keras
from keras import ops

__all__ = ["JoinViews", "QuestionSoftmax", "Views"]


@keras.saving.register_keras_serializable("galaxy_sklearn")
class QuestionSoftmax(keras.layers.Layer):
    """Conditional fractions from logits: a softmax over the answers of each question.

    Parameters
    ----------
    n_answers : tuple of int
        Number of answers of each question, in column order.
    **kwargs : dict
        Further arguments of `keras.layers.Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn.networks import QuestionSoftmax
    >>> fractions = QuestionSoftmax((2, 3))(np.zeros((1, 5), dtype=np.float32))
    >>> np.asarray(fractions).round(2)
    array([[0.5 , 0.5 , 0.33, 0.33, 0.33]], dtype=float32)
    """

    def __init__(self, n_answers, **kwargs):
        super().__init__(**kwargs)
        self.n_answers = tuple(n_answers)

    def call(self, logits):
        """Turn logits into fractions.

        Parameters
        ----------
        logits : tensor of shape (n_galaxies, n_answers)
            The logits of all answers.

        Returns
        -------
        tensor of shape (n_galaxies, n_answers)
            Fractions that sum to 1 in each question.
        """
        fractions, start = [], 0
        for n in self.n_answers:
            fractions.append(ops.softmax(logits[:, start : start + n], axis=-1))
            start += n
        return ops.concatenate(fractions, axis=-1)

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

    def get_config(self):
        """Return the arguments of the layer, to save it.

        Returns
        -------
        dict
            The arguments by name.
        """
        return {**super().get_config(), "n_answers": self.n_answers}


@keras.saving.register_keras_serializable("galaxy_sklearn")
class Views(keras.layers.Layer):
    """Crop overlapping corners of an image, rotated to have the galaxy's centre in the same corner.

    The four corners are cropped from the image and its mirror image, both as they are and rotated
    by 45 degrees, and rotated by multiples of 90 degrees [1]_. These 16 views are passed through
    the convolutions as if they were 16 images.

    Parameters
    ----------
    crop : float, default=0.65
        Side of a view as a fraction of the image's side.
    **kwargs : dict
        Further arguments of `keras.layers.Layer`.

    References
    ----------
    .. [1] Dieleman, Willett & Dambre 2015, MNRAS 450, 1441, section 5.2.
    """

    N_VIEWS = 16

    def __init__(self, crop=0.65, **kwargs):
        super().__init__(**kwargs)
        self.crop = crop

    def call(self, images):
        """Cut out the views.

        Parameters
        ----------
        images : tensor of shape (n, side, side, channels)
            The images.

        Returns
        -------
        tensor of shape (16 * n, crop, crop, channels)
            The first view of each image, then the second one, and so on.
        """
        side = self._side(images.shape)
        n, centre = ops.shape(images)[0], (images.shape[1] - 1) / 2
        c = 0.5**0.5
        row = [c, -c, centre * (1 - c + c), c, c, centre * (1 - c - c), 0.0, 0.0]
        turned = ops.image.affine_transform(
            images, ops.tile(ops.array([row], "float32"), (n, 1)), fill_mode="nearest"
        )
        views = []
        for image in (images, ops.cast(turned, images.dtype)):
            for mirrored in (image, ops.flip(image, axis=2)):
                views += [ops.rot90(mirrored, k, axes=(1, 2))[:, :side, :side] for k in range(4)]
        return ops.concatenate(views, axis=0)

    def compute_output_shape(self, input_shape):
        """Return the shape of the output.

        Parameters
        ----------
        input_shape : tuple
            Shape of the input.

        Returns
        -------
        tuple
            ``(None, crop, crop, channels)``.
        """
        side = self._side(input_shape)
        return (None, side, side, input_shape[3])

    def get_config(self):
        """Return the arguments of the layer, to save it.

        Returns
        -------
        dict
            The arguments by name.
        """
        return {**super().get_config(), "crop": self.crop}

    def _side(self, shape):
        return round(self.crop * shape[1])


@keras.saving.register_keras_serializable("galaxy_sklearn")
class JoinViews(keras.layers.Layer):
    """Concatenate the features of the views of each image.

    Parameters
    ----------
    n_views : int
        Number of views of each image.
    **kwargs : dict
        Further arguments of `keras.layers.Layer`.
    """

    def __init__(self, n_views, **kwargs):
        super().__init__(**kwargs)
        self.n_views = n_views

    def call(self, features):
        """Concatenate the features.

        Parameters
        ----------
        features : tensor of shape (n_views * n, n_features)
            Features of the views, in the order of `Views`.

        Returns
        -------
        tensor of shape (n, n_views * n_features)
            The features of each image.
        """
        k = features.shape[1]
        features = ops.reshape(features, (self.n_views, -1, k))
        return ops.reshape(ops.transpose(features, (1, 0, 2)), (-1, self.n_views * k))

    def compute_output_shape(self, input_shape):
        """Return the shape of the output.

        Parameters
        ----------
        input_shape : tuple
            Shape of the input.

        Returns
        -------
        tuple
            ``(None, n_views * n_features)``.
        """
        return (None, self.n_views * input_shape[1])

    def get_config(self):
        """Return the arguments of the layer, to save it.

        Returns
        -------
        dict
            The arguments by name.
        """
        return {**super().get_config(), "n_views": self.n_views}
