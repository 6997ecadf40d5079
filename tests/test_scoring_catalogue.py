"""Scoring a survey, with a model that is quick: what is tested is the road, not the network."""

import errno
import io
import itertools
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from operator import methodcaller
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from galaxy_sklearn import CenterCrop, FlattenToTensor, Grayscale, ImageReader, Resize
from galaxy_sklearn._files import written_whole
from galaxy_sklearn.datasets import find_images, iter_images, make_galaxies
from galaxy_sklearn.scoring import prediction_table, score_catalogue
from galaxy_sklearn.sharing import load_model, save_model

N = 60
# The model has a step, a function of Python's, that safe files cannot hold.
pytestmark = pytest.mark.filterwarnings("ignore:.* is a pickle:UserWarning")


@pytest.fixture(scope="module")
def encoded():
    """60 galaxies as JPEG files; number 7 is damaged, number 20 empty."""
    images, votes = make_galaxies(N, image_size=32, random_state=0)
    contents = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG")
        contents.append(file.getvalue())
    contents[7], contents[20] = contents[7][:50], b""
    return contents, np.where(votes.iloc[:, 0] > 0.5, "smooth", "featured")


@pytest.fixture(scope="module")
def survey(encoded, tmp_path_factory):
    """A folder tree: files, a folder of files, a ZIP and a tar archive, and other things."""
    folder = tmp_path_factory.mktemp("survey")
    (folder / "b").mkdir()
    contents, _ = encoded
    for i, content in enumerate(contents[:20]):
        (folder / f"{i:02d}.jpg").write_bytes(content)
    for i, content in enumerate(contents[20:40], 20):
        (folder / "b" / f"{i}.jpg").write_bytes(content)
    (folder / "notes.txt").write_text("no image")
    with zipfile.ZipFile(folder / "b" / "c.zip", "w") as archive:
        for i, content in enumerate(contents[40:50], 40):
            method = zipfile.ZIP_DEFLATED if i % 2 else zipfile.ZIP_STORED
            archive.writestr(f"in/{i}.jpg", content, method)
    with tarfile.open(folder / "d.tar", "w") as archive:
        for i, content in enumerate(contents[50:], 50):
            info = tarfile.TarInfo(f"./{i}.jpg")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return folder


@pytest.fixture(scope="module")
def model(encoded, survey, tmp_path_factory):
    _, labels = encoded
    pipe = make_pipeline(
        ImageReader(),
        CenterCrop(16),
        Grayscale(),
        Resize(8),
        FlattenToTensor(),
        FunctionTransformer(methodcaller("reshape", -1, 64)),
        LogisticRegression(),
    )
    images = [name for name in iter_images(survey) if not name.endswith(("07.jpg", "20.jpg"))]
    numbers = [int(Path(name).stem) for name in images]
    path = tmp_path_factory.mktemp("model") / "model.joblib"
    joblib.dump(pipe.fit(images, labels[numbers]), path)
    return path


def score(model, survey, output, **how):
    return score_catalogue(model, survey, output, **{"part_size": 8, "verbose": False, **how})


@pytest.mark.parametrize("name", ["a.CSV", "a.Parquet"])
def test_endings_in_capitals(model, survey, tmp_path, name):
    score(model, survey, tmp_path / name)
    assert (tmp_path / name).is_file()
    with pytest.raises(ValueError, match=r"a\.TXT: expected a name that ends in"):
        score(model, survey, tmp_path / "a.TXT")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.fixture(scope="module")
def expected(model, survey, tmp_path_factory):
    output = tmp_path_factory.mktemp("scores") / "scores"
    score(model, survey, output)
    return pd.read_parquet(output)


# ---------------------------------------------------------------------- sources


