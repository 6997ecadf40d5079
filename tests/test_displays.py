import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from tiny import tiny
from trees import REPEATED, TWO_ANSWERS, fractions, random_trees

from galaxy_sklearn import (
    GZ2,
    FlattenToTensor,
    GalaxyClassifier,
    ImageReader,
    make_galaxy_pipeline,
)
from galaxy_sklearn.displays import (
    CoverageDisplay,
    DecisionTreeDisplay,
    GalaxyGridDisplay,
    HistoryDisplay,
    QuestionScoresDisplay,
    ReliabilityDisplay,
    SaliencyDisplay,
)
from galaxy_sklearn.displays._scores import BASELINE
from galaxy_sklearn.displays._tree_layout import WIDTH, lay_out
from galaxy_sklearn.metrics import question_scores


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def pipe(paths, galaxies):
    classifier = GalaxyClassifier(tiny, epochs=3, run_eagerly=True, random_state=0)
    return (
        make_galaxy_pipeline()
        .set_params(resize__size=8, classifier=classifier)
        .fit(paths, galaxies[1])
    )


def test_history(pipe):
    display = HistoryDisplay.from_estimator(pipe)
    assert [ax.get_ylabel() for ax in display.axes_] == ["loss", "mean squared error"]
    history = pipe["classifier"].history_
    for ax, name in zip(display.axes_, ("loss", "mse"), strict=True):
        training, validation, kept = ax.get_lines()
        assert training.get_ydata().tolist() == history[name]
        assert validation.get_ydata().tolist() == history[f"val_{name}"]
        assert kept.get_xdata()[0] == pipe["classifier"].best_epoch_
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [
            *("training", "validation", "kept")
        ]
    _, axes = plt.subplots(1, 2)
    assert HistoryDisplay.from_estimator(pipe["classifier"], axes=axes).figure_ is axes[0].figure


def test_history_with_more_training_than_validation():
    display = HistoryDisplay({"loss": [0.5, 0.4, 0.3], "val_loss": [0.6, 0.5]}).plot()
    assert [len(line.get_xdata()) for line in display.axes_[0].get_lines()] == [3, 2]


def test_grid_of_galaxies(pipe, paths, galaxies):
    _images, votes = galaxies
    display = GalaxyGridDisplay.from_estimator(
        pipe, paths, votes, n_correct=3, n_incorrect=4, random_state=0
    )
    true, predicted = GZ2.label(votes), GZ2.label(pipe.predict_proba(paths))
    right = true == predicted
    assert len(display.axes_) == min(3, right.sum()) + min(4, (~right).sum())
    shown_right = display.true_labels == display.predicted_labels
    assert shown_right.sum() == min(3, right.sum())
    for ax, image, label in zip(display.axes_, display.images, display.true_labels, strict=True):
        assert f"voted: {label}" in ax.get_xlabel()
        np.testing.assert_array_equal(ax.get_images()[0].get_array(), image)


def test_grid_of_another_survey(galaxies):
    voted, predicted = fractions(REPEATED, 0, 24), fractions(REPEATED, 1, 24)

    class Fixed:
        tree = REPEATED

        def predict_proba(self, X):
            return predicted

    display = GalaxyGridDisplay.from_estimator(
        Fixed(), galaxies[0], voted, n_correct=24, n_incorrect=24
    )
    assert sorted(display.true_labels) == sorted(REPEATED.label(voted))
    assert sorted(display.predicted_labels) == sorted(REPEATED.label(predicted))
    with pytest.raises(ValueError, match=r"\(n_galaxies, 37\)"):
        GalaxyGridDisplay.from_predictions(galaxies[0], voted, predicted)


def test_grid_of_class_labels(galaxies):
    images, _ = galaxies
    true, predicted = np.array(["a"] * 24), np.array(["a", "b"] * 12)
    display = GalaxyGridDisplay.from_predictions(images, true, predicted)
    assert (display.predicted_labels == ["a"] * 8 + ["b"] * 8).all()
    with pytest.raises(ValueError, match="24 images, 24 true and 23 predicted"):
        GalaxyGridDisplay.from_predictions(images, true, predicted[1:])


def width(branch, place):
    """The width of a branch at its start or end."""
    y = branch.get_path().vertices[:, 1]
    half = (len(y) - 1) // 2
    return abs(y[0] - y[2 * half - 1] if place == "start" else y[half - 1] - y[half])


