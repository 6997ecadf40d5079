import keras
import numpy as np
import pytest
import scipy.signal
import scipy.special
import scipy.stats
import tensorflow as tf
from keras import ops
from trees import ROADS
from trees import fractions as fractions_of

from galaxy_sklearn import GZ2
from galaxy_sklearn._learner._process import seeded
from galaxy_sklearn.networks import (
    NETWORKS,
    GroupConv2D,
    QuestionSoftmax,
    arguments,
    equivariant,
    galaxy_id,
    get_network,
)
from galaxy_sklearn.networks._layers import Views
from galaxy_sklearn.networks.augmentation import RandomAffine
from galaxy_sklearn.networks.losses import VOTE_LOSSES, KnownSquaredError, vote_loss
from galaxy_sklearn.surveys import GZ_EUCLID, GZ_HUBBLE

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


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"xception", "convnext_tiny"}))
@pytest.mark.parametrize("channels", [1, 3])
def test_every_network_can_be_built_saved_and_loaded(name, channels):
    network = get_network(name)((57, 57, channels), 5, "softmax")
    loaded = keras.models.model_from_json(network.to_json())
    loaded.set_weights(network.get_weights())
    images = np.random.default_rng(0).random((2, 57, 57, channels), dtype=np.float32)
    outputs = network.predict_on_batch(images)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(loaded.predict_on_batch(images), outputs)
    # The last layer with weights is the output.
    assert [layer for layer in network.layers if layer.weights][-1].units == 5


ORIENTATIONS = [(mirrored, turns) for mirrored in (False, True) for turns in range(4)]


def oriented(images, mirrored, turns):
    """Images (n, height, width, ...), mirrored and then turned."""
    return np.rot90(images[:, :, ::-1] if mirrored else images, turns, axes=(1, 2))


def test_group_convolution_is_that_of_its_definition():
    """Cohen & Welling 2016, equations 10 and 11: a sum over space and orientations of the input,
    with the kernel turned and mirrored as a whole, the orientations that it holds included."""
    rng = np.random.default_rng(0)
    for lifts, depth in ((True, 1), (False, 8)):
        layer = GroupConv2D(2, 3, lifts=lifts)
        x = rng.standard_normal((1, 5, 5, 3 * depth)).astype(np.float32)
        found = np.array(layer(x)).reshape(5, 5, 8, 2)
        kernel = np.asarray(layer.kernel)  # (3, 3, depth, 3, 2)
        # Which orientation is reached from orientation h by g: seen on a picture without symmetry.
        mark = np.arange(9).reshape(1, 3, 3)
        pictures = [oriented(mark, *h) for h in ORIENTATIONS]
        inputs = x.reshape(5, 5, depth, 3)
        for g, element in enumerate(ORIENTATIONS):
            turned = oriented(kernel[None], *element)[0]
            for h in range(depth):
                reached = 0
                if not lifts:
                    image = oriented(pictures[h], *element)
                    reached = next(i for i, p in enumerate(pictures) if np.array_equal(p, image))
                for filter in range(2):
                    for channel in range(3):
                        found[:, :, g, filter] -= scipy.signal.correlate2d(
                            inputs[:, :, reached, channel],
                            turned[:, :, h, channel, filter],
                            mode="same",
                        )
        np.testing.assert_allclose(found, 0, atol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16, 3), (15, 15, 1), (24, 16, 1), (17, 12, 3), (1, 40, 1)])
def test_equivariant_network_knows_no_orientation(shape):
    with seeded(0):
        network = equivariant(shape, 5, filters=(2, 3, 4), features=8)
    rng = np.random.default_rng(0)
    for layer in network.layers:  # as after a training
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([w + rng.uniform(0, 0.2, w.shape) for w in layer.get_weights()])
    images = rng.random((3, *shape), dtype=np.float32)
    expected = network.predict_on_batch(images)
    assert expected.std(axis=0).max() > 1e-4
    turns = range(4) if shape[0] == shape[1] else (0, 2)
    for mirrored in (False, True):
        for turn in turns:
            image = np.ascontiguousarray(oriented(images, mirrored, turn))
            np.testing.assert_allclose(network.predict_on_batch(image), expected, atol=1e-6)


