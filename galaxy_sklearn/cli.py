"""The command ``galaxy-sklearn``."""

import argparse
import ast
import shlex
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import galaxy_sklearn
from galaxy_sklearn._quiet import import_tensorflow


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        0, or 1 after an error, which is printed without a traceback.
    """
    arguments = _parser().parse_args(argv)
    try:
        with _warnings_in_one_line():
            if arguments.run is not models:
                import_tensorflow()
            arguments.run(arguments)
    except (OSError, ValueError, ImportError) as error:
        print(f"galaxy-sklearn: {error}", file=sys.stderr)
        return 1
    return 0


# --------------------------------------------------------------------- commands


def train(arguments):
    """Fit a pipeline on a folder of images and a table of votes, and save it."""
    from galaxy_sklearn import GZ2, make_galaxy_pipeline

    model = Path(arguments.model)
    if not model.parent.is_dir():
        raise FileNotFoundError(f"--model {model}: there is no folder {str(model.parent)!r}.")
    if model.is_dir():
        raise IsADirectoryError(f"--model {model}: expected the name of a file, found a folder.")
    with tempfile.TemporaryFile(dir=model.parent):
        pass  # if the folder cannot be written to, better now than after the training
    pipe = make_galaxy_pipeline(arguments.recipe, n_jobs=-1, random_state=0, verbose=1)
    network = pipe["classifier"]
    network = getattr(network, "estimator", network)  # of an ensemble
    network.set_params(tree=arguments.tree)
    pipe.set_params(**dict(arguments.set))
    for estimator in {pipe["classifier"], network}:
        estimator._validate_params()  # before images are read for an hour
    data = _load_galaxies(arguments, arguments.tree or GZ2)
    votes = "vote counts" if data.form == "counts" else f"{data.form} vote fractions"
    print(f"Training on {len(data.data)} galaxies ({votes}).")
    pipe.fit(data.data, data.target)
    pipe.set_params(tensor__verbose=False)
    fitted = pipe["classifier"]
    members = getattr(fitted, "estimators_", [fitted])
    for network in (getattr(fitted, "estimator", fitted), *members):
        network.set_params(verbose=0)
    _save_model(pipe, model)
    if arguments.plot:
        from galaxy_sklearn.displays import HistoryDisplay

        _save_figure(HistoryDisplay.from_estimator(members[0]), arguments.plot)
    kept = ", ".join(str(member.best_epoch_) for member in members)
    print(f"Kept epoch {kept}; wrote {model} ({model.stat().st_size / 1e6:.1f} MB).")


def evaluate(arguments):
    """Print how close a saved pipeline comes to the votes of a table."""
    import numpy as np

    from galaxy_sklearn import GZ2, metrics
    from galaxy_sklearn._models import find_model, load_model
    from galaxy_sklearn._tree_of import tree_of
    from galaxy_sklearn.scoring import prediction_table

    pipe = load_model(find_model(arguments.model))
    tree = tree_of(pipe) or arguments.tree or GZ2
    if arguments.tree not in (None, tree):
        raise ValueError(
            f"{arguments.model} answers the questions of {tree.name}, not of {arguments.tree.name}."
        )
    data = _load_galaxies(arguments, tree)
    if arguments.report:
        report = _make_report(arguments, pipe, data, tree)
        read, predicted = report.galaxies["row"].to_numpy(), report.predictions
        errors = report.unreadable["reason"]
    else:
        table = prediction_table(pipe, data.data, on_error="report")
        read = np.flatnonzero(table["error"].isna())
        predicted = table.iloc[read, : len(pipe.classes_)].to_numpy()
        errors = table["error"].dropna()
        if not len(read):
            raise ValueError(f"None of the {len(table)} images can be read: {errors.iloc[0]}")
    for name, reason in errors.items():
        print(f"galaxy-sklearn: left out: {name}: {reason}", file=sys.stderr)
    images, votes = data.data[read], data.target.iloc[read]
    print(f"{len(images)} galaxies")
    for name in (
        "cumulative_rmse",
        "cumulative_mse",
        "conditional_rmse",
        "conditional_mse",
        "conditional_cross_entropy",
    ):
        print(f"{name:28s}{getattr(metrics, name)(votes, predicted, tree=tree):8.4f}")
    voted = tree.label(votes)
    known = voted != "unknown"
    if known.any():
        same = voted[known] == tree.label(predicted)[known]
        print(f"{'same label':28s}{np.mean(same):8.4f} (of {len(same)} with known votes)")
    if arguments.questions:
        print(metrics.question_scores(votes, predicted, tree=tree).round(4).to_string())
    if arguments.plot:
        from galaxy_sklearn.displays import GalaxyGridDisplay

        display = GalaxyGridDisplay.from_predictions(
            images, votes, predicted, tree=tree, random_state=0
        )
        _save_figure(display, arguments.plot)


def predict(arguments):
    """Predict the images of a folder tree, an archive or a table. A run that was killed resumes."""
    from galaxy_sklearn.images import is_table
    from galaxy_sklearn.scoring import score_catalogue

    model, bands = arguments.model, arguments.bands
    if arguments.colours is not None:
        from galaxy_sklearn._models import find_model, load_model
        from galaxy_sklearn.pipeline import for_bands

        model = for_bands(load_model(find_model(model)), arguments.colours, band=bands)
        if is_table(arguments.images):
            model.set_params(read__band=None)  # they are names of columns
        else:
            bands = None
    scored = score_catalogue(
        model,
        arguments.images,
        arguments.output,
        keep=arguments.keep,
        bands=bands,
        part_size=arguments.part_size,
        n_workers=arguments.workers,
        scheduler=arguments.scheduler,
    )
    for message in scored.messages:
        print(f"galaxy-sklearn: skipped: {message}", file=sys.stderr)
    done = f"Wrote {scored.n_images} galaxies to {arguments.output}"
    if not scored.n_new:
        done = (
            f"{arguments.output} was complete, and nothing was scored (images are known by their "
            f"names): it has {scored.n_images} galaxies"
        )
    n_answers = scored.n_images - scored.n_errors
    if not n_answers:
        raise ValueError(f"{done}, none of which has answers: the column error tells why.")
    print(f"{done}, {scored.n_errors} of which have no answers.")
    if scored.n_unusual is not None:
        print(
            f"{scored.n_unusual} of {n_answers} are unlike those that the model learned from "
            "(unusual above 1)."
        )
        if scored.n_unusual > n_answers / 2:
            print(
                "galaxy-sklearn: warning: most images are unlike those that the model learned "
                "from: its answers mean little for them.",
                file=sys.stderr,
            )


def models(arguments):
    """List the pretrained models, or print the card of one."""
    from galaxy_sklearn.sharing import card_of, pretrained_models

    if arguments.model is None:
        for name in pretrained_models():
            print(f"{name:12s}{card_of(name).partition('# ')[2].partition(chr(10))[0]}")
    else:
        print(card_of(arguments.model))


def card(arguments):
    """Write a folder with a saved pipeline and its card, scored on galaxies not trained on."""
    from galaxy_sklearn import GZ2
    from galaxy_sklearn._models import find_model, load_model
    from galaxy_sklearn._tree_of import tree_of
    from galaxy_sklearn.sharing import write_card

    pipe = load_model(find_model(arguments.model))
    data = _load_galaxies(arguments, tree_of(pipe) or arguments.tree or GZ2)
    path = write_card(
        pipe,
        arguments.output,
        title=arguments.title,
        trained_on=arguments.trained_on,
        description=arguments.description,
        license=arguments.license,
        X=data.data,
        y=data.target,
    )
    print(f"Wrote {path}.")


def demo(arguments):
    """Simulate a survey; predict it with the pretrained model, then with one trained on it."""
    from PIL import Image

    from galaxy_sklearn.datasets import make_galaxies

    folder = Path(arguments.folder)
    parts = {"train": arguments.samples, "test": max(1, arguments.samples // 4)}
    print(f"Simulating {sum(parts.values())} galaxies in {folder}/")
    images, votes = make_galaxies(sum(parts.values()), random_state=0)
    votes.insert(0, "objid", range(len(votes)))
    start = 0
    for part, n_galaxies in parts.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        stop = start + n_galaxies
        for i in range(start, stop):
            Image.fromarray(images[i]).save(folder / part / f"{i}.jpg", quality=95)
        votes[start:stop].to_csv(folder / f"{part}.csv", index=False)
        start = stop
    # They may be those of other models, if the demo ran before.
    for name in ("gz2.csv", "predictions.csv"):
        (folder / name).unlink(missing_ok=True)
    small = {
        "resize__size": 48,
        "classifier__epochs": arguments.epochs,
    }
    settings = " ".join(f"--set {shlex.quote(f'{k}={v}')}" for k, v in small.items())
    place = shlex.quote(str(folder))
    for command in (
        f"predict gz2 --images {place}/test --output {place}/gz2.csv",
        f"train --images {place}/train --votes {place}/train.csv --model {place}/model.skops "
        f"--plot {place}/history.png {settings}",
        f"evaluate {place}/model.skops --images {place}/test --votes {place}/test.csv "
        f"--plot {place}/galaxies.png",
        f"predict {place}/model.skops --images {place}/test --output {place}/predictions.csv",
    ):
        print(f"\n$ galaxy-sklearn {command}")
        again = _parser().parse_args(shlex.split(command))
        again.run(again)
    print(f"\nPictures: {folder / 'history.png'}, {folder / 'galaxies.png'}")


# ---------------------------------------------------------------------- private


def _parser():
    parser = argparse.ArgumentParser(
        prog="galaxy-sklearn", description="Galaxy morphologies from images."
    )
    parser.add_argument("--version", action="version", version=galaxy_sklearn.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run, *, model=False, images="folder of images named by galaxy", votes=False):
        sub = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        sub.set_defaults(run=run)
        if model:
            sub.add_argument(
                "model", help="file that `train` wrote, or the name of a pretrained model"
            )
        if images:
            sub.add_argument(
                "--images",
                required=True,
                metavar="PLACE",
                help=images,
            )
        if votes:
            sub.add_argument("--votes", required=True, metavar="TABLE", help="CSV or Parquet")
            other = "that of the model, or else GZ2" if model else "GZ2"
            sub.add_argument(
                "--tree",
                type=_survey,
                metavar="SURVEY",
                help=f"survey whose questions were asked, such as GZ_DECALS; default: {other}",
            )
            sub.add_argument(
                "--mapping",
                metavar="TABLE",
                help="with columns objid and asset_id, if the images are named by the latter",
            )
            sub.add_argument(
                "--split",
                metavar="PART",
                help="use the rows whose column split has this value, such as train or test",
            )
        return sub

    def plot(sub):
        sub.add_argument("--plot", type=_picture, metavar="PNG", help="also draw a picture")

    sub = command(demo, images=None)
    sub.add_argument("--folder", default="galaxy-sklearn-demo", metavar="DIR")
    sub.add_argument("--samples", type=_positive, default=1200, help="galaxies to train on")
    sub.add_argument("--epochs", type=_positive, default=15)
    sub = command(train, votes=True)
    plot(sub)
    sub.add_argument(
        "--model",
        required=True,
        metavar="FILE",
        help="where to save, such as model.skops; a name ending in .joblib makes it a pickle",
    )
    sub.add_argument(
        "--recipe",
        default="equivariant",
        help="equivariant (the default), ensemble (of three: more accurate), residual, or "
        "galaxy_id, the reference",
    )
    sub.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="STEP__PARAMETER=VALUE",
        help="any parameter of the pipeline, as often as needed",
    )
    sub = command(evaluate, model=True, votes=True)
    plot(sub)
    sub.add_argument("--questions", action="store_true", help="also score each question")
    sub.add_argument(
        "--report",
        type=_page,
        metavar="HTML",
        help="also write a page with scores, baselines, figures and galaxies; galaxies that cannot "
        "be read are left out and listed",
    )
    sub = command(
        predict, model=True, images="folder tree, .zip or .tar, or table with the names of images"
    )
    sub.add_argument(
        "--output", required=True, metavar="PLACE", help="name.csv, name.parquet, or a folder"
    )
    sub.add_argument(
        "--keep", nargs="+", metavar="COLUMN", help="of the table of images, to carry along"
    )
    sub.add_argument(
        "--bands",
        nargs="+",
        metavar="COLUMN",
        help="with the FITS files of each band; with --colours, and images that are no table, the "
        "bands in each file",
    )
    sub.add_argument(
        "--colours",
        metavar="SURVEY",
        help="sdss, gz_decals or legacy: make pictures of FITS bands, for a model of pictures",
    )
    sub.add_argument(
        "--part-size", type=_positive, default=16384, metavar="N", help="images a part"
    )
    sub.add_argument(
        "--workers", type=int, metavar="N", help="processes that share the work; -1: one a core"
    )
    sub.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that does the work")
    sub = command(models, images=None)
    sub.add_argument("model", nargs="?", help="whose card to print")
    sub = command(card, model=True, votes=True)
    sub.add_argument("--output", required=True, metavar="DIR", help="folder to write")
    sub.add_argument("--title", required=True)
    sub.add_argument(
        "--trained-on", required=True, metavar="TEXT", help="the data, and whom to cite"
    )
    sub.add_argument("--description", default="", metavar="TEXT", help="what the model is for")
    sub.add_argument("--license", default="other", help="such as cc-by-4.0")
    return parser


@contextmanager
def _warnings_in_one_line():
    """Show warnings without the lines of code that they come from."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"galaxy-sklearn: warning: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def _load_galaxies(arguments, tree):
    from galaxy_sklearn.datasets import load_galaxy_zoo

    return load_galaxy_zoo(
        arguments.images,
        arguments.votes,
        tree=tree,
        mapping=arguments.mapping,
        split=arguments.split,
    )


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive int, got {text}")
    return value


