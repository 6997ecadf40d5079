import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from tiny import tiny

from galaxy_sklearn import GZ2, Grayscale, make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.metrics import neg_cumulative_rmse
from galaxy_sklearn.sharing import load_model, load_pretrained, save_model

SMALL = {
    "resize__size": 12,
    "classifier__epochs": 1,
    "classifier__random_state": 0,
    "classifier__run_eagerly": True,
    "classifier__network__filters": (2, 2),
}


@pytest.fixture(scope="module")
def votes(galaxies):
    return galaxies[1]


@pytest.fixture(scope="module")
def fitted(paths, votes):
    return make_galaxy_pipeline().set_params(**SMALL).fit(paths, votes)


def test_ten_lines_of_user_code(folder):
    from galaxy_sklearn import make_galaxy_pipeline
    from galaxy_sklearn.datasets import load_galaxy_zoo

    paths, votes = load_galaxy_zoo(folder / "images", folder / "votes.csv", return_X_y=True)
    pipe = make_galaxy_pipeline(random_state=0)
    pipe.set_params(crop__size=16, resize__size=12, classifier__epochs=1)
    pipe.set_params(classifier__network__filters=(2, 2), classifier__run_eagerly=True)
    pipe.fit(paths, votes)
    fractions = pd.DataFrame(pipe.predict_proba(paths), columns=pipe.classes_)
    assert fractions.shape == (24, 37)
    assert set(GZ2.label(fractions)) <= {label for label, _ in GZ2.labels}


def test_steps_can_be_seen_replaced_and_left_out(paths, votes, fitted):
    assert list(fitted.named_steps) == ["read", "crop", "gray", "resize", "tensor", "classifier"]
    assert fitted[:5].transform(paths).shape == (24, 12, 12, 3)
    assert fitted[:2].transform(paths)[0].shape == (16, 16, 3)
    gray = make_galaxy_pipeline().set_params(**SMALL, gray=Grayscale())
    gray.set_params(classifier__network__features=2)
    gray.fit(paths, votes)
    assert gray["classifier"].image_shape_in_ == (12, 12, 1)
    assert "GalaxyClassifier" in gray._repr_html_()
    gray.set_output(transform="pandas")
    assert gray.predict_proba(paths[:2]).shape == (2, 37)
    assert gray.transform(paths[:2]).columns.tolist() == ["galaxyclassifier0", "galaxyclassifier1"]


def test_the_references_recipe(paths, votes):
    reference = make_galaxy_pipeline("galaxy_id")
    parameters = reference.get_params()
    expected = {
        "crop__size": 0.5,
        "resize__size": 64,
        "classifier__network": "galaxy_id",
        "classifier__learning_rate": 1e-3,
        "classifier__batch_size": 32,
        "classifier__epochs": 25,
        "classifier__patience": 20,
        "classifier__rotation": 30.0,
        "classifier__shift": 0.1,
        "classifier__zoom": 0.1,
        "classifier__flip": "horizontal",
        "classifier__network__dropout": (0.5, 0.5, 0.25),
        "classifier__output": "sigmoid",
        "classifier__loss": "binary_crossentropy",
        "classifier__question_weight": None,
        "classifier__schedule": "constant",
        "classifier__validation_fraction": 0.25,
    }
    assert {name: parameters[name] for name in expected} == expected
    assert reference["gray"] is not make_galaxy_pipeline("galaxy_id")["gray"]
    small = {"network__filters": (2, 2, 2, 2), "network__dense_units": (4, 4), "epochs": 1}
    reference.set_params(resize__size=12)["classifier"].set_params(**small, run_eagerly=True)
    classifier = reference.fit(paths, votes)["classifier"]
    assert classifier.image_shape_in_ == (12, 12, 1)
    with pytest.raises(ValueError, match="recipe must be one of .* got 'vgg'"):
        make_galaxy_pipeline("vgg")