def test_tree_of_many_galaxies(pipe, paths, galaxies):
    votes = galaxies[1]
    display = DecisionTreeDisplay.from_estimator(pipe, paths, votes)
    voted = GZ2.to_cumulative(votes).mean(axis=0)
    predicted = GZ2.to_cumulative(pipe.predict_proba(paths)).mean(axis=0)
    np.testing.assert_allclose(display.voted, voted)
    np.testing.assert_allclose(display.predicted, predicted)
    for name, fractions_drawn in (("voted", voted), ("predicted", predicted)):
        branches = display.branches_[name]
        assert tuple(branches) == GZ2.answer_names
        for place in ("start", "end"):
            widths = [width(branch, place) for branch in branches.values()]
            np.testing.assert_allclose(widths, 0.45 * fractions_drawn, atol=1e-12)
    titles = [text.get_text() for text in display.ax_.texts if text.get_weight() == "bold"]
    assert titles[:2] == ["smooth or features", "edgeon"]
    assert len(titles) == 11
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        *("voted", "predicted")
    ]


def test_tree_labels_answers_of_some_width():
    voted = np.zeros(37)
    voted[[0, 14, 16]] = 1
    predicted = voted.copy()
    predicted[[0, 1]] = 0.98, 0.02
    display = DecisionTreeDisplay.from_predictions([voted], [predicted], pred_form="conditional")
    assert [text.get_text() for text in display.text_.values()] == [
        *("smooth", "features or disk", "no", "in between")
    ]
    assert next(iter(display.text_)) == GZ2.answer_names[0]
    assert len(display.branches_["predicted"]) == 37
    assert len(display.plot(min_fraction=0.05).text_) == 3
    _, ax = plt.subplots()
    assert display.plot(ax=ax).figure_ is ax.figure


def test_tree_without_votes_or_with_unknown_ones():
    rows, full = fractions(REPEATED, 0, 2), fractions(REPEATED, 0, 2)
    rows[0, REPEATED.slices[3]] = np.nan
    display = DecisionTreeDisplay.from_predictions(rows, full, tree=REPEATED)
    np.testing.assert_allclose(display.voted, display.predicted)
    own = REPEATED.to_cumulative(rows)
    np.testing.assert_allclose(display.voted[REPEATED.slices[3]], own[1, REPEATED.slices[3]])
    rows[1, REPEATED.slices[3]] = np.nan
    unknown = DecisionTreeDisplay.from_predictions(rows, full, tree=REPEATED)
    assert len(unknown.branches_["voted"]) == len(REPEATED.answer_names) - 2
    alone = DecisionTreeDisplay(REPEATED, predicted=own[1]).plot()
    assert set(alone.branches_) == {"predicted"}
    with pytest.raises(ValueError, match="2 voted and 1 predicted"):
        DecisionTreeDisplay.from_predictions(rows, full[:1], tree=REPEATED)


@pytest.mark.parametrize("tree", [GZ2, REPEATED, TWO_ANSWERS], ids=lambda tree: tree.name)
def test_layout_of_known_trees(tree):
    check_layout(tree)


@given(random_trees())
def test_layout_of_any_tree(tree):
    check_layout(tree)


def check_layout(tree):
    """Each question is drawn once, apart from others; branches go right, past the questions."""
    layout = lay_out(tree)
    boxes = [(x, y, y + size) for (x, y), size in zip(layout.corners, layout.sizes, strict=True)]
    for i, (x, top, bottom) in enumerate(boxes):
        assert all(x != left or bottom < a or b < top for left, a, b in boxes[:i])
        for question, route in zip(
            [q for q in tree.questions for _ in q.answers], layout.routes, strict=True
        ):
            assert (np.diff([place[0] for place in route]) > 0).all()
            assert question.name == tree.questions[i].name or not any(
                x < place[0] <= x + WIDTH and top <= place[1] <= bottom for place in route
            )
    position = {question.name: i for i, question in enumerate(tree.questions)}
    answers = [answer for question in tree.questions for answer in question.answers]
    for answer, route in zip(answers, layout.routes, strict=True):
        if answer.leads_to is not None:
            x, top, bottom = boxes[position[answer.leads_to]]
            assert route[-1] == (x, pytest.approx((top + bottom) / 2))