def test_names_from_everywhere(survey, encoded, tmp_path):
    names = list(iter_images(survey))
    relative = [os.path.relpath(name, survey) for name in names]
    assert relative[:20] == [f"{i:02d}.jpg" for i in range(20)]
    assert relative[20:30] == [f"d.tar/./{i}.jpg".replace("/./", "/") for i in range(50, 60)]
    assert relative[30:50] == [f"b/{i}.jpg" for i in range(20, 40)]
    assert relative[50:] == [f"b/c.zip/in/{i}.jpg" for i in range(40, 50)]
    reader = ImageReader().transform(names)
    for i, name in enumerate(names):
        number = int(Path(name).stem)
        if number not in (7, 20):
            whole = np.asarray(Image.open(io.BytesIO(encoded[0][number])))
            np.testing.assert_array_equal(reader[i], whole)
    assert list(iter_images(survey / "d.tar")) == names[20:30]
    table = pd.DataFrame({"galaxy": range(N), "path": names})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.rename(columns={"path": "file"}).to_parquet(tmp_path / "t.parquet")
    arrow = pa.Table.from_pandas(table)
    for source in (
        table,
        arrow,
        tmp_path / "t.csv",
        tmp_path / "t.parquet",
        names,
        np.array(names),
    ):
        assert list(iter_images(source)) == names


def test_sources_that_are_none(tmp_path):
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "a.csv").write_text("name,ra\n1,2\n")
    (tmp_path / "a.zip").write_bytes(b"PK")
    (tmp_path / "a.tar").write_bytes(b"tar" * 1000)
    for name, message in {
        "nowhere": "no folder or file",
        "a.txt": r"expected a folder, a .zip or .tar archive or a table \([^)]*\)\.$",
        "a.csv": r"expected a column with the names .* found \['name', 'ra'\]",
        "a.zip": r"a.zip: the archive is damaged",
        "a.tar": r"a.tar: the archive is damaged",
    }.items():
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            list(iter_images(tmp_path / name))


def test_damaged_member_of_an_archive(tmp_path, encoded):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.jpg", encoded[0][0])
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[200] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    (name,) = iter_images(tmp_path / "a.zip")
    with pytest.raises(ValueError, match=r"a.zip/1.jpg: the image is damaged \(its checksum"):
        ImageReader().transform([name])[0]


