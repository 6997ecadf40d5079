import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tiny import tiny
from trees import REPEATED, fractions

from galaxy_sklearn import GZ2, GalaxyClassifier, make_galaxy_pipeline
from galaxy_sklearn.displays import GalaxyGridDisplay, HistoryDisplay


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