def test_reliability_by_hand():
    """Two galaxies, of which half and all of the volunteers were asked about the bar."""
    voted = np.zeros((3, len(REPEATED.answer_names)))
    voted[:, :3] = [[0.5, 0.5, 0], [0, 1, 0], [1, 0, 0]]
    disk, bar = REPEATED.slices[2], REPEATED.slices[3]
    voted[:2, disk] = [1, 0]
    voted[:2, bar] = [[0.2, 0.8], [0.5, 0.5]]
    predicted = np.where(voted > 0, voted, 0.01)
    predicted[:, bar] = [[0.3, 0.7], [0.4, 0.6], [0.1, 0.9]]  # nobody was asked about the third
    display = ReliabilityDisplay.from_predictions(
        voted, predicted, tree=REPEATED, questions=["bar"], n_bins=2, pred_form="conditional"
    )
    np.testing.assert_allclose(display.predicted, [[(0.3 + 2 * 0.4) / 3, (0.7 + 2 * 0.6) / 3]])
    np.testing.assert_allclose(display.voted, [[(0.2 + 2 * 0.5) / 3, (0.8 + 2 * 0.5) / 3]])
    np.testing.assert_allclose(display.weight, [[0.5, 0.5]])
    assert len(display.axes_) == len(display.lines_) == 1
    np.testing.assert_allclose(display.lines_[0].get_ydata(), display.voted[0])


def test_reliability_of_all_questions(pipe, paths, galaxies):
    display = ReliabilityDisplay.from_estimator(pipe, paths, galaxies[1], n_bins=4)
    assert [ax.get_title() for ax in display.axes_][:2] == ["smooth or features", "edgeon"]
    assert display.voted.shape == (11, 4)
    _, axes = plt.subplots(3, 4)
    assert display.plot(ax=axes.ravel()[:11]).axes_[10] is axes[2, 2]
    assert axes[2, 2].get_xlabel() == "mean predicted fraction"
    exact = ReliabilityDisplay.from_predictions(galaxies[1], galaxies[1])
    np.testing.assert_allclose(exact.voted, exact.predicted)
    np.testing.assert_allclose(exact.weight.sum(axis=1), 1)


def test_reliability_of_what_nobody_was_asked_and_of_regressors():
    voted = fractions(REPEATED, 0)
    voted[:, REPEATED.slices[3]] = np.nan
    predicted = 1.5 * fractions(REPEATED, 1) - 0.2
    display = ReliabilityDisplay.from_predictions(
        voted, predicted, tree=REPEATED, pred_form="conditional"
    )
    assert np.isnan(display.voted[3]).all()
    assert (display.weight[3] == 0).all()
    assert display.predicted[0, 0] < 0
    assert not np.isnan(display.weight).any()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_bins": 0}, "n_bins must be a positive int, got 0"),
        ({"questions": ["bulge"]}, "'bulge' is no question of tree 'repeated'; expected .* smooth"),
        ({"questions": []}, "questions must name one at least"),
        ({"questions": ["bar", "odd"], "ax": "one"}, "Expected 2 axes, .* got 1"),
    ],
)
def test_reliability_refuses(parameters, message):
    if "ax" in parameters:
        parameters = {**parameters, "ax": plt.subplots()[1]}
    votes = fractions(REPEATED, 0)
    with pytest.raises(ValueError, match=message):
        ReliabilityDisplay.from_predictions(votes, votes, tree=REPEATED, **parameters)


@pytest.mark.parametrize("score_name", ["conditional_rmse", "cumulative_mse"])
def test_question_scores(score_name):
    voted, one, two = (fractions(REPEATED, seed, 9) for seed in range(3))
    trained = fractions(REPEATED, 3, 9)
    display = QuestionScoresDisplay.from_predictions(
        voted, {"one": one, "two": two}, y_train=trained, score_name=score_name, tree=REPEATED
    )
    mean = np.tile(REPEATED.to_cumulative(trained).mean(axis=0), (9, 1))
    expected = {"one": one, "two": two, BASELINE: mean}
    for line, (name, predicted) in zip(display.lines_, expected.items(), strict=True):
        scores = question_scores(voted, predicted, tree=REPEATED)[score_name]
        np.testing.assert_allclose(display.scores[name], scores)
        np.testing.assert_allclose(line.get_xdata(), scores)
        assert line.get_label() == name
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == [question.name for question in REPEATED.questions]
    _, ax = plt.subplots()
    assert display.plot(ax=ax).figure_ is ax.figure