def test_fits_cutouts_in_shards(model, encoded, tmp_path):
    """FITS files, plain and compressed, score as in a folder when packed in archives."""
    fits = pytest.importorskip("astropy.io.fits")
    (tmp_path / "cutouts").mkdir()
    for i in range(6):
        pixels = np.asarray(Image.open(io.BytesIO(encoded[0][i])), dtype=np.float32) / 255
        name = f"{i}.fits" if i % 2 else f"{i}.fits.gz"
        fits.PrimaryHDU(np.moveaxis(pixels, -1, 0)).writeto(tmp_path / "cutouts" / name)
    (tmp_path / "cutouts" / "6.fits").write_bytes(b"SIMPLE  =")
    whole = (tmp_path / "cutouts" / "0.fits.gz").read_bytes()
    (tmp_path / "cutouts" / "7.fits.gz").write_bytes(whole[: len(whole) // 2])
    files = sorted((tmp_path / "cutouts").iterdir())
    assert list(find_images(tmp_path / "cutouts").index) == list(range(8))
    with zipfile.ZipFile(tmp_path / "shard.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    with tarfile.open(tmp_path / "shard.tar", "w") as archive:
        for file in files:
            archive.add(file, file.name)
    tables = []
    for source in ("cutouts", "shard.zip", "shard.tar"):
        done = score(model, tmp_path / source, tmp_path / f"{source}.parquet")
        assert (done.n_images, done.n_errors) == (8, 2)
        for name, message in zip(("6.fits", "7.fits.gz"), done.messages, strict=True):
            assert f"{name}: the image is damaged" in message
        tables.append(pd.read_parquet(tmp_path / f"{source}.parquet").drop(columns="error"))
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


# ------------------------------------------------------------------- on one machine


def test_scores(model, survey, expected, tmp_path):
    names = list(iter_images(survey))
    pipe = load_model(model)
    table = prediction_table(pipe, names, on_error="report")
    assert expected["file"].tolist() == [name.removeprefix(f"{survey}/") for name in names]
    columns = ["featured", "smooth"]
    np.testing.assert_allclose(expected[columns], table[columns], rtol=1e-6)
    assert expected["label"].isna().sum() == expected["error"].notna().sum() == 2
    good = expected["error"].isna().to_numpy()
    assert expected["label"][good].tolist() == table["label"][good].tolist()
    bad = expected[~good].set_index("file")["error"]
    assert "damaged" in bad["07.jpg"] and "an empty file" in bad["b/20.jpg"]
    assert expected["model"].nunique() == 1
    # A fitted pipeline serves as well as its file.
    found = score(pipe, survey, tmp_path / "scores")
    assert found[:3] == (N, 2, N) and "07.jpg" in found.messages[0]
    again = pd.read_parquet(tmp_path / "scores").drop(columns="model")
    pd.testing.assert_frame_equal(again, expected.drop(columns="model"))


def test_part_left_half_written(model, survey, expected, tmp_path):
    """As a kill leaves it: the others can be read, and nothing of it stays."""
    output = tmp_path / "scores"
    score(model, survey, output)
    (output / "part-00000002.parquet").unlink()
    (output / ".new-1-part-00000002.parquet").write_bytes(b"PAR1")
    assert len(pd.read_parquet(output)) == N - 8
    score(model, survey, output)
    assert not list(output.glob(".new*"))
    pd.testing.assert_frame_equal(pd.read_parquet(output), expected)


def test_full_disk(model, survey, expected, tmp_path, monkeypatch):
    """The file is named, what there is of it takes no room, and the run goes on once there is."""

    def fill(table, file, **how):
        Path(file).write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, "No space left on device")

    output = tmp_path / "scores"
    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", fill)
        with pytest.raises(OSError, match="part-00000000.parquet: cannot be written: No space"):
            score(model, survey, output)
    assert {path.name for path in output.iterdir()} == {"_plan.json", ".lock"}
    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.ParquetWriter", lambda file, *_, **how: fill(None, file))
        with pytest.raises(OSError, match="whole.parquet: cannot be written: No space"):
            score(model, survey, tmp_path / "whole.parquet")
    assert score(model, survey, output).n_new == N
    assert score(model, survey, tmp_path / "whole.parquet").n_new == 0
    pd.testing.assert_frame_equal(pd.read_parquet(output), expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores", "whole.parquet"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_one_file(model, survey, expected, tmp_path, suffix):
    output = tmp_path / f"scores{suffix}"
    score(model, survey, output)
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    found = pd.read_csv(output) if suffix == ".csv" else pd.read_parquet(output)
    empty = {"label": "", "error": ""}
    pd.testing.assert_frame_equal(
        found.fillna(empty),
        expected.fillna(empty),
        check_dtype=False,
        check_categorical=False,
        rtol=1e-6,
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_finished_file(model, survey, tmp_path, suffix, monkeypatch):
    """It is left as it is, and nothing is scored again."""
    output = tmp_path / f"scores{suffix}"
    names = [*iter_images(survey), str(tmp_path / "NA"), str(tmp_path / 'a,"b\nc.jpg'), ""]
    assert score(model, names, output)[:3] == (N + 3, 5, N + 3)
    content = output.read_bytes()
    monkeypatch.setattr(
        "galaxy_sklearn.scoring._catalogue._score_parts", lambda *args: pytest.fail("it scored")
    )
    assert score(model, names, output)[:4] == (N + 3, 5, 0, ())
    assert score(load_model(model), names, output).n_new == 0
    other = load_model(model).set_params(resize__size=(8, 8))
    for change, message in (
        ({"model": other}, "exists and holds predictions of the model '.*', not '"),
        ({"survey": names[1:]}, "exists and holds other images than those listed now"),
    ):
        with pytest.raises(ValueError, match=message):
            score(**{"model": model, "survey": names, "output": output, **change})
    assert output.read_bytes() == content
    output.write_text("something,else\n1,2\n")
    with pytest.raises(ValueError, match="exists and holds no predictions"):
        score(model, names, output)
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_one_owner_at_a_time(model, survey, expected, tmp_path):
    """A run is refused what another one is writing; the other one is not disturbed."""
    code = HELD.format(model=str(model), images=str(survey), output=str(tmp_path / "scores"))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"begun\n"
        with pytest.raises(BlockingIOError, match="scores is being written by another process"):
            score(model, survey, tmp_path / "scores")
        other.communicate(b"go on\n")
    assert other.returncode == 0
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "scores"), expected)


HELD = """
from galaxy_sklearn.scoring import _catalogue
write = _catalogue.write_part
def wait(*args):
    print("begun", flush=True)
    input()
    _catalogue.write_part = write
    return write(*args)
_catalogue.write_part = wait
_catalogue.score_catalogue({model!r}, {images!r}, {output!r}, part_size=8, verbose=False)
"""


def test_parts_of_several_chunks(model, survey, expected, tmp_path, monkeypatch):
    monkeypatch.setattr("galaxy_sklearn.scoring._catalogue.CHUNK", 3)
    assert score(model, survey, tmp_path / "scores")[:3] == (N, 2, N)
    sizes = [len(pd.read_parquet(part)) for part in sorted((tmp_path / "scores").glob("part-*"))]
    assert sizes == [8] * 7 + [4]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "scores"), expected, rtol=1e-5)


