import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, KFold
from tiny import tiny

from galaxy_sklearn import GZ2, GalaxyClassifier, make_galaxy_pipeline
from galaxy_sklearn.metrics import neg_cumulative_rmse
from galaxy_sklearn.scoring import _predictions, prediction_table


@pytest.fixture(scope="module")
def pipe(paths, galaxies):
    classifier = GalaxyClassifier(tiny, epochs=1, run_eagerly=True, random_state=0)
    return (
        make_galaxy_pipeline()
        .set_params(resize__size=8, classifier=classifier)
        .fit(paths, galaxies[1])
    )


def test_table(pipe, paths):
    table = prediction_table(pipe, paths)
    assert table.index.name == "file" and table.index[0] == "100.jpg"
    assert table.columns.tolist() == [*GZ2.answer_names, "label", "unusual", "error"]
    np.testing.assert_array_equal(table.iloc[:, :37], pipe.predict_proba(paths))
    assert table["error"].isna().all()
    assert table["label"].tolist() == GZ2.label(pipe.predict_proba(paths)).tolist()


def test_chunks_make_no_difference(pipe, paths, monkeypatch):
    expected = prediction_table(pipe, paths)
    monkeypatch.setattr(_predictions, "CHUNK", 7)
    pd.testing.assert_frame_equal(prediction_table(pipe, paths), expected, atol=1e-6)


def test_images_and_class_labels(galaxies, paths):
    images, votes = galaxies
    labels = np.where(votes.iloc[:, 0] > 0.5, "smooth", "featured")
    classifier = GalaxyClassifier(tiny, epochs=1, run_eagerly=True)
    table = prediction_table(classifier.fit(images, labels), images)
    assert table.columns.tolist() == ["featured", "smooth", "label", "unusual", "error"]
    assert table["label"].tolist() == classifier.predict(images).tolist()


def test_a_search_is_asked_as_its_best_estimator(pipe, paths, galaxies):
    search = GridSearchCV(
        clone(pipe), {"resize__size": [8]}, cv=KFold(2), scoring=neg_cumulative_rmse
    )
    search.fit(paths, galaxies[1])
    files = [*paths, "nowhere.jpg"]
    table = prediction_table(search, files, on_error="report")
    expected = prediction_table(search.best_estimator_, files, on_error="report")
    pd.testing.assert_frame_equal(table, expected)
    assert set(table["label"].dropna()) <= {label for label, _ in GZ2.labels}


@pytest.mark.parametrize("name", ["file", "label", "unusual", "error", "model"])
def test_classes_with_the_names_of_columns(name):
    images = np.zeros((4, 8, 8))
    classifier = DummyClassifier().fit(images, [name, name, "spiral", "spiral"])
    with pytest.raises(ValueError, match=f"class '{name}' has the name of a column"):
        prediction_table(classifier, images)


def test_bad_files_are_reported(pipe, paths, tmp_path, monkeypatch):
    monkeypatch.setattr(_predictions, "CHUNK", 7)
    files = [str(shutil.copy(path, tmp_path)) for path in paths]
    Path(files[3]).write_bytes(b"")
    Path(files[20]).unlink()
    with pytest.raises(ValueError, match=r"103\.jpg"):
        prediction_table(pipe, files)
    table = prediction_table(pipe, files, on_error="report")
    bad = table.index.isin(["103.jpg", "120.jpg"])
    assert "found an empty file" in table.loc["103.jpg", "error"]
    assert "No image file" in table.loc["120.jpg", "error"]
    assert table["error"].isna().tolist() == (~bad).tolist()
    assert table.loc[bad, "label"].isna().all() and table.loc[bad].iloc[:, :37].isna().all(
        axis=None
    )
    good = prediction_table(pipe, np.array(files)[~bad])
    pd.testing.assert_frame_equal(table.loc[~bad], good, atol=1e-6)


def test_errors_of_the_model_are_not_taken_for_bad_files(pipe, paths):
    other = make_galaxy_pipeline().set_params(resize__size=9, classifier=pipe["classifier"])
    with pytest.raises(ValueError, match="fitted on images of shape"):
        prediction_table(other, paths, on_error="report")