def test_no_constant_scores_better_than_the_baseline_of_the_same_votes():
    voted = fractions(REPEATED, 0, 50)
    constants = {
        str(seed): np.tile(REPEATED.to_cumulative(fractions(REPEATED, seed, 1)), (50, 1))
        for seed in range(1, 5)
    }
    constants["mean of conditional fractions"] = np.tile(voted.mean(axis=0), (50, 1))
    display = QuestionScoresDisplay.from_predictions(voted, constants, y_train=voted, tree=REPEATED)
    baseline = display.scores.pop(BASELINE)
    assert (display.scores.gt(baseline - 1e-12, axis=0)).all(axis=None)


def test_question_scores_of_unknown_questions(pipe, paths, galaxies):
    votes = galaxies[1].copy()
    votes.iloc[:, GZ2.slices[2]] = np.nan
    display = QuestionScoresDisplay.from_estimator(pipe, paths, galaxies[1], y_train=votes)
    assert display.scores.columns.tolist() == ["Pipeline", BASELINE]
    assert display.scores.isna().sum().tolist() == [0, 1]
    assert np.isnan(display.scores.loc["t03_bar", BASELINE])
    with pytest.raises(ValueError, match="score_name must be one of .*, got 'rmse'"):
        QuestionScoresDisplay.from_predictions(votes, votes, score_name="rmse")


def test_coverage_by_hand():
    """Of two galaxies, nobody was asked about the bar of the second."""
    voted = np.zeros((2, len(REPEATED.answer_names)))
    voted[:, :3] = [[0.5, 0.5, 0], [1, 0, 0]]
    disk, bar = REPEATED.slices[2], REPEATED.slices[3]
    voted[0, disk], voted[0, bar] = [1, 0], [0.2, 0.8]
    narrow = np.stack([voted - 0.1, voted + 0.1], axis=-1)
    narrow[:, bar.start] += 0.2
    wide = np.stack([voted - 0.3, voted + 0.3], axis=-1)
    display = CoverageDisplay.from_predictions(
        voted,
        [wide, narrow],
        [0.9, 0.5],
        tree=REPEATED,
        questions=["bar", "artifact"],
        pred_form="conditional",
    )
    np.testing.assert_array_equal(display.coverages, [0.5, 0.9])
    np.testing.assert_array_equal(display.by_question[0], [0.5, 1])
    assert np.isnan(display.by_question[1]).all()
    np.testing.assert_allclose(display.overall, [9 / 10, 1])
    assert [ax.get_title() for ax in display.axes_] == ["all answers", "bar", "artifact"]
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), [0.5, 1])


def test_coverage_of_a_pipeline(pipe, paths, galaxies):
    votes = galaxies[1]
    display = CoverageDisplay.from_estimator(pipe, paths, votes, coverages=[0.2, 0.5])
    X = pipe[:-1].transform(paths)
    low, high = np.moveaxis(pipe["classifier"].predict_interval(X, 0.5), -1, 0)
    asked = np.column_stack(
        [
            votes.iloc[:, s].any(axis=1).to_numpy()[:, None].repeat(s.stop - s.start, 1)
            for s in GZ2.slices
        ]
    )
    inside = ((low <= votes) & (votes <= high)).to_numpy()
    assert display.overall[1] == inside[asked].mean()
    bar = GZ2.slices[2]
    assert display.by_question[2, 1] == inside[:, bar][asked[:, bar]].mean()
    alone = CoverageDisplay.from_estimator(
        pipe["classifier"], X, votes, coverages=[0.5], questions=[], ax=plt.subplots()[1]
    )
    assert alone.overall == display.overall[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ends: ends[0], r"Expected intervals of shape \(1, 5, 14, 2\), got \(5, 14, 2\)"),
        (lambda ends: ends * np.nan, "an end is missing"),
    ],
)
def test_coverage_refuses(change, message):
    votes = fractions(REPEATED, 0)
    intervals = np.stack([votes, votes], axis=-1)[None]
    with pytest.raises(ValueError, match=message):
        CoverageDisplay.from_predictions(votes, change(intervals), [0.5], tree=REPEATED)
    with pytest.raises(ValueError, match="pred_form must be .*, got 'counts'"):
        CoverageDisplay.from_predictions(votes, intervals, [0.5], tree=REPEATED, pred_form="counts")