def test_nothing_is_done_twice(model, survey, tmp_path):
    assert score(model, survey, tmp_path / "scores").n_new == N
    parts = sorted((tmp_path / "scores").glob("part-*"))
    times = [path.stat().st_mtime_ns for path in parts]
    parts[2].unlink()
    assert score(model, survey, tmp_path / "scores")[:3] == (N, 2, 8)
    assert [p.stat().st_mtime_ns for p in parts[:2] + parts[3:]] == times[:2] + times[3:]


KILLED = """
import os, sys, threading, time
from galaxy_sklearn.scoring import _catalogue
def die():
    time.sleep({after})
    os.kill(os.getpid(), 9)
prepare, write = _catalogue._prepared, _catalogue.write_part
def slow(*args):
    time.sleep(0.05)
    return write(*args)
_catalogue.write_part = slow
def begin(*args):
    threading.Thread(target=die, daemon=True).start()
    return prepare(*args)
_catalogue._prepared = begin
_catalogue.score_catalogue({model!r}, {images!r}, {output!r}, part_size=2, verbose=False)
"""


def test_killed_at_any_moment(model, survey, expected, tmp_path):
    output = tmp_path / "scores"
    rounds, rng = 0, np.random.default_rng(0)
    for rounds in itertools.count(1):
        code = KILLED.format(
            after=rng.uniform(0.2, 0.8), model=str(model), images=str(survey), output=str(output)
        )
        process = subprocess.run([sys.executable, "-c", code], check=False)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, "the run failed before it was killed"
        assert rounds < 60, "60 runs were killed before one came to its end"
    assert rounds > 2
    pd.testing.assert_frame_equal(pd.read_parquet(output), expected, rtol=1e-5)


def test_output_begun_with_something_else(model, survey, tmp_path):
    output = tmp_path / "scores"
    names = list(iter_images(survey))
    score(model, names, output)
    # It is the same model, however it is given.
    assert score(load_model(model), names, output).n_new == 0
    other = tmp_path / "other.joblib"
    joblib.dump(load_model(model).set_params(resize__size=(8, 8)), other)
    for change, message in (
        ({"model": other}, "begun with model="),
        ({"part_size": 9}, "begun with part_size=8, not 9"),
        ({"survey": names[1:]}, r"part-00000000.parquet holds other images .*from '.*01.jpg'"),
        ({"survey": names[:40]}, "holds 3 parts more than the 40 images need"),
        ({"survey": []}, "There are no images"),
        ({"output": tmp_path / "no" / "scores"}, "there is no folder"),
        ({"model": tmp_path / "no.joblib"}, "no model file"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            score(**{"model": model, "survey": names, "output": output, **change})
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ValueError, match="no images"):
        score(model, tmp_path / "scores", tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_processes_give_the_same_numbers(model, survey, expected, tmp_path):
    found = score(model, survey, tmp_path / "scores", n_workers=2)
    assert found[:3] == (N, 2, N)
    # To rounding, which depends on the number of threads.
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "scores"), expected, rtol=1e-5)