def _picture(text):
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if Path(text).suffix[1:].lower() not in known:
        raise argparse.ArgumentTypeError(
            f"expected the name of a picture, ending in one of .{', .'.join(sorted(known))}, "
            f"got {text!r}"
        )
    if not Path(text).parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(Path(text).parent)!r}")
    return text


def _page(text):
    if Path(text).suffix.lower() not in (".html", ".htm"):
        raise argparse.ArgumentTypeError(f"expected a name that ends in .html, got {text!r}")
    return text


def _survey(text):
    from galaxy_sklearn import surveys

    known = {name.lower(): name for name in surveys.__all__}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(
            f"there is no survey {text!r}; choose from {', '.join(sorted(known.values()))}"
        )
    return getattr(surveys, known[text.lower()])


def _setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected STEP__PARAMETER=VALUE, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value


def _save_model(pipe, path):
    """Save a pipeline as the name of its file says; what it learned is not lost if that fails."""
    import joblib

    from galaxy_sklearn._files import written_whole
    from galaxy_sklearn._models import is_pickle, save_model

    reason = None
    if not is_pickle(path):
        try:
            save_model(pipe, path)
            return
        except ValueError as error:
            reason, path = error, path.with_name(f"{path.name}.joblib")
    with written_whole(path) as written:
        joblib.dump(pipe, written)
    if reason is not None:
        raise ValueError(f"{reason} It was saved as {path}.") from reason


def _make_report(arguments, pipe, data, tree):
    """Write the page of a model, with its card if there is one."""
    from galaxy_sklearn._models import card_of, pretrained_models
    from galaxy_sklearn.report import EvaluationReport

    path = Path(arguments.report)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"--report {path}: there is no folder {str(path.parent)!r}.")
    card = Path(arguments.model).with_name("README.md")  # as `card` writes it
    if arguments.model in pretrained_models():
        text = card_of(arguments.model)
    else:
        text = card.read_text(encoding="utf-8") if card.is_file() else ""
        text = text if "library_name: galaxy_sklearn" in text else ""
    report = EvaluationReport(
        pipe,
        data.data,
        data.target,
        tree=tree,
        title=f"{Path(arguments.model).name} on {Path(arguments.images).name}",
        card=text,
    )
    report.save(path)
    print(f"Wrote {path}.")
    return report


def _save_figure(display, path):
    display.figure_.savefig(path, dpi=150)
    import matplotlib.pyplot as plt

    plt.close(display.figure_)


if __name__ == "__main__":
    sys.exit(main())