def test_start_from_the_pretrained_model(tmp_path):
    """Its features are kept; the new output is learned from a few labels, as often as wanted."""
    images, votes = make_galaxies(24, image_size=128, random_state=0)
    labels = np.where(votes.iloc[:, 0] > 0.4, "smooth", "featured")
    pipe = make_galaxy_pipeline(pretrained="gz2", random_state=0)
    pipe.set_params(classifier__epochs=2, classifier__run_eagerly=True)
    pipe.fit(images, labels)
    assert pipe.classes_.tolist() == ["featured", "smooth"]
    gz2 = load_pretrained("gz2")
    np.testing.assert_allclose(pipe.transform(images), gz2.transform(images), atol=1e-5)
    save_model(pipe, tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    assert again["classifier"].pretrained == "gz2"
    np.testing.assert_array_equal(again.predict_proba(images), pipe.predict_proba(images))
    with pytest.raises(ValueError, match="recipe must be 'equivariant', got 'galaxy_id'"):
        make_galaxy_pipeline("galaxy_id", pretrained="gz2")


def test_recipe_of_three_networks(paths, votes):
    """Each has random numbers of its own; the same number gives the same three."""
    small = {"network__filters": (2, 2), "network__features": 2, "epochs": 1, "run_eagerly": True}
    small = {f"classifier__estimator__{name}": value for name, value in small.items()}
    found = []
    for _ in range(2):
        pipe = make_galaxy_pipeline("ensemble", random_state=0).set_params(resize__size=8, **small)
        found.append(clone(pipe).fit(paths, votes))
    members = [
        member.predict_proba(found[0][:-1].transform(paths)) for member in found[0][-1].estimators_
    ]
    assert len(members) == 3 and not np.array_equal(members[0], members[1])
    np.testing.assert_array_equal(found[0].predict_proba(paths), np.mean(members, axis=0))
    np.testing.assert_array_equal(found[1].predict_proba(paths), np.mean(members, axis=0))


def test_paths_and_arrays_give_the_same_bits(paths, fitted):
    images = np.stack(list(fitted[:1].transform(paths)))
    expected = fitted.predict_proba(paths)
    np.testing.assert_array_equal(fitted.predict_proba(images), expected)
    np.testing.assert_array_equal(fitted.predict_proba(pd.DataFrame({"file": paths})), expected)


def test_grid_search_on_paths_with_cache_and_workers(paths, votes, tmp_path):
    pipe = make_galaxy_pipeline(memory=str(tmp_path / "cache")).set_params(**SMALL)
    search = GridSearchCV(
        pipe,
        {
            "crop__size": [12, 0.5],
            "classifier__network__dropout": [0.1, 0.5],
            "classifier__network__filters": [(2, 2), (4, 2)],
        },
        scoring=neg_cumulative_rmse,
        cv=2,
        n_jobs=2,
        error_score="raise",
    )
    search.fit(paths, votes)
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 8 and np.isfinite(scores).all() and (scores < 0).all()
    assert len(np.unique(scores)) > 4
    assert search.predict_proba(paths).shape == (24, 37)
    # The tensors were kept: two crops in two folds and the refit.
    kept = {path.parent for path in (tmp_path / "cache").rglob("output.pkl")}
    tensors = [p for p in kept if isinstance(joblib.load(p / "output.pkl")[0], np.ndarray)]
    assert len(tensors) == 5


def _threads(_):
    from tensorflow.config import threading

    from galaxy_sklearn import GalaxyClassifier  # noqa: F401

    return threading.get_intra_op_parallelism_threads()


def test_workers_share_the_cores():
    """Each of two workers keeps to half of the cores."""
    from joblib import Parallel, cpu_count, delayed

    found = Parallel(n_jobs=2)(delayed(_threads)(i) for i in range(2))
    assert found == [max(1, cpu_count() // 2)] * 2


def test_cross_validation(paths, votes):
    pipe = make_galaxy_pipeline().set_params(**SMALL)
    scores = cross_val_score(pipe, paths, votes, cv=2)
    assert len(scores) == 2 and (scores < 1).all()
    # scikit-learn would replace a 2-D y by ranks here.
    fractions = cross_val_predict(
        pipe, paths, votes.to_numpy()[:, :, None], cv=2, method="predict_proba"
    )
    assert fractions.shape == (24, 37)
    np.testing.assert_allclose(fractions[:, :3].sum(axis=1), 1)
    by_hand = make_galaxy_pipeline().set_params(**SMALL).fit(paths[12:], votes[12:])
    np.testing.assert_allclose(fractions[:12], by_hand.predict_proba(paths[:12]), atol=1e-6)
    with pytest.raises(ValueError, match=r"cross_val_predict, .* pass votes.to_numpy"):
        cross_val_predict(pipe, paths, votes, cv=2, method="predict_proba")


def test_labels_are_split_by_class(paths, votes):
    labels = np.where(votes.iloc[:, 0] > 0.5, "smooth", "featured")
    pipe = make_galaxy_pipeline().set_params(**SMALL)
    fractions = cross_val_predict(pipe, paths, labels, cv=2, method="predict_proba")
    np.testing.assert_allclose(fractions.sum(axis=1), 1, rtol=1e-5)


def test_fresh_process_elsewhere_gives_the_same_bits(paths, fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "pipe.joblib")
    np.save(tmp_path / "expected.npy", fitted.predict_proba(paths))
    (tmp_path / "paths.txt").write_text("\n".join(paths))
    code = """
import joblib, numpy as np
paths = open("paths.txt").read().split("\\n")
found = joblib.load("pipe.joblib").predict_proba(paths)
np.testing.assert_array_equal(found, np.load("expected.npy"))
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_network_of_ones_own(paths, votes):
    pipe = make_galaxy_pipeline().set_params(
        resize__size=8,
        classifier__network=tiny,
        classifier__epochs=1,
        classifier__run_eagerly=True,
        classifier__network__units=3,
    )
    assert pipe.fit(paths, votes)["classifier"].model_.layers[2].units == 3
