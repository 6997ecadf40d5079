import keras
import numpy as np
import pytest
from keras import ops

from galaxy_sklearn import GZ2
from galaxy_sklearn.networks import NETWORKS, arguments, galaxy_id, get_network
from galaxy_sklearn.networks.augmentation import RandomAffine
from galaxy_sklearn.networks.losses import vote_loss

# --------------------------------------------------------------------- network


def test_reference_network_to_the_letter():
    network = galaxy_id((64, 64, 1), 37)
    layers = [
        (type(layer).__name__, layer.get_config())
        for layer in network.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]
    assert [name for name, _ in layers] == [
        *("Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Conv2D", "Conv2D"),
        *("MaxPooling2D", "Flatten", "Dropout", "Dense", "Dropout", "Dense", "Dropout", "Dense"),
    ]
    convolutions = [config for name, config in layers if name == "Conv2D"]
    assert [(c["filters"], c["kernel_size"], c["padding"]) for c in convolutions] == [
        (64, (3, 3), "same"),
        (128, (3, 3), "valid"),
        (256, (3, 3), "same"),
        (256, (3, 3), "same"),
    ]
    assert [config["rate"] for name, config in layers if name == "Dropout"] == [0.5, 0.5, 0.25]
    dense = [config for name, config in layers if name == "Dense"]
    assert [config["units"] for config in dense] == [2048, 2048, 37]
    assert [c["activation"] for c in convolutions + dense] == ["relu"] * 6 + ["sigmoid"]
    weights = 3 * 3 * (1 * 64 + 64 * 128 + 128 * 256 + 256 * 256) + 64 + 128 + 256 + 256
    weights += (7 * 7 * 256 + 1) * 2048 + 2049 * 2048 + 2049 * 37
    assert network.count_params() == weights


def test_arguments_of_networks():
    assert set(arguments(galaxy_id)) >= {"filters", "dense_units", "dropout"}
    assert get_network("galaxy_id") is NETWORKS["galaxy_id"] is galaxy_id
    assert get_network(len) is len
    with pytest.raises(ValueError, match="network must be .* got 'resnet'"):
        get_network("resnet")
    with pytest.raises(ValueError, match="at least 12 x 12 pixels .* got 11 x 64"):
        galaxy_id((11, 64, 1), 37)
    with pytest.raises(ValueError, match=r"filters must hold 4 numbers, got \(1, 2\)"):
        galaxy_id((64, 64, 1), 37, filters=(1, 2))
    small = {"filters": (2, 2, 2, 2), "dense_units": (2, 2)}
    assert galaxy_id((12, 12, 3), 5, "softmax", dropout=0.1, **small).output_shape == (None, 5)


# ---------------------------------------------------------------- augmentation


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((40, 9, 9, 2)).astype(np.float32)


def augment(images, **parameters):
    nothing = {"rotation": 0.0, "shift": 0.0, "zoom": 0.0, "flip": None}
    layer = RandomAffine(**{**nothing, **parameters}, seed=0)
    return ops.convert_to_numpy(layer(images, training=True))


def test_augmentation_by_nothing(images):
    np.testing.assert_allclose(augment(images), images, atol=1e-6)
    layer = RandomAffine(seed=0)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(images)), images)


@pytest.mark.parametrize(
    ("flip", "mirrors"),
    [
        ("horizontal", [lambda x: x, lambda x: x[:, ::-1]]),
        ("vertical", [lambda x: x, lambda x: x[::-1]]),
        ("both", [lambda x: x, lambda x: x[:, ::-1], lambda x: x[::-1], lambda x: x[::-1, ::-1]]),
    ],
)
def test_flips_are_exact_and_all_occur(images, flip, mirrors):
    flipped = augment(images, flip=flip)
    found = np.array(
        [
            [np.allclose(new, mirror(old), atol=1e-5) for mirror in mirrors]
            for new, old in zip(flipped, images, strict=True)
        ]
    )
    assert (found.sum(axis=1) == 1).all()
    assert (found.sum(axis=0) > 3).all()


def bright_spot(image):
    return np.array(np.unravel_index(image[..., 0].argmax(), image.shape[:2])) - 20


def spots(row, column):
    images = np.zeros((200, 41, 41, 1), dtype=np.float32)
    v, u = np.mgrid[-20:21, -20:21]
    images[:, :, :, 0] = np.exp(-((v - row) ** 2 + (u - column) ** 2) / 8)
    return images


def test_rotation_turns_about_the_centre():
    turned = np.array([bright_spot(image) for image in augment(spots(0, 12), rotation=30.0)])
    angles = np.degrees(np.arctan2(turned[:, 0], turned[:, 1]))
    np.testing.assert_allclose(np.hypot(*turned.T), 12, atol=1.0)
    assert 20 < angles.max() <= 33 and -33 <= angles.min() < -20


def test_shift_and_zoom_stay_within_bounds():
    shifted = np.array([bright_spot(image) for image in augment(spots(0, 0), shift=0.1)])
    assert (np.abs(shifted).max(axis=0) <= 4).all() and (np.ptp(shifted, axis=0) >= 6).all()
    zoomed = np.array([bright_spot(image) for image in augment(spots(15, 15), zoom=0.1)])
    assert zoomed.min() >= 13 and zoomed.max() <= 17 and (np.ptp(zoomed, axis=0) >= 2).all()
    assert (zoomed[:, 0] != zoomed[:, 1]).any()


def test_outside_repeats_the_edge():
    assert augment(np.ones((8, 9, 9, 1), np.float32), shift=0.4, rotation=45.0).min() > 0.999


# ---------------------------------------------------------------------- losses


@pytest.fixture(scope="module")
def fractions():
    rng = np.random.default_rng(1)
    y = rng.random((6, 37)) * (rng.random((6, 37)) > 0.5)
    for _ in range(2):
        y = GZ2.normalize(y)
    return y.astype(np.float32), rng.random((6, 37)).astype(np.float32)


@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        ("binary_crossentropy", keras.losses.binary_crossentropy),
        ("mse", keras.losses.mean_squared_error),
    ],
)
def test_unweighted_loss_is_keras(fractions, loss, reference):
    values = vote_loss(loss, GZ2)(*map(ops.convert_to_tensor, fractions))
    np.testing.assert_allclose(
        ops.convert_to_numpy(values), ops.convert_to_numpy(reference(*fractions)), rtol=1e-5
    )


def test_loss_weighted_by_reach(fractions):
    y, p = fractions
    weights = np.zeros_like(y)
    reach = GZ2.reach(y, form="conditional")
    for q, columns in enumerate(GZ2.slices):
        weights[:, columns] = (reach[:, q] * (y[:, columns].sum(axis=1) > 0))[:, None]
    answers = np.arange(37) / 10
    loss = vote_loss("mse", GZ2, question_weight="reach", answer_weight=answers)
    np.testing.assert_allclose(
        ops.convert_to_numpy(loss(*map(ops.convert_to_tensor, fractions))),
        ((y - p) ** 2 * weights * answers).mean(axis=1),
        rtol=1e-5,
    )