# Keras 3.15 asks NumPy 2.4 for arrays in an old way when it saves weights.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_applications_take_weights_from_a_file(tmp_path):
    first = get_network("efficientnet_b0")((32, 32, 1), 5)
    (tower,) = [layer for layer in first.layers if isinstance(layer, keras.Model)]
    tower.save_weights(tmp_path / "notop.weights.h5")
    second = get_network("efficientnet_b0")(
        (32, 32, 1), 37, weights=str(tmp_path / "notop.weights.h5")
    )
    (other,) = [layer for layer in second.layers if isinstance(layer, keras.Model)]
    for a, b in zip(tower.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(FileNotFoundError, match="no file of weights 'imagenet'"):
        get_network("efficientnet_b0")((32, 32, 3), 37, weights="imagenet")
    with pytest.raises(ValueError, match="square images of at least 57 x 57 pixels, got 57 x 60"):
        get_network("dieleman2015")((57, 60, 3), 37)
    with pytest.raises(ValueError, match="1 or 3 channels, got 5"):
        get_network("efficientnet_b0")((32, 32, 5), 5)


def test_views_show_every_corner_from_the_centre():
    """The winner's views: a spot in the centre lies at the same place in all 16."""
    v, u = np.mgrid[-30:31, -30:31]
    spot = np.exp(-(u**2 + v**2) / 40)
    corner = np.zeros((61, 61))
    corner[0, 60] = 2  # two views have it at their own corner: one of each mirror image
    images = np.stack([spot, corner])[..., None].astype(np.float32)
    views = ops.convert_to_numpy(Views()(images)).reshape(16, 2, 40, 40)
    assert Views().compute_output_shape((None, 61, 61, 1)) == (None, 40, 40, 1)
    np.testing.assert_allclose(views[:, 0], np.stack([spot[:40, :40]] * 16), atol=0.02)
    assert (views[:, 1, 0, 0] == 2).sum() == 2


def test_softmax_of_questions():
    logits = np.random.default_rng(0).normal(0, 20, (5, 37)).astype(np.float32)
    sizes = [len(question.answers) for question in GZ2.questions]
    fractions = ops.convert_to_numpy(QuestionSoftmax(sizes)(logits))
    for columns in GZ2.slices:
        expected = scipy.special.softmax(logits[:, columns].astype(float), axis=1)
        np.testing.assert_allclose(fractions[:, columns], expected, rtol=1e-4, atol=1e-12)


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


def test_cross_entropy_counts_voted_answers(fractions):
    y, p = fractions
    loss = vote_loss("cross_entropy", GZ2, question_weight="reach")
    asked = np.concatenate(
        [
            np.repeat(y[:, columns].any(axis=1, keepdims=True), columns.stop - columns.start, 1)
            for columns in GZ2.slices
        ],
        axis=1,
    )
    expected = -(GZ2.to_cumulative(y) * np.log(p) * asked).mean(axis=1)
    values = loss(*map(ops.convert_to_tensor, fractions))
    np.testing.assert_allclose(ops.convert_to_numpy(values), expected, rtol=1e-4)


def test_cumulative_mse_is_kaggles(fractions):
    y, p = fractions[0], GZ2.normalize(fractions[1]).astype(np.float32)
    values = vote_loss("cumulative_mse", GZ2)(*map(ops.convert_to_tensor, (y, p)))
    expected = (GZ2.to_cumulative(y) - GZ2.to_cumulative(p)) ** 2
    # A question without votes has the reach 0 here, but its answers are 0 as well.
    np.testing.assert_allclose(ops.convert_to_numpy(values), expected.mean(axis=1), rtol=1e-4)


@pytest.mark.parametrize("loss", VOTE_LOSSES)
@pytest.mark.parametrize("question_weight", ["reach", None])
def test_unknown_questions_teach_nothing(fractions, loss, question_weight):
    """They add nothing to the loss and nothing to the gradient, and do it no harm."""
    y, p = fractions[0].copy(), GZ2.normalize(fractions[1]).astype(np.float32)
    of_votes = vote_loss(loss, GZ2, question_weight=question_weight)
    unknown = np.zeros(37, dtype=bool)
    unknown[GZ2.slices[6]] = unknown[GZ2.slices[9]] = True  # nothing hangs on their answers
    y[:, unknown] = np.nan

    def weighted(predicted):
        return ops.sum(of_votes(ops.convert_to_tensor(y), predicted))

    tensor = tf.Variable(p)
    with tf.GradientTape() as tape:
        value = weighted(tensor)
    gradient = tape.gradient(value, tensor).numpy()
    assert np.isfinite(gradient).all() and not gradient[:, unknown].any()
    assert gradient[:, :3].any(axis=1).all()
    other = p.copy()
    other[:, unknown] = 0.5
    assert float(weighted(ops.convert_to_tensor(other))) == float(value)


@pytest.mark.parametrize("loss", ["mse", "cumulative_mse"])
def test_reach_goes_as_far_as_it_is_known(fractions, loss):
    y, p = fractions[0].copy(), GZ2.normalize(fractions[1]).astype(np.float32)
    y[:, GZ2.slices[1]] = np.nan  # edge-on or not: on the way to seven others
    values = vote_loss(loss, GZ2, question_weight="reach")(*map(ops.convert_to_tensor, (y, p)))
    if loss == "mse":
        filled = np.where(np.isnan(y), 1, y)
        expected = (filled - p) ** 2 * np.isfinite(y)
        reach = GZ2.reach(filled, form="conditional")
        for q, columns in enumerate(GZ2.slices):
            asked = filled[:, columns].sum(axis=1) > 0
            expected[:, columns] *= (reach[:, q] * asked)[:, None]
    else:
        expected = np.nan_to_num((GZ2.to_cumulative(y) - GZ2.to_cumulative(p)) ** 2)
    np.testing.assert_allclose(ops.convert_to_numpy(values), expected.mean(axis=1), rtol=1e-4)


@pytest.mark.parametrize("tree", [ROADS, GZ_HUBBLE, GZ_EUCLID], ids=lambda tree: tree.name)
def test_losses_along_several_roads(tree):
    """As in `DecisionTree`, also where a question on one of the roads is unknown."""
    y, p = fractions_of(tree, 0).astype(np.float32), fractions_of(tree, 1).astype(np.float32)
    y[0, tree.slices[-2]] = 0  # nobody was asked
    y[1, tree.slices[0]] = y[2, tree.slices[1]] = np.nan
    filled = np.where(np.isnan(y), 1, y)
    reach = tree.reach(filled, form="conditional")
    weights = np.concatenate(
        [
            np.repeat(reach[:, [q]] * filled[:, columns].any(axis=1, keepdims=True), n, axis=1)
            for q, columns in enumerate(tree.slices)
            for n in [columns.stop - columns.start]
        ],
        axis=1,
    )
    expected = {
        "mse": np.nan_to_num((y - p) ** 2 * weights),
        "cumulative_mse": np.nan_to_num((tree.to_cumulative(y) - tree.to_cumulative(p)) ** 2),
    }
    for loss, values in expected.items():
        of_votes = vote_loss(loss, tree, question_weight="reach")
        found, predicted = of_votes(*map(ops.convert_to_tensor, (y, p))), tf.Variable(p)
        np.testing.assert_allclose(ops.convert_to_numpy(found), values.mean(axis=1), rtol=1e-4)
        with tf.GradientTape() as tape:
            value = ops.sum(of_votes(ops.convert_to_tensor(y), predicted))
        gradient = tape.gradient(value, predicted).numpy()
        assert np.isfinite(gradient).all() and gradient[3:].all()


def test_squared_error_of_what_is_known(fractions):
    y, p = fractions[0].copy(), fractions[1]
    metric = KnownSquaredError()
    metric.update_state(ops.convert_to_tensor(y), ops.convert_to_tensor(p))
    assert float(metric.result()) == pytest.approx(np.mean((y - p) ** 2), rel=1e-5)
    y[:3, GZ2.slices[4]] = np.nan
    metric.reset_state()
    metric.update_state(ops.convert_to_tensor(y), ops.convert_to_tensor(p))
    assert float(metric.result()) == pytest.approx(np.nanmean((y - p) ** 2), rel=1e-5)


def test_dirichlet_multinomial_is_scipys():
    rng = np.random.default_rng(0)
    counts = rng.poisson(4, (20, 37)) * (rng.random((20, 37)) > 0.4)
    a = np.exp(rng.normal(1, 1.5, (20, 37)))
    expected = np.zeros((20, 11))
    for q, columns in enumerate(GZ2.slices):
        counts[:7, columns] *= q % 2  # questions that nobody was asked
        n = counts[:, columns].sum(axis=1)
        coefficient = scipy.special.gammaln(n + 1)
        coefficient = coefficient - scipy.special.gammaln(counts[:, columns] + 1).sum(axis=1)
        for i in np.flatnonzero(n):
            expected[i, q] = coefficient[i] - scipy.stats.dirichlet_multinomial.logpmf(
                counts[i, columns], a[i, columns], n[i]
            )
    given = [ops.convert_to_tensor(x.astype(np.float32)) for x in (counts, a)]
    loss = vote_loss("dirichlet_multinomial", GZ2)
    np.testing.assert_allclose(
        ops.convert_to_numpy(loss(*given)), expected.mean(axis=1), rtol=1e-4, atol=1e-5
    )
    weights = np.ones(37)
    weights[GZ2.slices[2]] = 3
    weighted = vote_loss("dirichlet_multinomial", GZ2, answer_weight=weights)(*given)
    expected[:, 2] *= 3
    np.testing.assert_allclose(
        ops.convert_to_numpy(weighted), expected.mean(axis=1), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(ValueError, match="'t01_smooth_or_features' have the weights"):
        vote_loss("dirichlet_multinomial", GZ2, answer_weight=np.arange(37.0))
