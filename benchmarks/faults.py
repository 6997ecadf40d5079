"""Score a survey while everything goes wrong, and count what came of each image.

    python benchmarks/faults.py --images 20000 --kills 50

A survey of files, ZIP and tar archives is made, one image in a hundred of which is bad in one of
many ways. It is scored by processes that are killed at random moments, that start two at a time,
and whose disk is full now and then (a small tmpfs, if the user may mount one). In the end each
image must stand in the output exactly once, with the right answer or its error. The exit status is
1 if one does not.
"""

import argparse
import io
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from operator import methodcaller
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from galaxy_sklearn import FlattenToTensor, Grayscale, ImageReader, Resize
from galaxy_sklearn.datasets import iter_images, make_galaxies
from galaxy_sklearn.scoring import prediction_table

N_GALAXIES, SIZE, PART = 200, 48, 100
RUN = """
import sys
from galaxy_sklearn.scoring import score_catalogue
score_catalogue(*sys.argv[1:4], part_size=int(sys.argv[4]), verbose=False)
"""


def jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    return file.getvalue()


def bomb():
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    return file.getvalue()


def bad_contents(content):
    """Return contents that are no image, of the kinds that were met."""
    middle = len(content) // 2
    header = b"".join(
        card.encode().ljust(80) for card in ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "END")
    )
    return [
        b"",
        content[:middle],
        content[:middle] + b"\xff\xd9",
        content[:middle] + bytes(512) + content[middle + 512 :],
        content[: content.index(b"\xff\xc0") + 5]  # the height and width of the header
        + b"\xff\xdc\xff\xdc"
        + content[content.index(b"\xff\xc0") + 9 :],
        b"<html>429 Too Many Requests</html>",
        bomb(),
        header.ljust(2880),
        b"\x1f\x8b" + content,
    ]


def make_survey(folder, n_images, rng):
    """Write the survey; return, by name, the galaxy of each good image and None for bad ones."""
    images, _ = make_galaxies(N_GALAXIES, image_size=SIZE, random_state=0)
    contents = [jpeg(image) for image in images]
    bad = bad_contents(contents[0])
    galaxies = {}
    archives = {
        "b.zip": zipfile.ZipFile(folder / "b.zip", "w"),
        "c.tar": tarfile.open(folder / "c.tar", "w"),  # noqa: SIM115
    }
    for i in range(n_images):
        is_bad = rng.random() < 0.01
        galaxy = None if is_bad else int(rng.integers(N_GALAXIES))
        content = bad[rng.integers(len(bad))] if is_bad else contents[galaxy]
        place, name = rng.choice(["a", "b.zip", "c.tar"]), f"{i}.jpg"
        if place == "a":
            (folder / "a" / f"{i % 100}").mkdir(parents=True, exist_ok=True)
            name = f"{i % 100}/{i}.jpg"
            if is_bad and rng.random() < 0.2:
                (folder / place / name).symlink_to("nowhere.jpg")
            else:
                (folder / place / name).write_bytes(content)
        elif place == "b.zip":
            archives[place].writestr(name, content, zipfile.ZIP_DEFLATED)
        else:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archives[place].addfile(info, io.BytesIO(content))
        galaxies[f"{place}/{name}"] = galaxy
    for archive in archives.values():
        archive.close()
    with open(os.fsencode(folder) + b"/a/caf\xe9.jpg", "wb") as file:  # noqa: PTH123
        file.write(contents[0])
    galaxies["a/caf\\xe9.jpg"] = 0
    (folder / "d.zip").write_bytes((folder / "b.zip").read_bytes()[:-100])
    galaxies["d.zip"] = None
    return images, galaxies


def make_model(images, path):
    model = make_pipeline(
        ImageReader(),
        Grayscale(),
        Resize(12),
        FlattenToTensor(),
        FunctionTransformer(methodcaller("reshape", -1, 12 * 12)),
        LogisticRegression(max_iter=200),
    )
    light = images.mean(axis=(1, 2, 3))
    model.fit(images, np.where(light > np.median(light), "bright", "faint"))
    joblib.dump(model, path)
    return model