class Patch:
    """A classifier whose answer "bright" is the mean of a known patch, and nothing else."""

    classes_ = np.array(["dark", "bright"])
    place = slice(4, 10), slice(12, 18)

    def predict_proba(self, X):
        bright = np.array([np.mean(image[self.place]) / 255 for image in X])
        return np.column_stack([1 - bright, bright])


@pytest.mark.parametrize("shape", [(24, 30), (24, 30, 3)])
def test_saliency_lies_where_the_answer_is_decided(shape):
    image = np.full(shape, 40, dtype=np.uint8)
    image[Patch.place] = 200
    image[16:22, 2:8] = 250  # bright, and of no concern
    before = image.copy()
    display = SaliencyDisplay.from_estimator(Patch(), image[None], "bright", patch_size=4)
    np.testing.assert_array_equal(image, before)
    assert display.saliency.shape == (24, 30)
    assert display.prediction == pytest.approx(200 / 255)
    inside = np.zeros((24, 30), dtype=bool)
    inside[Patch.place] = True
    assert display.saliency[inside].sum() > 0.5 * display.saliency.sum()
    near = np.zeros_like(inside)
    near[1:13, 9:21] = True  # a patch that reaches into it begins or ends here
    assert (display.saliency[~near] == 0).all()
    against = SaliencyDisplay.from_estimator(Patch(), image[None], "dark", patch_size=4)
    np.testing.assert_allclose(against.saliency, -display.saliency, atol=1e-12)
    shown, fall = (ax.get_images()[0].get_array() for ax in display.axes_)
    np.testing.assert_array_equal(shown, image)
    np.testing.assert_array_equal(fall, display.saliency)
    low, high = display.axes_[1].get_images()[0].get_clim()
    assert high == -low == display.saliency.max()  # white is 0


@pytest.mark.parametrize("size", [1, 3, 5, 23])
def test_saliency_of_a_flat_image_is_none(size):
    image = np.full((24, 30), 7, dtype=np.uint8)
    assert not SaliencyDisplay.from_estimator(
        Patch(), image[None], "bright", patch_size=size
    ).saliency.any()


def test_saliency_of_a_pipeline(pipe, paths):
    answer = GZ2.answer_names[0]
    display = SaliencyDisplay.from_estimator(pipe, paths[:1], answer, patch_size=16)
    assert display.prediction == pytest.approx(pipe.predict_proba(paths[:1])[0, 0], abs=1e-6)
    assert display.axes_[0].get_title() == f"{answer}: {display.prediction:.2f}"
    _, axes = plt.subplots(1, 2)
    assert display.plot(ax=axes).figure_ is axes[0].figure


def test_saliency_of_a_search_reads_as_it_does(paths):
    inner = make_pipeline(ImageReader(luma=True), FlattenToTensor())
    labels = np.resize(["a", "b"], 8)
    for steps in (inner.steps, [("first", inner)]):
        pipe = Pipeline([*steps, ("last", DummyClassifier())])
        search = GridSearchCV(pipe, {"last__strategy": ["prior"]}, cv=2).fit(paths[:8], labels)
        display = SaliencyDisplay.from_estimator(search, paths[:1], "a", patch_size=16)
        assert display.image.ndim == 2


def test_saliency_of_other_bands():
    bands = np.linspace(-1, 3, 24 * 30 * 5).reshape(24, 30, 5)
    for n_channels in (2, 3, 5):
        image = bands[..., :n_channels]
        display = SaliencyDisplay(image, image[..., 0], answer="a", prediction=0.5).plot()
        shown = display.axes_[0].get_images()[0].get_array()
        assert shown.shape == ((24, 30, 3) if n_channels == 3 else (24, 30))


@pytest.mark.parametrize(
    ("n_galaxies", "answer", "size", "message"),
    [
        (2, "bright", 4, "X must hold one galaxy, got 2"),
        (1, "barred", 4, "answer must be one of dark, bright; got 'barred'"),
        (1, "bright", 24, "patch_size must be an int from 1 to 23, .* 24 x 30 pixels; got 24"),
        (1, "bright", 2.5, "got 2.5"),
    ],
)
def test_saliency_refuses(n_galaxies, answer, size, message):
    images = np.zeros((n_galaxies, 24, 30), dtype=np.uint8)
    with pytest.raises(ValueError, match=message):
        SaliencyDisplay.from_estimator(Patch(), images, answer, patch_size=size)