def test_processes_report_what_is_wrong(model, survey, tmp_path):
    """An error stops the work, wherever it happens: in a worker, or while images are listed."""
    (tmp_path / "other.skops").write_bytes(b"pickle")
    with pytest.raises(ValueError, match="expected a file of save_model"):
        score(tmp_path / "other.skops", survey, tmp_path / "a", n_workers=2)
    names = list(iter_images(survey))
    score(model, names, tmp_path / "b", part_size=1)
    for part in sorted((tmp_path / "b").glob("part-*"))[:10]:
        part.unlink()  # or no worker would be busy when the others are looked at
    names[40:42] = names[41:39:-1]
    with pytest.raises(ValueError, match="part-00000040.parquet holds other images"):
        score(model, names, tmp_path / "b", part_size=1, n_workers=2)
    with pytest.raises(ValueError, match="n_workers must be an int other than 0, or None, got 0"):
        score(model, names, tmp_path / "c", n_workers=0)
    with pytest.raises(ValueError, match="n_workers=2 are processes .* scheduler='tcp://a:1'"):
        score(model, names, tmp_path / "c", n_workers=2, scheduler="tcp://a:1")


def test_a_folder_has_many_names(model, survey, tmp_path, monkeypatch):
    """What was begun under one of them goes on under another."""
    monkeypatch.chdir(survey.parent)
    score(model, survey.name, tmp_path / "scores", part_size=7)
    (tmp_path / "scores" / "part-00000003.parquet").unlink()
    for name in (f"./{survey.name}", f"{survey.name}//", survey):
        assert score(model, name, tmp_path / "scores", part_size=7).n_new in (0, 7)
    files = pd.read_parquet(tmp_path / "scores")["file"]
    assert not files.str.startswith("/").any() and files.is_unique and len(files) == N


def test_names_that_are_not_utf8(model, encoded, tmp_path):
    (tmp_path / "images").mkdir()
    with open(os.fsencode(tmp_path / "images") + b"/caf\xe9.jpg", "wb") as file:  # noqa: PTH123
        file.write(encoded[0][0])
    found = score(model, tmp_path / "images", tmp_path / "scores")
    assert found.n_images == 1 and found.n_errors == 0
    assert pd.read_parquet(tmp_path / "scores")["file"].tolist() == ["caf\\xe9.jpg"]
    assert score(model, tmp_path / "images", tmp_path / "scores").n_new == 0


def test_what_a_loss_of_power_leaves(model, survey, tmp_path):
    score(model, survey, tmp_path / "scores", part_size=7)
    (tmp_path / "scores" / "part-00000002.parquet").write_bytes(b"")
    assert score(model, survey, tmp_path / "scores", part_size=7).n_new == 7
    (tmp_path / "scores" / "_plan.json").write_bytes(b"")
    with pytest.raises(ValueError, match=r"_plan\.json is damaged: delete the folder"):
        score(model, survey, tmp_path / "scores", part_size=7)


def test_what_is_cheap_is_checked_first(model, survey, tmp_path, monkeypatch):
    score(model, survey, tmp_path / "scores", part_size=7)
    (tmp_path / "scores" / "part-00000001.parquet").unlink()
    monkeypatch.setattr(
        "galaxy_sklearn.scoring._catalogue._score_parts", lambda *args: pytest.fail("it scored")
    )
    fewer = list(iter_images(survey))[:20]
    with pytest.raises(ValueError, match="holds 5 parts more than the 20 images need"):
        score(model, fewer, tmp_path / "scores", part_size=7)
    with pytest.raises(FileNotFoundError, match="no model file"):
        score(tmp_path / "no.joblib", tmp_path / "no images", tmp_path / "scores")


def test_what_a_kill_leaves_of_one_file(model, survey, tmp_path):
    """Parts after the file was finished, and half of the file beside it."""
    output = tmp_path / "scores.csv"
    score(model, survey, output)
    folder = tmp_path / "scores.csv.parts"
    folder.mkdir()
    (folder / "part-00000000.parquet").touch()
    (tmp_path / ".new-1-scores.csv").touch()
    (tmp_path / ".new-1-other.csv").touch()
    assert score(model, survey, output).n_new == 0
    assert not folder.exists()
    output.unlink()
    score(model, survey, output)
    assert {path.name for path in tmp_path.iterdir()} == {"scores.csv", ".new-1-other.csv"}