class Runs:
    """Processes that score the survey, and what became of them."""

    def __init__(self, *arguments):
        self.arguments = [str(argument) for argument in arguments]
        self.counts = dict.fromkeys(("killed", "refused", "disk full", "finished"), 0)

    def start(self):
        code = f"import sys; sys.path[:0] = {sys.path[:1]!r}{RUN}"
        return subprocess.Popen(
            [sys.executable, "-c", code, *self.arguments], stderr=subprocess.PIPE, text=True
        )

    def end(self, process):
        """Wait for a process and count how it ended; return whether it finished."""
        _, said = process.communicate()
        if process.returncode == 0:
            kind = "finished"
        elif process.returncode == -signal.SIGKILL:
            kind = "killed"
        elif "is being written by another process" in said:
            kind = "refused"
        elif "cannot be written: " in said and "No space left" in said:
            kind = "disk full"
        else:
            sys.exit(f"a run ended in another way:\n{said}")
        self.counts[kind] += 1
        return kind == "finished"


def torment(runs, output, n_parts, n_kills, rng):
    """Kill, collide and fill the disk until the number of kills is reached."""
    parts = output.with_name(f"{output.name}.parts")
    filler = output.parent / "filler"
    full = is_small(output.parent)
    while runs.counts["killed"] < n_kills and not output.exists():
        if full and rng.random() < 0.2:
            fill(filler)
            runs.end(runs.start())
            filler.unlink()
        done = sum(1 for _ in parts.glob("part-*")) if parts.exists() else 0
        goal = done + rng.integers(2 * (n_parts - done) // (n_kills + 1) + 2)
        processes = [runs.start() for _ in range(1 + (rng.random() < 0.2))]
        deadline = time.monotonic() + rng.uniform(3, 20)
        while (
            any(process.poll() is None for process in processes)
            and time.monotonic() < deadline
            and (not parts.exists() or sum(1 for _ in parts.glob("part-*")) < goal)
        ):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.05))
        for process in processes:
            process.kill()
            runs.end(process)
        print(runs.counts, f"{goal} of {n_parts} parts", flush=True)


def is_small(folder):
    return os.statvfs(folder).f_blocks * os.statvfs(folder).f_frsize < 1e9


def fill(filler):
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def check(output, expected, galaxies):
    """Compare the output with what each image must have; return the number of faults."""
    found = pd.read_csv(output, keep_default_na=False, na_values=["", "nan"], dtype={"file": str})
    faults = {
        "missing": len(galaxies.keys() - set(found["file"])),
        "more than once": int(found["file"].duplicated().sum()),
        "unknown": len(set(found["file"]) - galaxies.keys()),
    }
    galaxy = found["file"].map(galaxies)
    bad = galaxy.isna()
    faults["bad without an error"] = int(found.loc[bad, "error"].isna().sum())
    faults["good with an error"] = int(found.loc[~bad, "error"].notna().sum())
    right = expected["bright"].to_numpy()[galaxy[~bad].astype(int)]
    faults["wrong"] = int((~np.isclose(found.loc[~bad, "bright"], right, atol=1e-6)).sum())
    print(f"{len(found)} images, {bad.sum()} of them bad")
    print(pd.Series(faults).to_string())
    return sum(faults.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "survey").mkdir()
        (folder / "small").mkdir()
        images, galaxies = make_survey(folder / "survey", arguments.images, rng)
        model = make_model(images, folder / "model.joblib")
        good = [folder / f"{i}.jpg" for i in range(N_GALAXIES)]
        for path, image in zip(good, images, strict=True):
            path.write_bytes(jpeg(image))
        expected = prediction_table(model, [str(path) for path in good])
        small = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder / "small"], check=False
        )
        if small.returncode:
            print("no tmpfs can be mounted: the disk is not filled")
        try:
            output = folder / "small" / "scores.csv"
            runs = Runs(folder / "model.joblib", folder / "survey", output, PART)
            n_parts = -(-len(list(iter_images(folder / "survey"))) // PART)
            torment(runs, output, n_parts, arguments.kills, rng)
            runs.end(runs.start())
            assert not output.with_name("scores.csv.parts").exists()
            print(runs.counts)
            return int(check(output, expected, galaxies) > 0)
        finally:
            if not small.returncode:
                subprocess.run(["umount", folder / "small"], check=True)


if __name__ == "__main__":
    sys.exit(main())
