"""Cost of scoring a survey: rates of one core, core-hours and bytes (docs/scale.md).

    python benchmarks/scale.py IMAGES

IMAGES is a folder of JPEG files of 424 x 424 pixels. Times are CPU times of one thread.
"""

import argparse
import io
import os
import tarfile
import tempfile
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
os.environ["TF_NUM_INTEROP_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import pandas as pd

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import iter_images, make_galaxies
from galaxy_sklearn.scoring import score_catalogue

N_SCORED = 512
READING = "reading, cropping and resizing in colour"
PART = 16_384


def cpu(run, n):
    """Return the CPU time per image of the second run, in microseconds."""
    run()
    start = time.process_time()
    run()
    return (time.process_time() - start) / n * 1e6


def listing(images, folder):
    """Time listing the names of images."""
    names = pd.DataFrame({"path": [f"/survey/tile-7/{i}.jpg" for i in range(300_000)]})
    names.to_parquet(folder / "names.parquet")
    with tarfile.open(folder / "shard.tar", "w") as archive:
        for i in range(30_000):
            info = tarfile.TarInfo(f"{i}.jpg")
            info.size = 1000
            archive.addfile(info, io.BytesIO(bytes(1000)))
    n_files = len(list(images.glob("*.jpg")))
    sources = {
        "listing a folder": (images, n_files),
        "listing a Parquet table of paths": (folder / "names.parquet", len(names)),
        "listing a tar archive": (folder / "shard.tar", 30_000),
    }
    return {
        name: cpu(lambda source=source: sum(1 for _ in iter_images(source)), n)
        for name, (source, n) in sources.items()
    }


def scoring(paths):
    """Time reading and predicting."""
    some, votes = paths[:N_SCORED], make_galaxies(64, image_size=8, random_state=0)[1]
    times = {}
    for policy in ("float32", "mixed_bfloat16"):
        pipe = make_galaxy_pipeline(random_state=0).set_params(
            classifier__epochs=1,
            classifier__validation_fraction=0,
            classifier__dtype_policy=policy,
        )
        pipe.fit(some[:64], votes)
        read = partial(pipe[:-1].transform, some)
        if not times:
            times[READING] = cpu(read, len(some))
        tensor = read()
        for symmetric, orientations in (
            (True, "mean of eight orientations"),
            (False, "one orientation"),
        ):
            pipe[-1].set_params(symmetric=symmetric)
            predict = partial(pipe[-1].predict_proba, tensor)
            times[f"predicting, {orientations}, {policy}"] = cpu(predict, len(some))
    return times, pipe


def main():
    """Print the rates and the costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    images = parser.parse_args().images
    files = sorted(images.glob("*.jpg"))
    n_bytes = sum(file.stat().st_size for file in files) / len(files)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        times = listing(images, folder)
        scored, pipe = scoring([str(file) for file in files])
        score_catalogue(pipe, images, folder / "scores.parquet", verbose=False)
        row = (folder / "scores.parquet").stat().st_size / len(files)
    print("| | us per image |\n|---|---|")
    for name, us in (times | scored).items():
        print(f"| {name} | {us:,.{0 if us > 10 else 1}f} |")
    reading, eight, one = (
        scored[name]
        for name in (
            READING,
            "predicting, mean of eight orientations, mixed_bfloat16",
            "predicting, one orientation, mixed_bfloat16",
        )
    )
    print(f"\n{n_bytes:.0f} bytes per JPEG file, {row:.0f} bytes per row of Parquet\n")
    print(
        "| images | core-hours: eight orientations / one (bfloat16) | GB read | GB written "
        "| parts | listing a tar archive twice, h |\n|---|---|---|---|---|---|"
    )
    for exponent in (6, 8, 10):
        n = 10**exponent
        hours = [(reading + predicting) * n / 3.6e9 for predicting in (eight, one)]
        print(
            f"| 10^{exponent} | {hours[0]:,.1f} / {hours[1]:,.1f} | {n * n_bytes / 1e9:,.0f} | "
            f"{n * row / 1e9:,.1f} | {-(-n // PART):,} | "
            f"{2 * times['listing a tar archive'] * n / 3.6e9:.2f} |"
        )


if __name__ == "__main__":
    main()