def test_a_damaged_part_is_named(model, survey, tmp_path, monkeypatch):
    score(model, survey, tmp_path / "scores")
    part = tmp_path / "scores" / "part-00000001.parquet"
    content = bytearray(part.read_bytes())
    content[100:400] = bytes(300)
    part.write_bytes(content)
    (tmp_path / "scores").rename(tmp_path / "whole.csv.parts")
    with pytest.raises(ValueError, match="part-00000001.parquet is damaged .*: delete it"):
        score(model, survey, tmp_path / "whole.csv")


def test_a_model_is_what_it_is(model, survey, tmp_path):
    """Not how it shows progress, and not what its file becomes during the run."""
    pipe = load_model(model)
    first = score(pipe, survey, tmp_path / "scores")
    pipe.set_params(flattentotensor__verbose=True, flattentotensor__n_jobs=2)
    assert first.n_new == N and score(pipe, survey, tmp_path / "scores").n_new == 0
    assert pipe.get_params()["flattentotensor__verbose"] is True
    (tmp_path / "scores" / "_plan.json").write_text("[]")
    with pytest.raises(ValueError, match=r"was begun with model=None|is damaged"):
        score(pipe, survey, tmp_path / "scores")


def test_model_file_written_again(model, survey, expected, tmp_path):
    """Another model under the name of one that was used before in this process."""
    path = tmp_path / "model.joblib"
    path.write_bytes(model.read_bytes())
    score(path, survey, tmp_path / "a")
    pipe = load_model(model)
    pipe[-1].coef_ *= -1
    joblib.dump(pipe, path)
    score(path, survey, tmp_path / "b")
    first, second = (pd.read_parquet(tmp_path / name) for name in "ab")
    assert first["smooth"].equals(expected["smooth"])
    assert not second["smooth"].equals(first["smooth"])


def test_wrong_model_leaves_no_output(survey, tmp_path):
    save_model(make_pipeline(CenterCrop(4)), tmp_path / "steps.skops")
    (tmp_path / "text.skops").write_bytes(b"text")
    for name, message in {
        "steps.skops": "model must have predict_proba, got Pipeline",
        "text.skops": "text.skops: expected a file of save_model",
    }.items():
        with pytest.raises(ValueError, match=message):
            score(tmp_path / name, survey, tmp_path / "scores")
    assert not (tmp_path / "scores").exists()


def test_progress(model, survey, tmp_path, capfd):
    score(model, survey, tmp_path / "a")
    assert capfd.readouterr() == ("", "")
    score(model, survey, tmp_path / "b", verbose=True)
    shown = capfd.readouterr().err
    assert f"{N}/{N}" in shown and "images/s" in shown and "errors=2" in shown
    (tmp_path / "b" / "part-00000003.parquet").unlink()
    score(model, survey, tmp_path / "b", verbose=True)
    shown = capfd.readouterr().err
    assert f"{N}/{N}" in shown and "errors=2" in shown  # those of the first run are counted
    names = list(iter_images(survey))
    prediction_table(load_model(model), names, on_error="report")
    assert capfd.readouterr() == ("", "")
    prediction_table(load_model(model), names, on_error="report", verbose=True)
    assert f"{N}/{N}" in capfd.readouterr().err


def test_the_first_errors_are_told(model, tmp_path):
    """Ten of any number, those of the first images; all of them are in the table."""
    names = [str(tmp_path / f"{i}.jpg") for i in range(26)]
    found = score(model, names, tmp_path / "scores")
    assert found[:3] == (26, 26, 26)
    assert list(found.messages) == [f"No image file {name!r}." for name in names[:10]]
    table = pd.read_parquet(tmp_path / "scores")
    assert table["error"].tolist() == [f"No image file {name!r}." for name in names]
    assert table[["featured", "smooth", "label"]].isna().all(axis=None)


