import shutil
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from own_network import own_layers
from trees import fractions

from galaxy_sklearn import GZ2, GalaxyClassifier, cli
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import load_model
from galaxy_sklearn.surveys import GZ_EUCLID

SETTINGS = [
    *("--recipe", "galaxy_id"),
    *("--set", "resize__size=12", "--set", "classifier__epochs=1"),
    *("--set", "classifier__network__filters=(2, 2, 2, 2)"),
    *("--set", "classifier__network__dense_units=(4, 4)"),
    *("--set", "classifier__run_eagerly=True", "--set", "gray__weights=rec601"),
]


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    model = tmp_path_factory.mktemp("cli") / "model.skops"
    command = ["train", "--images", f"{folder}/images", "--votes", f"{folder}/votes.csv"]
    assert cli.main([*command, "--model", str(model), *SETTINGS]) == 0
    return model


def test_train_saves_a_pipeline_as_set(trained):
    pipe = load_model(trained)
    assert pipe["resize"].size == 12 and pipe["gray"].weights == "rec601"
    assert pipe["classifier"].network__filters == (2, 2, 2, 2)
    assert pipe["classifier"].verbose == 0
    assert [path.name for path in trained.parent.iterdir()] == ["model.skops"]


def test_evaluate(trained, folder, capsys, tmp_path):
    command = ["evaluate", str(trained), "--images", f"{folder}/images"]
    command += ["--votes", f"{folder}/votes.csv", "--questions", "--plot", f"{tmp_path}/p.png"]
    assert cli.main(command) == 0
    shown = capsys.readouterr().out
    assert "24 galaxies" in shown and "cumulative_rmse" in shown and "t11_arms_number" in shown
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_train_several_networks(folder, tmp_path, capsys):
    small = ["network__filters=(2, 2)", "network__features=2", "epochs=1", "run_eagerly=True"]
    settings = [x for name in small for x in ("--set", f"classifier__estimator__{name}")]
    command = ["train", "--images", f"{folder}/images", "--votes", f"{folder}/votes.csv"]
    command += ["--model", f"{tmp_path}/m.skops", "--recipe", "ensemble", "--tree", "gz2"]
    assert cli.main([*command, "--set", "resize__size=8", *settings]) == 0
    assert "Kept epoch 1, 1, 1; wrote" in capsys.readouterr().out
    ensemble = load_model(tmp_path / "m.skops")["classifier"]
    assert ensemble.tree is not None and {m.verbose for m in ensemble.estimators_} == {0}


@pytest.mark.filterwarnings("ignore:.* is a pickle:UserWarning")
def test_a_training_is_not_lost(folder, tmp_path, capsys):
    """A network with layers of one's own cannot be in a safe file: it becomes a pickle."""
    images, votes = make_galaxies(8, image_size=8, random_state=0)
    own = GalaxyClassifier(own_layers, epochs=1, run_eagerly=True).fit(images, votes)
    joblib.dump(own, tmp_path / "own.joblib")
    command = ["train", "--images", f"{folder}/images", "--votes", f"{folder}/votes.csv"]
    command += ["--model", f"{tmp_path}/m.skops", "--set", "resize__size=8"]
    command += ["--set", f"classifier__pretrained={tmp_path}/own.joblib"]
    command += ["--set", "classifier__epochs=1", "--set", "classifier__run_eagerly=True"]
    assert cli.main(command) == 1
    assert f"It was saved as {tmp_path}/m.skops.joblib." in capsys.readouterr().err
    assert not (tmp_path / "m.skops").exists()
    assert hasattr(joblib.load(tmp_path / "m.skops.joblib"), "predict_proba")


def test_part_of_a_split(trained, folder, capsys, tmp_path):
    votes = pd.read_csv(folder / "votes.csv")
    votes["split"] = ["test"] * 5 + ["train"] * (len(votes) - 5)
    votes.to_csv(tmp_path / "votes.csv", index=False)
    command = ["evaluate", str(trained), "--images", f"{folder}/images"]
    command += ["--votes", f"{tmp_path}/votes.csv", "--split"]
    assert cli.main([*command, "test"]) == 0
    assert "5 galaxies" in capsys.readouterr().out
    assert cli.main([*command, "validation"]) == 1
    assert "no row of the column 'split' is 'validation'" in capsys.readouterr().err


def test_another_survey(folder, tmp_path, capsys):
    tree = GZ_EUCLID
    columns = [f"{name}_fraction" for name in tree.answer_names]
    votes = pd.DataFrame(fractions(tree, 0, 24), columns=columns)
    votes.assign(objid=range(100, 124)).to_csv(tmp_path / "votes.csv", index=False)
    model = str(tmp_path / "model.skops")
    galaxies = ["--images", f"{folder}/images", "--votes", f"{tmp_path}/votes.csv"]
    assert cli.main(["train", *galaxies, "--tree", "gz_euclid", "--model", model, *SETTINGS]) == 0
    assert load_model(model)["classifier"].tree == tree
    evaluate = ["evaluate", model, *galaxies, "--questions", "--plot", f"{tmp_path}/p.png"]
    for named in ([], ["--tree", "GZ_EUCLID"]):
        assert cli.main([*evaluate, *named]) == 0
        shown = capsys.readouterr().out
        assert "conditional_mse" in shown and "same label" in shown and "\nartifact" in shown
    assert cli.main([*evaluate, "--tree", "gz2"]) == 1
    assert (
        "answers the questions of Galaxy Zoo Euclid, not of Galaxy Zoo 2" in capsys.readouterr().err
    )
    output = ["--images", f"{folder}/images", "--output", f"{tmp_path}/out.csv"]
    assert cli.main(["predict", model, *output]) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    others = ["label", "unusual", "error", "model"]
    assert table.columns.tolist() == ["file", *tree.answer_names, *others]
    predicted = load_model(model).predict_proba([f"{folder}/images/{f}" for f in table["file"]])
    assert table["label"].tolist() == tree.label(predicted).tolist()


