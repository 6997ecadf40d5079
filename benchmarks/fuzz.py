"""Mutated images, archives, tables and model files through the readers.

    python benchmarks/fuzz.py [--count 200000] [--seconds 600] [--seed 0] [--images DIR]
                              [--only ENDING ...]

A file is read rightly or refused with an error that names it: whatever else comes out is kept in
the folder fuzz-found and makes the command fail, as does a file that takes longer than ten seconds
or a mutated JPEG file that is accepted although simplejpeg's strict mode refuses it (but for
filling at its end), or a mutated model file that gives another model. The same seed makes the same
files. With --images some real files are mutated as well.
"""

import argparse
import gzip
import io
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import simplejpeg
from astropy.io import fits
from PIL import Image
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from galaxy_sklearn import GZ2, FlattenToTensor
from galaxy_sklearn.datasets import load_galaxy_zoo, make_galaxies
from galaxy_sklearn.images import iter_images, read_image
from galaxy_sklearn.sharing import load_model, save_model

FOUND = Path("fuzz-found")
LONGEST = 10.0
# One that loads in milliseconds.
MODEL = make_pipeline(FlattenToTensor(), DummyClassifier()).fit(np.zeros((3, 4, 4)), [0, 1, 1])
FILLING = "extraneous bytes before marker 0xd9"


def seeds(folder):
    """Return whole files, by the ending of their names."""
    picture = make_galaxies(1, image_size=48, random_state=0)[0][0]
    gray = picture[..., 0].astype(np.float32)
    files = {".jpg": [], ".png": [], ".tif": [], ".fits": [], ".zip": [], ".tar": [], ".csv": []}
    for how in ({}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}):
        files[".jpg"].append(_encoded(picture, "JPEG", **how))
    files[".png"] += [_encoded(picture, "PNG"), _encoded(picture[..., 0], "PNG")]
    files[".tif"] += [_encoded(picture, "TIFF"), _encoded(gray, "TIFF")]
    for unit in (fits.PrimaryHDU(gray), fits.CompImageHDU(picture[..., 0].astype(np.int16))):
        file = io.BytesIO()
        units = [unit] if isinstance(unit, fits.PrimaryHDU) else [fits.PrimaryHDU(), unit]
        fits.HDUList(units).writeto(file)
        files[".fits"] += [file.getvalue(), gzip.compress(file.getvalue())]
    for ending in (".zip", ".tar"):
        file = io.BytesIO()
        if ending == ".zip":
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for i, content in enumerate(files[".jpg"]):
                    archive.writestr(f"{i}.jpg", content)
        else:
            with tarfile.open(fileobj=file, mode="w") as archive:
                for i, content in enumerate(files[".jpg"]):
                    info = tarfile.TarInfo(f"{i}.jpg")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        files[ending].append(file.getvalue())
    votes = make_galaxies(4, image_size=8, random_state=0)[1]
    votes.insert(0, "objid", range(1, 5))
    text = votes.to_csv(index=False).encode()
    parquet = io.BytesIO()
    votes.to_parquet(parquet)
    files[".csv"] += [text, gzip.compress(text), text.decode().encode("utf-16"), parquet.getvalue()]
    with tempfile.TemporaryDirectory() as place:
        save_model(MODEL, Path(place) / "m.skops")
        files[".skops"] = [(Path(place) / "m.skops").read_bytes()]
    if folder is not None:
        files[".jpg"] += [path.read_bytes() for path in sorted(folder.glob("*.jpg"))[:20]]
    return files


def _encoded(image, kind, **how):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **how)
    return file.getvalue()


def mutate(content, rng):
    """Change, cut, fill or repeat some bytes."""
    content = bytearray(content)
    kind = rng.integers(5)
    place = int(rng.integers(len(content)))
    if kind <= 1:
        for where in rng.integers(0, len(content), 1 + int(rng.integers(8))):
            content[where] = rng.integers(256)
    elif kind == 2:
        del content[place:]
    elif kind == 3:
        n = int(rng.integers(1, 600))
        content[place : place + n] = bytes(min(n, len(content) - place))
    else:
        content[place:place] = content[place : place + int(rng.integers(1, 200))]
    return bytes(content)


def images_in(path):
    """Read what an archive lists; each image is right or refused by itself."""
    for name in iter_images(path):
        _named(read_image, name)


def votes_in(path):
    """Join a table of votes with four images."""
    images = path.parent / "images"
    data = load_galaxy_zoo(images, path)
    fractions = data.target.to_numpy()
    assert np.nanmin(fractions, initial=0) >= -1e-6 and np.nanmax(fractions, initial=0) <= 1 + 1e-6
    assert fractions.shape[1] == len(GZ2.answer_names)


def model_in(path):
    """Load a model, which is the one that was saved."""
    expected = MODEL.predict_proba(np.zeros((1, 4, 4)))
    np.testing.assert_array_equal(load_model(path).predict_proba(np.zeros((1, 4, 4))), expected)


def _named(read, path):
    """Read; return True if the file was refused by name."""
    try:
        read(path)
    except (OSError, ValueError) as error:
        if str(path) not in str(error):
            raise AssertionError(f"the error does not name the file: {error}") from error
        return True
    return False


def check(path, content):
    """Return whether a file was refused; raise what must not be."""
    ending = path.suffix
    if ending in (".zip", ".tar"):
        return _named(images_in, path)
    if ending == ".csv":
        return _named(votes_in, path)
    if ending == ".skops":
        return _named(model_in, path)
    refused = _named(read_image, str(path))
    if ending == ".jpg" and not refused and content[:2] == b"\xff\xd8":
        try:
            simplejpeg.decode_jpeg(content)
        except ValueError as error:
            known = FILLING in str(error) or "subsampling" in str(error).lower()
            assert known, f"accepted, though the strict decoder says {error}"
    return refused


def main():
    """Mutate and read until count or time is reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=Path, metavar="DIR")
    parser.add_argument("--only", nargs="+", metavar="ENDING", help="such as .skops")
    arguments = parser.parse_args()
    files, totals, refusals, failures = seeds(arguments.images), Counter(), Counter(), 0
    endings, end = arguments.only or list(files), time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (Path(folder) / "images").mkdir()
        for i in range(1, 5):
            (Path(folder) / "images" / f"{i}.jpg").write_bytes(b"")
        for n in range(arguments.count):
            if time.monotonic() > end:
                break
            rng = np.random.default_rng([arguments.seed, n])
            ending = endings[n % len(endings)]
            content = mutate(files[ending][rng.integers(len(files[ending]))], rng)
            path = Path(folder) / f"file{ending}"
            path.write_bytes(content)
            start = time.monotonic()
            totals[ending] += 1
            try:
                refusals[ending] += check(path, content)
                assert time.monotonic() - start < LONGEST, "it took more than ten seconds"
            except Exception as error:
                failures += 1
                FOUND.mkdir(exist_ok=True)
                (FOUND / f"{arguments.seed}-{n}{ending}").write_bytes(content)
                print(f"{arguments.seed}-{n}{ending}: {type(error).__name__}: {error}"[:300])
    table = pd.DataFrame({"files": totals, "refused": refusals})
    print(table.to_string())
    print(f"{sum(totals.values())} files, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
