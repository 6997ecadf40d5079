"""Cards of models, and the models that the package ships."""

import re

import numpy as np
import pytest
from tiny import tiny

from galaxy_sklearn import GZ2, GalaxyClassifier, cli, make_galaxy_pipeline, metrics
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import describe, load_model, write_card

SMALL = {
    "resize__size": 12,
    "classifier__network__filters": (2, 2),
    "classifier__network__features": 4,
    "classifier__epochs": 2,
    "classifier__run_eagerly": True,
    "classifier__random_state": 0,
}


@pytest.fixture(scope="module")
def data():
    return make_galaxies(30, image_size=24, random_state=0)


@pytest.fixture(scope="module")
def pipe(data):
    return make_galaxy_pipeline().set_params(**SMALL).fit(data[0][:20], data[1][:20])


def written(pipe, folder, X=None, y=None):
    how = {"trained_on": "20 simulated galaxies.", "license": "cc-by-4.0", "description": "Toy."}
    return write_card(pipe, folder, title="A toy", X=X, y=y, **how).read_text()


def test_card_of_votes(pipe, data, tmp_path):
    X, y = data[0][20:], data[1][20:]
    text = written(pipe, tmp_path / "card", X, y)
    assert {path.name for path in (tmp_path / "card").iterdir()} == {
        "README.md",
        "history.png",
        "model.skops",
    }
    rmse = metrics.cumulative_rmse(y, pipe.predict_proba(X))
    head = text.split("---")[1]
    assert "license: cc-by-4.0" in head and "library_name: galaxy_sklearn" in head
    assert f"type: cumulative_rmse\n      value: {rmse:.4f}" in head
    assert "# A toy\n\nToy.\n" in text and "20 simulated galaxies." in text
    assert f"vote fractions {rmse:.4f}" in text and "On 10 galaxies" in text
    questions = metrics.question_scores(y, pipe.predict_proba(X))
    row = questions.loc["t01_smooth_or_features"]
    assert (
        f"| t01_smooth_or_features | {row['mean_reach']:.3f} | {row['conditional_rmse']:.3f} |"
        in text
    )
    assert (
        "`epochs=2`" in text and "`network__filters=(2, 2)`" in text and "Resize(size=12)" in text
    )
    # What it says of its use is so.
    again = load_model(tmp_path / "card" / "model.skops")
    np.testing.assert_array_equal(again.predict_proba(X), pipe.predict_proba(X))
    code = re.search("```python\n(.*?)```", text, re.DOTALL)[1]
    compile(code, "card", "exec")


def test_card_without_scores_and_of_labels(pipe, data, tmp_path):
    assert "Scores" not in written(pipe, tmp_path)
    X, labels = data[0], np.where(data[1].iloc[:, 0] > 0.4, "smooth", "featured")
    settings = {
        k.removeprefix("classifier__"): v for k, v in SMALL.items() if "__n" in k or "ep" in k
    }
    classifier = GalaxyClassifier(**settings, run_eagerly=True).fit(X, labels)
    text = written(classifier, tmp_path, X, labels)
    assert f"Accuracy on 30 galaxies: {classifier.score(X, labels):.3f}" in text
    assert "metrics:\n    - type: accuracy" in text
    with pytest.raises(ValueError, match="X and y belong together"):
        written(classifier, tmp_path, X)


def test_surveys_and_functions_are_named(data):
    tree = GZ2.__class__("Two kinds", GZ2.questions, GZ2.labels)
    named = {"tree": tree, "network": tiny, "epochs": 1, "run_eagerly": True}
    (text,) = describe(GalaxyClassifier(**named).fit(*data))
    assert "`tree=Two kinds`" in text and "`network=tiny`" in text


def test_metadata_is_yaml(pipe, data, tmp_path):
    yaml = pytest.importorskip("yaml")
    head = written(pipe, tmp_path, *data).split("---\n")[1]
    found = yaml.safe_load(head)
    assert "astronomy" in found["tags"] and found["license"] == "cc-by-4.0"
    (result,) = found["model-index"][0]["results"]
    assert result["metrics"][0]["value"] < 1


def test_card_from_the_command_line(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = ["--images", f"{folder}/images", "--votes", f"{folder}/votes.csv"]
    settings = [x for k, v in SMALL.items() for x in ("--set", f"{k}={v}")]
    assert cli.main(["train", *data, "--model", "m.skops", *settings]) == 0
    words = ["--title", "A toy", "--trained-on", "simulated galaxies"]
    assert cli.main(["card", "m.skops", *data, "--output", "card", *words]) == 0
    assert "card/README.md" in capsys.readouterr().out
    assert "root mean squared error" in (tmp_path / "card" / "README.md").read_text()