def test_unknown_survey(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "--tree", "GZ1"])
    assert "there is no survey 'GZ1'; choose from GZ2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("picture", "message"),
    [("a.xyz", "ending in one of ."), ("no/a.png", "there is no folder 'no'")],
)
def test_a_picture_that_cannot_be_drawn_is_refused_first(picture, message, capsys):
    with pytest.raises(SystemExit):
        cli.main(["evaluate", "--plot", picture])
    assert message in capsys.readouterr().err


def test_warnings_show_no_code(monkeypatch, capsys):
    def models(arguments):
        print(warnings.formatwarning("is a pickle", UserWarning, "cli.py", 3, "warnings.warn()"))

    monkeypatch.setattr(cli, "models", models)
    before = warnings.formatwarning
    assert cli.main(["models"]) == 0
    assert capsys.readouterr().out.strip() == "galaxy-sklearn: warning: is a pickle"
    assert warnings.formatwarning is before


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_predict(trained, folder, paths, tmp_path, suffix):
    output = tmp_path / f"out{suffix}"
    assert (
        cli.main(["predict", str(trained), "--images", f"{folder}/images", "--output", str(output)])
        == 0
    )
    table = pd.read_csv(output) if suffix == ".csv" else pd.read_parquet(output)
    assert table.columns.tolist() == [
        "file",
        *GZ2.answer_names,
        "label",
        "unusual",
        "error",
        "model",
    ]
    assert table["file"].tolist() == [Path(path).name for path in paths]
    expected = load_model(trained).predict_proba(paths)
    np.testing.assert_allclose(table.iloc[:, 1:38], expected, rtol=1e-6)


def test_predict_survives_bad_images(trained, folder, tmp_path, capsys):
    shutil.copytree(folder / "images", tmp_path / "images")
    (tmp_path / "images" / "105.jpg").write_bytes(b"no image")
    output = tmp_path / "out.csv"
    command = ["predict", str(trained), "--images", f"{tmp_path}/images", "--output", str(output)]
    assert cli.main(command) == 0
    assert "105.jpg: expected an image" in capsys.readouterr().err
    table = pd.read_csv(output)
    assert len(table) == 24 and table["label"].isna().sum() == 1


def test_evaluate_leaves_out_bad_images(trained, folder, tmp_path, capsys):
    shutil.copytree(folder / "images", tmp_path / "images")
    (tmp_path / "images" / "105.jpg").write_bytes(b"no image")
    command = ["evaluate", str(trained), "--votes", f"{folder}/votes.csv", "--images"]
    assert cli.main([*command, f"{tmp_path}/images"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("23 galaxies\n") and "left out: 105.jpg: " in shown.err


def test_what_is_complete_is_not_said_to_be_written(trained, folder, tmp_path, capsys):
    command = ["predict", str(trained), "--images", f"{folder}/images", "--output"]
    for words in ("Wrote 24 galaxies to", "was complete, and nothing was scored"):
        assert cli.main([*command, f"{tmp_path}/a.csv"]) == 0
        assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("predict missing.skops --images {images} --output a.csv", "There is no model file"),
        ("predict {votes} --images {images} --output a.csv", "expected a file of save_model"),
        ("predict {model} --images nowhere --output a.csv", "nowhere"),
        ("predict {model} --images {images} --output a.txt", "a.txt: expected a name that ends in"),
        ("predict {model} --images {images} --output no/a.csv", "no folder 'no'"),
        ("train --images {images} --votes {votes} --model no/m.skops", "no folder 'no'"),
        ("train --images {images} --votes v.csv --model m.skops", "v.csv"),
        ("train --images {images} --votes v.csv --model {images}", "found a folder"),
        ("train --images {images} --votes v.csv --model /proc/m.skops", "/proc"),
        ("evaluate {model} --images {votes} --votes {images}", "are they exchanged?"),
        (
            "train --images none --votes none --model m.skops --set classifier__epochs=two",
            "The 'epochs' parameter of GalaxyClassifier must be an int",
        ),
        (
            "train --images {images} --votes {votes} --model m.skops --set crop__sise=3",
            "Invalid parameter 'sise'",
        ),
    ],
)
def test_errors_are_told_in_one_line(
    trained, folder, tmp_path, monkeypatch, capsys, command, message
):
    monkeypatch.chdir(tmp_path)
    places = {"images": folder / "images", "votes": folder / "votes.csv", "model": trained}
    assert cli.main(command.format(**places).split()) == 1
    error = capsys.readouterr().err
    assert error.startswith("galaxy-sklearn: ") and message in error
    assert list(tmp_path.iterdir()) == []


def test_demo(tmp_path, capsys):
    command = ["demo", "--folder", str(tmp_path / "demo"), "--samples", "40", "--epochs", "1"]
    assert cli.main(command) == 0
    written = {path.name for path in (tmp_path / "demo").iterdir()}
    assert {"model.skops", "history.png", "galaxies.png", "predictions.csv"} <= written
    assert "10 galaxies" in capsys.readouterr().out
