"""Speed of each step compared with other packages in the same run: docs/performance.md.

    python benchmarks/performance.py [--images DIR] [--quick] [--only SECTION ...]

The candidates of a section take turns (A B C A B C ...); the table shows medians and ratios.
Without a folder of JPEG files of 424 x 424 pixels, simulated ones are used. Packages that are not
installed (OpenCV, ONNX Runtime, skorch with PyTorch) are left out.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

THREADS = os.cpu_count()


def take_turns(candidates, rounds):
    """Time functions in turns; return the median wall and CPU seconds of each."""
    wall = {name: [] for name in candidates}
    cpu = {name: [] for name in candidates}
    for run in candidates.values():
        run()
    for _ in range(rounds):
        for name, run in candidates.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - start_cpu)
    return {name: (np.median(wall[name]), np.median(cpu[name])) for name in candidates}


def table(title, times, ours, n, unit="us", note=""):
    """Format medians and ratios as Markdown."""
    scale = {"us": 1e6, "ms": 1e3, "s": 1.0}[unit]
    lines = [f"## {title}", ""]
    if note:
        lines += [note, ""]
    lines += [
        f"| | wall, {unit} | CPU, {unit} | wall / ours | CPU / ours |",
        "|---|---|---|---|---|",
    ]
    for name, (wall, cpu) in times.items():
        ratios = f"{wall / times[ours][0]:.2f} | {cpu / times[ours][1]:.2f}"
        bold = "**" if name == ours else ""
        lines.append(
            f"| {bold}{name}{bold} | {wall / n * scale:.4g} | {cpu / n * scale:.4g} | {ratios} |"
        )
    text = "\n".join([*lines, ""])
    print(text, flush=True)
    return text


# ------------------------------------------------------------------------- reading

DEFAULT = "equivariant, one look (the default)"
ON_THREADS = """\
On two threads the steps after the decoding lose to OpenCV. Decoding alone shares two cores evenly,
but the twenty NumPy calls of an image (blocks of two small matrix products, mostly) let go of
Python's lock and wait for it again: 4 switches of threads an image, 0.1 in decoding alone, and a
quarter more CPU time. Fewer, larger products take it less often, and cost more than they save. One
pass from bytes to the small image without the lock needs a compiled extension, for which this
package would no longer be one wheel for all machines. `score_catalogue(n_workers=-1)` reads in
processes, which share no lock.
"""
FLOOR = "floor: libjpeg-turbo decoding alone"


def reading(paths, quick):
    """Read, crop, gray and resize JPEG files."""
    from sklearn.pipeline import make_pipeline

    from galaxy_sklearn import CenterCrop, FlattenToTensor, Grayscale, ImageReader, Resize

    paths = paths[: 200 if quick else 800]
    texts = []
    for threads in dict.fromkeys((1, THREADS)):
        times = take_turns(_readers(paths, threads), 3 if quick else 7)
        plural = "" if threads == 1 else "s"
        texts.append(
            table(f"Reading a JPEG file, {threads} thread{plural}", times, "ours", len(paths))
        )
    texts.append(ON_THREADS)
    steps = [ImageReader(), CenterCrop(), Grayscale(), Resize(), FlattenToTensor()]
    up_to = {}
    for i, name in enumerate(("decoding", "crop", "gray", "resize", "tensor"), 1):
        stack = make_pipeline(*steps[: min(i, 4)]).transform(paths)
        if name == "tensor":
            up_to[name] = lambda stack=stack: steps[4].transform(stack)
        else:
            up_to[name] = lambda stack=stack: [None for _ in stack]
    times = take_turns(up_to, 3 if quick else 7)
    title = "Reading up to and including a step, 1 thread"
    texts.append(table(title, times, "tensor", len(paths)))
    full, luma, half = (
        _ours(paths, 1, "rec601", **k)() for k in ({}, {"luma": True}, {"luma": True, "reduce": 2})
    )
    for name, other in (("luma", luma), ("luma, reduced to a half", half)):
        difference = np.abs(other - full) * 255
        rms = np.sqrt(np.mean(difference**2))
        text = (
            f"Pixels of *{name}* differ from those of the full decoding with rec601 weights by "
            f"{rms:.2f} of 255 (root mean square), {np.percentile(difference, 99.9):.1f} at the "
            f"99.9th percentile, {difference.max():.1f} at most.\n"
        )
        print(text)
        texts.append(text)
    return texts


def _ours(paths, threads, weights="rec709", **reader):
    from sklearn.pipeline import make_pipeline

    from galaxy_sklearn import CenterCrop, FlattenToTensor, Grayscale, ImageReader, Resize

    pipe = make_pipeline(
        ImageReader(**reader),
        CenterCrop(),
        Grayscale(weights),
        Resize(),
        FlattenToTensor(n_jobs=threads),
    )
    return lambda: pipe.fit_transform(paths)


def _readers(paths, threads):
    """Functions without arguments that read the files into a tensor, by name."""
    import simplejpeg
    import skimage.color
    import skimage.io
    import skimage.transform
    from PIL import Image
    from threadpoolctl import threadpool_limits

    n = len(paths)

    def loop(one):
        def run():
            tensor = np.empty((n, 64, 64), np.float32)

            def fill(i):
                image = one(paths[i])
                if image is not None:
                    tensor[i] = image

            with threadpool_limits(1, user_api="blas"):
                if threads == 1:
                    for i in range(n):
                        fill(i)
                else:
                    with ThreadPoolExecutor(threads) as pool:
                        list(pool.map(fill, range(n)))

        return run

    def floor(path):
        simplejpeg.decode_jpeg(Path(path).read_bytes())

    def scikit_image(path):
        image = skimage.io.imread(path)[106:318, 106:318]
        return skimage.transform.resize(skimage.color.rgb2gray(image), (64, 64), anti_aliasing=True)

    def pillow(path):
        with Image.open(path) as image:
            image = image.crop((106, 106, 318, 318)).convert("L")
            return np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)) / np.float32(255)

    readers = {
        "ours": _ours(paths, threads),
        "ours, luma": _ours(paths, threads, "rec601", luma=True),
        "ours, luma, reduced to a half": _ours(paths, threads, "rec601", luma=True, reduce=2),
        FLOOR: loop(floor),
        "scikit-image": loop(scikit_image),
        "Pillow": loop(pillow),
    }
    try:
        import cv2

        cv2.setNumThreads(1)

        def opencv(path):
            image = cv2.imread(path)[106:318, 106:318]
            image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            return cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA) / np.float32(255)

        readers["OpenCV"] = loop(opencv)
    except ImportError:
        pass

    def tf_data():
        import tensorflow as tf

        def one(path):
            image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
            image = tf.image.rgb_to_grayscale(tf.image.central_crop(image, 0.5))
            return tf.image.resize(image, (64, 64), antialias=True) / 255

        data = tf.data.Dataset.from_tensor_slices(paths)
        data = data.map(one, num_parallel_calls=threads).batch(256)
        return np.concatenate(list(data.as_numpy_iterator()))

    readers["tf.data"] = tf_data
    return readers


# -------------------------------------------------------------------- instructions


def instructions(paths, quick):
    """Count the instructions of reading with Valgrind. Other processes do not affect them."""
    if shutil.which("valgrind") is None:
        print("Valgrind is not installed: no instructions counted.")
        return []
    few, many = (5, 10) if quick else (10, 110)
    names = [name for name in _readers(paths[:1], 1) if name != "tf.data"]

    def total(name, n):
        with tempfile.NamedTemporaryFile("r") as log:
            command = [
                *("valgrind", "--tool=cachegrind", "--cache-sim=no"),
                *("--cachegrind-out-file=/dev/null", f"--log-file={log.name}"),
                *(sys.executable, __file__, "--read", name, str(n)),
                *("--images", str(Path(paths[0]).parent)),
            ]
            # These would differ from run to run.
            steady = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
            subprocess.run(command, check=True, capture_output=True, env=os.environ | steady)
            found = re.search(r"I +refs: +([\d,]+)", log.read()).group(1)
        return int(found.replace(",", ""))

    with ThreadPoolExecutor(THREADS) as pool:
        counts = list(pool.map(total, names * 2, [few] * len(names) + [many] * len(names)))
    found = {
        name: (counts[len(names) + i] - counts[i]) / (many - few) for i, name in enumerate(names)
    }
    lines = ["| | millions per image | / ours |", "|---|---|---|"]
    lines += [f"| {k} | {v / 1e6:.2f} | {v / found['ours']:.2f} |" for k, v in found.items()]
    text = "\n".join(
        [
            "## Instructions of reading a JPEG file",
            "",
            "Counted by Valgrind, which does not support AVX-512: one thread, instructions per "
            "further file.",
            "",
            *lines,
            "",
        ]
    )
    print(text, flush=True)
    return [text]


# ------------------------------------------------------------------------ training


def training(paths, quick):
    """Train the reference network for an epoch."""
    import keras

    from galaxy_sklearn import GZ2, GalaxyClassifier
    from galaxy_sklearn.networks import galaxy_id

    n = 128 if quick else 320
    rng = np.random.default_rng(0)
    X = rng.random((n, 64, 64, 1), dtype=np.float32)
    y = GZ2.normalize(rng.random((n, 37))).astype(np.float32)
    plain = {"rotation": 0, "shift": 0, "zoom": 0, "flip": None}
    # The reference network and its loss; partial_fit has no schedule or averaging.
    like_keras = {
        "network": "galaxy_id",
        "output": "sigmoid",
        "loss": "binary_crossentropy",
        "question_weight": None,
        "weight_decay": 0,
        "validation_fraction": 0,
        "random_state": 0,
    }

    def ours(**parameters):
        classifier = GalaxyClassifier(**like_keras | parameters)
        classifier.partial_fit(X[:32], y[:32])
        return lambda: classifier.partial_fit(X, y)

    def bare(jit_compile):
        model = galaxy_id((64, 64, 1), 37)
        model.compile(
            keras.optimizers.Adam(1e-3),
            "binary_crossentropy",
            metrics=["mse"],
            jit_compile=jit_compile,
        )
        return lambda: model.fit(X, y, batch_size=32, verbose=0)

    candidates = {
        "ours, like Keras' fit": ours(**plain),
        "ours, with all augmentation": ours(),
        "ours, with tree, reach and weight decay too": ours(
            output="tree", loss="cross_entropy", question_weight="reach", weight_decay=0.01
        ),
        "ours, mixed_bfloat16": ours(**plain, dtype_policy="mixed_bfloat16"),
        "ours, the default network": ours(**plain, network="equivariant"),
        "Keras' fit": bare(False),
        "Keras' fit, XLA": bare(True),
    }
    with suppress(ImportError):
        candidates["skorch on PyTorch"] = _skorch(X, y)
    times = take_turns(candidates, 2 if quick else 5)
    note = (
        "One epoch in batches of 32 on a tensor in memory; building and tracing are not included."
    )
    return [table("Training, per image", times, "ours, like Keras' fit", n, "ms", note)]


def networks(paths, quick):
    """Train recipes for an epoch, and ask them, as their estimators do."""
    from galaxy_sklearn import GZ2, make_galaxy_pipeline

    n = 64 if quick else 512
    rng = np.random.default_rng(0)
    X = rng.random((n, 64, 64, 3), dtype=np.float32)
    y = GZ2.normalize(rng.random((n, 37))).astype(np.float32)
    texts = []
    for policy in ("float32", "mixed_bfloat16"):
        fitted = {}
        for name, recipe in (
            (DEFAULT, "equivariant"),
            ("residual, eight orientations", "residual"),
            ("GalaxyID, one orientation", "galaxy_id"),
        ):
            classifier = make_galaxy_pipeline(recipe, random_state=0)[-1]
            images = X.mean(axis=-1, keepdims=True) if recipe == "galaxy_id" else X
            classifier.set_params(dtype_policy=policy).partial_fit(images[:32], y[:32])
            fitted[name] = classifier, images
        for title, method, *more in (
            ("Training", "partial_fit", y),
            ("Prediction", "predict_proba"),
        ):
            ways = {
                name: partial(getattr(classifier, method), images, *more)
                for name, (classifier, images) in fitted.items()
            }
            times = take_turns(ways, 1 if quick else 3)
            texts.append(table(f"{title} of recipes, {policy}, per image", times, DEFAULT, n, "ms"))
    return texts


def _skorch(X, y):
    import skorch
    import torch
    from torch import nn

    torch.set_num_threads(THREADS)
    network = nn.Sequential(
        *(nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 128, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(7 * 7 * 256, 2048), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(2048, 2048), nn.ReLU()),
        *(nn.Dropout(0.25), nn.Linear(2048, 37), nn.Sigmoid()),
    )
    net = skorch.NeuralNet(
        network,
        criterion=nn.BCELoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=32,
        max_epochs=1,
        train_split=None,
        verbose=0,
    ).initialize()
    images = np.ascontiguousarray(np.moveaxis(X, -1, 1))
    return lambda: net.partial_fit(images, y)


# ---------------------------------------------------------------------- prediction


def prediction(paths, quick):
    """Predict many images, and one."""
    import keras
    import tensorflow as tf

    from galaxy_sklearn import GZ2, GalaxyClassifier

    n = 256 if quick else 10_000
    rng = np.random.default_rng(0)
    X = rng.random((n, 64, 64, 1), dtype=np.float32)
    y = GZ2.normalize(rng.random((32, 37)))
    classifier = GalaxyClassifier("galaxy_id", validation_fraction=0, epochs=1, symmetric=False)
    classifier.fit(X[:32], y)
    model = keras.models.clone_model(classifier.model_)
    model.set_weights(classifier.model_.get_weights())
    compiled = tf.function(lambda images: model(images, training=False), reduce_retracing=True)

    def by_batches(call):
        return lambda images: [call(images[i : i + 32]) for i in range(0, len(images), 32)]

    candidates = {
        "ours, predict_proba": classifier.predict_proba,
        "Keras' predict": lambda images: model.predict(images, batch_size=32, verbose=0),
        "model(x) in a loop": by_batches(lambda x: np.asarray(model(x).numpy())),
        "compiled call in a loop": by_batches(lambda x: compiled(tf.constant(x)).numpy()),
    }
    try:
        import onnxruntime

        with tempfile.TemporaryDirectory() as folder:
            model(X[:1])  # what was never called is not exported
            model.export(f"{folder}/model.onnx", format="onnx", verbose=False)
            session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
        (entry,) = session.get_inputs()
        candidates["ONNX Runtime"] = by_batches(lambda x: session.run(None, {entry.name: x}))
    except ImportError:
        pass
    ours = "ours, predict_proba"
    texts = []
    for title, images, unit, rounds in (
        (f"Prediction of {n:,} images, per image", X, "us", 1 if quick else 2),
        ("Prediction of one image", X[:1], "ms", 30),
    ):
        runs = {name: (lambda f=f, images=images: f(images)) for name, f in candidates.items()}
        texts.append(table(title, take_turns(runs, rounds), ours, len(images), unit))
    return texts


# --------------------------------------------------------------------- grid search


def search(paths, quick):
    """Search with as many workers as cores."""
    from joblib import Parallel, delayed
    from sklearn.model_selection import GridSearchCV

    from galaxy_sklearn import make_galaxy_pipeline
    from galaxy_sklearn.datasets import make_galaxies

    paths = paths[:128] if quick else paths[:512]
    _, votes = make_galaxies(len(paths), image_size=8, random_state=0)
    settings = {
        "classifier__network__filters": (16, 32, 64, 64),
        "classifier__epochs": 2 if quick else 10,
        "classifier__validation_fraction": 0,
        "classifier__random_state": 0,
    }
    grid = {"classifier__network__dropout": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6][: 2 if quick else 6]}
    lines = ["| workers | wall, s | candidates' time / workers, s | ratio |", "|---|---|---|---|"]
    for workers in (1, THREADS):
        with tempfile.TemporaryDirectory() as folder:
            pipe = make_galaxy_pipeline(memory=folder).set_params(**settings)
            if workers > 1:
                # Start the workers and TensorFlow in them, with a task as large as the next ones:
                # joblib replaces a worker whose memory grows by 300 MB after its first task.
                Parallel(n_jobs=workers)(
                    delayed(_fit_shortly)(pipe, paths, votes) for _ in range(2 * workers)
                )
            run = GridSearchCV(pipe, grid, cv=2, n_jobs=workers, refit=False)
            start = time.perf_counter()
            run.fit(paths, votes)
            wall = time.perf_counter() - start
        results = run.cv_results_
        work = 2 * (results["mean_fit_time"] + results["mean_score_time"]).sum()
        lines.append(
            f"| {workers} | {wall:.1f} | {work / workers:.1f} | {wall * workers / work:.2f} |"
        )
        if workers == 1:
            alone = work
    lines += ["", f"Each fit took {work / alone:.2f} times as long as with one worker.", ""]
    text = "\n".join(["## Grid search, 2 folds", "", *lines])
    print(text, flush=True)
    return [text]


def _fit_shortly(pipe, paths, votes):
    pipe.set_params(memory=None, classifier__epochs=1).fit(paths, votes).predict_proba(paths)


# -------------------------------------------------------------------------- growth


def growth(paths, quick):
    """Measure time and memory at several numbers of images, each in a new process."""
    lines = [
        "| images | reading, us per image | memory besides the tensor, MB "
        "| predicting, us per image | memory of predicting, MB |",
        "|---|---|---|---|---|",
    ]
    for n in (250, 1000) if quick else (1000, 4000, 16_000, 64_000):
        command = [
            sys.executable,
            __file__,
            "--grow",
            str(n),
            "--images",
            str(Path(paths[0]).parent),
        ]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = json.loads(output.splitlines()[-1])
        lines.append(
            f"| {n:,} | {found[0]:.0f} | {found[1]:.0f} | {found[2]:.0f} | {found[3]:.0f} |"
        )
    text = "\n".join(
        [
            "## Time and memory by number of images",
            "",
            f"With {THREADS} threads and a small network; predictions from one orientation.",
            "",
            *lines,
            "",
        ]
    )
    print(text, flush=True)
    return [text]


def _grow(paths, n):
    pipe = _small_pipeline(paths)
    many = [paths[i % len(paths)] for i in range(n)]
    before, start = _peak(), time.perf_counter()
    tensor = pipe[:-1].transform(many)
    seconds, memory = time.perf_counter() - start, _peak() - before - tensor.nbytes / 2**20
    before, start = _peak(), time.perf_counter()
    pipe[-1].predict_proba(tensor)
    print(
        json.dumps(
            [seconds / n * 1e6, memory, (time.perf_counter() - start) / n * 1e6, _peak() - before]
        )
    )


# -------------------------------------------------------------------------- survey

HALVES = ("reading alone", "predicting alone")


def survey(paths, quick):
    """Score a survey: rate compared with a loop and with reading or predicting alone; memory."""
    texts = ["## Scoring a survey\n"]
    for title, pipe, n in (
        ("a small network", _small_pipeline(paths), 16_384),
        ("the default network", _fitted_pipeline(paths), 4096),
        ("a network on a separate device, 400 us per image", _waiting_pipeline(paths), 16_384),
    ):
        many = [paths[i % len(paths)] for i in range(512 if quick else n)]
        with tempfile.TemporaryDirectory() as folder:
            ways = _ways_to_score(pipe, many, Path(folder))
            times = take_turns(ways, 1 if quick else 3)
        wall = {name: seconds / len(many) * 1e6 for name, (seconds, _) in times.items()}
        slower = max(wall[name] for name in HALVES)
        lines = [f"| {title} | us per image | rate / that of the slower half |", "|---|---|---|"]
        lines += [f"| {name} | {us:.0f} | {slower / us:.2f} |" for name, us in wall.items()]
        texts.append("\n".join([*lines, ""]))
        print(texts[-1], flush=True)
    lines = ["| images | us per image | peak memory, MB |", "|---|---|---|"]
    for n in (500, 1000) if quick else (10_000, 100_000):
        command = [sys.executable, __file__, "--score", str(n)]
        command += ["--images", str(Path(paths[0]).parent)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seconds, memory = json.loads(output.splitlines()[-1])
        lines.append(f"| {n:,} | {seconds / n * 1e6:.0f} | {memory:.0f} |")
    grown = "\n".join([*lines, ""])
    print(grown, flush=True)
    return [*texts, grown]


def _ways_to_score(pipe, many, folder):
    import joblib

    from galaxy_sklearn.scoring import score_catalogue

    model, outputs = folder / "model.joblib", (folder / str(i) for i in count())
    joblib.dump(pipe, model)
    tensor = pipe[:-1].transform(many)

    def score(**options):
        score_catalogue(
            model, many, next(outputs), part_size=len(many) // 4, verbose=False, **options
        )

    def loop():
        for i in range(0, len(many), 1024):
            pipe.predict_proba(many[i : i + 1024])

    ways = {"score_catalogue": score}
    if not isinstance(pipe[-1], _Device):
        ways[f"score_catalogue, {THREADS} workers"] = lambda: score(n_workers=THREADS)
    return ways | {
        "predict_proba in a loop": loop,
        HALVES[0]: lambda: pipe[:-1].transform(many),
        HALVES[1]: lambda: pipe[-1].predict_proba(tensor),
    }


def _score(paths, n):
    from galaxy_sklearn.scoring import score_catalogue

    many = [paths[i % len(paths)] for i in range(n)]
    pipe = _small_pipeline(paths)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        score_catalogue(pipe, many, f"{folder}/scores", part_size=4096, verbose=False)
    print(json.dumps([time.perf_counter() - start, _peak()]))


def _small_pipeline(paths):
    small = {"classifier__network__filters": (4, 8, 16), "classifier__symmetric": False}
    pipe = _fitted_pipeline(paths, **small)
    pipe.predict_proba(paths[:200])
    return pipe


def _fitted_pipeline(paths, **settings):
    from galaxy_sklearn import make_galaxy_pipeline
    from galaxy_sklearn.datasets import make_galaxies

    paths = paths[:200]
    pipe = make_galaxy_pipeline(n_jobs=THREADS).set_params(classifier__epochs=1, **settings)
    return pipe.fit(paths, make_galaxies(len(paths), image_size=8, random_state=0)[1])


def _waiting_pipeline(paths):
    """Return a pipeline whose network takes 400 us per image and no CPU time, as on a GPU."""
    pipe = _small_pipeline(paths)
    return type(pipe)([*pipe.steps[:-1], ("classifier", _Device().fit(None, pipe[-1].classes_))])


class _Device(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = y
        return self

    def predict_proba(self, X):
        time.sleep(400e-6 * len(X))
        return np.full((len(X), len(self.classes_)), 0.5)


def _peak():
    # In MB. The ru_maxrss of a new process begins with its parent's.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


# ------------------------------------------------------------------------ start-up

STARTS = {
    "import galaxy_sklearn": "import galaxy_sklearn",
    "the transformers as well": "from galaxy_sklearn import Resize",
    "TensorFlow alone": "import tensorflow",
    "GalaxyClassifier (TensorFlow, Keras, scikeras)": "from galaxy_sklearn import GalaxyClassifier",
    "... and the first trained batch": "{fit}",
    "... traced by XLA": "{fit_xla}",
    "... run eagerly": "{fit_eager}",
    "loading a model and the first prediction": (
        "import joblib, numpy as np; "
        "joblib.load({model!r}).predict_proba(np.zeros((1, 64, 64, 1), 'f'))"
    ),
}
FIT = (
    "import numpy as np; from galaxy_sklearn import GalaxyClassifier, GZ2; "
    "y = GZ2.normalize(np.random.default_rng(0).random((32, 37))); "
    "GalaxyClassifier(epochs=1, validation_fraction=0, {}).fit(np.zeros((32, 64, 64, 1), 'f'), y)"
)


def start_up(paths, quick):
    """Time fresh processes up to a point."""
    import joblib

    from galaxy_sklearn import GZ2, GalaxyClassifier

    y = GZ2.normalize(np.random.default_rng(0).random((32, 37)))
    plain = "rotation=0, shift=0, zoom=0, flip=None, "
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/model.joblib"
        classifier = GalaxyClassifier(epochs=1, validation_fraction=0)
        joblib.dump(classifier.fit(np.zeros((32, 64, 64, 1), "f"), y), model)
        codes = {
            "fit": FIT.format(""),
            "fit_xla": FIT.format(plain + "jit_compile=True"),
            "fit_eager": FIT.format("run_eagerly=True"),
        }
        runs = {}
        for name, code in STARTS.items():
            command = [sys.executable, "-c", code.format(model=model, **codes)]
            runs[name] = lambda command=command: subprocess.run(
                command, check=True, capture_output=True
            )
        wall = {name: values[0] for name, values in take_turns(runs, 1 if quick else 2).items()}
    lines = ["| a new process up to | wall, s |", "|---|---|"]
    lines += [f"| {name} | {seconds:.1f} |" for name, seconds in wall.items()]
    text = "\n".join(["## Start-up", "", *lines, ""])
    print(text, flush=True)
    return [text]


# ----------------------------------------------------------------------------- all

SECTIONS = {
    section.__name__: section
    for section in (
        *(reading, instructions, training, networks, prediction, search, growth, survey, start_up),
    )
}


def main():
    """Run the sections and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--quick", action="store_true", help="only check that it runs")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--output", type=Path, help="write Markdown here")
    # Used by the processes that a section starts.
    parser.add_argument("--grow", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--score", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        images = arguments.images
        if images is None:
            images = Path(folder)
            _simulate(images, 100 if arguments.quick else 800)
        paths = sorted(str(path) for path in images.glob("*.jpg"))
        if arguments.grow:
            _grow(paths, arguments.grow)
            return
        if arguments.score:
            _score(paths, arguments.score)
            return
        if arguments.read:
            name, n = arguments.read
            _readers(paths[: int(n)], 1)[name]()
            return
        texts = [text for name in arguments.only for text in SECTIONS[name](paths, arguments.quick)]
    if arguments.output:
        arguments.output.write_text("\n".join([_heading(), *texts]))


def _simulate(folder, n_images):
    from PIL import Image

    from galaxy_sklearn.datasets import make_galaxies

    images, _ = make_galaxies(n_images, image_size=424, random_state=0)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i}.jpg", quality=90)


def _heading():
    import keras
    import sklearn
    import tensorflow as tf

    return "\n".join(
        [
            "# Performance",
            "",
            "Written by `make bench` (`benchmarks/performance.py`). The candidates took turns in",
            "one run; the tables show medians. Ratios depend less on the machine than times.",
            "",
            f"{THREADS} cores, Python {platform.python_version()}, scikit-learn "
            f"{sklearn.__version__}, Keras {keras.__version__}, TensorFlow {tf.__version__}.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