def test_who_scores(model, survey, expected, tmp_path, monkeypatch):
    """This process, others if there are several, or a cluster: as it is told, with one outcome."""
    asked = []

    def others(score, parts, **how):
        asked.append(how)
        return map(score, parts)

    monkeypatch.setattr("galaxy_sklearn.scoring._catalogue.run_in_processes", others)
    monkeypatch.setattr("galaxy_sklearn.scoring._catalogue.run_on_dask", others)
    several, cluster = {"n_workers": 2}, {"scheduler": "tcp://a:1"}
    for i, how in enumerate(({}, {"n_workers": 1}, several, cluster)):
        assert score(model, survey, tmp_path / f"{i}", **how)[:3] == (N, 2, N)
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{i}"), expected)
    assert asked == [several, cluster]


def test_a_file_that_cannot_be_begun(tmp_path):
    """What fails without a number, before anything is written: the file is named, and stays."""
    (tmp_path / "a.txt").write_text("old")
    with (
        pytest.raises(OSError, match=r"a\.txt: cannot be written: no room$") as caught,
        written_whole(tmp_path / "a.txt"),
    ):
        raise OSError("no room")
    assert caught.value.errno == errno.EIO
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize(("n_jobs", "expected"), [(None, 3), (2, 2)])
def test_threads_that_read_images(model, survey, tmp_path, monkeypatch, n_jobs, expected):
    """Those of the pipeline, or as many as are asked for; the pipeline stays as it is."""
    names = {"flattentotensor": "tensor"}
    pipe = Pipeline([(names.get(name, name), step) for name, step in load_model(model).steps])
    pipe.set_params(tensor__n_jobs=3, tensor__verbose=True)
    used, transform = [], FlattenToTensor.transform

    def watched(step, X):
        used.append((step.n_jobs, step.verbose))
        return transform(step, X)

    monkeypatch.setattr(FlattenToTensor, "transform", watched)
    assert score(pipe, survey, tmp_path / "scores", n_jobs=n_jobs).n_new == N
    assert set(used) == {(expected, False)}
    assert pipe["tensor"].get_params()["n_jobs"] == 3 and pipe["tensor"].verbose


# ------------------------------------------------------------------------ on a cluster

pytest.importorskip("distributed")


@pytest.fixture
def cluster():
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


def test_cluster_gives_the_same_numbers(model, survey, expected, tmp_path, cluster):
    output = tmp_path / "scores"
    found = score(model, survey, output, scheduler=cluster.scheduler_address)
    assert found[:3] == (N, 2, N)
    pd.testing.assert_frame_equal(pd.read_parquet(output), expected, rtol=1e-5)


def test_worker_killed_and_worker_joining(model, survey, expected, tmp_path, cluster):
    import threading

    output = tmp_path / "scores"
    killed = []

    def disturb():
        deadline = time.monotonic() + 300
        while len(list(output.glob("part-*.parquet"))) < 3:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        killed.append(next(iter(cluster.workers.values())).pid)
        os.kill(killed[0], signal.SIGKILL)
        cluster.scale(3)

    thread = threading.Thread(target=disturb)
    thread.start()
    found = score(model, survey, output, part_size=1, scheduler=cluster.scheduler_address)
    thread.join()
    assert killed, "the first three parts did not appear in time"
    assert found[:3] == (N, 2, N)
    pd.testing.assert_frame_equal(pd.read_parquet(output), expected, rtol=1e-5)
    others = {path.name for path in output.iterdir() if not path.name.startswith("part-")}
    assert others == {"_plan.json", ".lock"}


def test_grid_search_on_a_cluster(model, survey, encoded, cluster):
    from dask.distributed import Client

    names = [name for name in iter_images(survey) if not name.endswith(("07.jpg", "20.jpg"))]
    labels = encoded[1][[int(Path(name).stem) for name in names]]
    search = GridSearchCV(load_model(model), {"centercrop__size": [16, 24]}, cv=2)
    alone = clone(search).fit(names, labels).cv_results_["mean_test_score"]
    with Client(cluster), joblib.parallel_config("dask"):
        found = search.fit(names, labels).cv_results_["mean_test_score"]
    np.testing.assert_allclose(found, alone, atol=0.1)  # other numbers of threads round otherwise
