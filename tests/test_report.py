"""The page about a model: its numbers, its safety, and what it does in a browser."""

import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, brier_score_loss
from sklearn.model_selection import GridSearchCV
from tiny import tiny
from trees import REPEATED, fractions

from galaxy_sklearn import (
    GZ2,
    GalaxyClassifier,
    GalaxyEnsemble,
    cli,
    make_galaxy_pipeline,
    metrics,
)
from galaxy_sklearn.report import EvaluationReport
from galaxy_sklearn.report._baselines import baselines
from galaxy_sklearn.report._choice import choose
from galaxy_sklearn.report._saliency import most_telling
from galaxy_sklearn.report._scores import _resampled, question_intervals
from galaxy_sklearn.report._target import Target, as_table
from galaxy_sklearn.scoring._predictions import content_id
from galaxy_sklearn.surveys import GZ_EUCLID
from galaxy_sklearn.votes import check_votes

ATTACK = "<img src=x onerror=alert(1)>\"'&.jpg"
BROKEN = "<svg onload=alert(2)>.jpg"
EVIL = "</script><script>alert(3)</script>$\\no math$"


def network(**parameters):
    return GalaxyClassifier(
        tiny, epochs=3, validation_fraction=0.3, run_eagerly=True, random_state=0, **parameters
    )


@pytest.fixture(scope="module")
def pipe(paths, galaxies):
    steps = make_galaxy_pipeline().set_params(resize__size=8, classifier=network())
    return steps.fit(paths, galaxies[1])


@pytest.fixture(scope="module")
def files(paths, tmp_path_factory):
    """The galaxies, the fourth under a name that attacks the page; one more that is broken."""
    folder = tmp_path_factory.mktemp("report")
    copies = [shutil.copy(path, folder) for path in paths]
    attacker = folder / ATTACK
    shutil.move(copies[3], attacker)
    broken = folder / BROKEN
    broken.write_bytes(b"no image")
    return [*copies[:3], str(attacker), *copies[4:10], str(broken), *copies[10:]]


@pytest.fixture(scope="module")
def votes(galaxies):
    """The votes of the files."""
    given = galaxies[1].reset_index(drop=True)
    return given.iloc[[*range(10), 0, *range(10, len(given))]].reset_index(drop=True)


@pytest.fixture(scope="module")
def report(pipe, files, votes):
    return EvaluationReport(
        pipe, files, votes, title=f"A {EVIL}", card=f"Card {EVIL}", n_saliency=2
    )


@pytest.fixture(scope="module")
def labels(galaxies):
    smooth = galaxies[1].iloc[:, 0] > 0.4
    return np.where(smooth, "smooth", EVIL)


@pytest.fixture(scope="module")
def of_classes(galaxies, labels):
    classifier = network().fit(galaxies[0], labels)
    return classifier, EvaluationReport(classifier, galaxies[0], labels, n_saliency=1)


class Stub:
    """A classifier of another library."""

    def __init__(self, tree, predicted):
        self.tree = tree
        self.predicted = predicted
        self.classes_ = np.array(tree.answer_names)

    def predict_proba(self, X):
        return np.resize(self.predicted, (len(X), len(self.classes_)))


class Elements(HTMLParser):
    """All elements of a page, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def data_of(report):
    """Return what the page's script is given."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', report.to_html())
    return json.loads(text[1])


# ---------------------------------------------------------------------- numbers


def test_scores_are_those_of_the_metrics(report, pipe, paths, galaxies):
    predicted, text = pipe.predict_proba(paths), report.to_html()
    mean = np.tile(GZ2.to_cumulative(galaxies[1]).mean(axis=0), (24, 1))
    row = "mean votes of these galaxies"
    for name in (
        *("cumulative_rmse", "conditional_rmse", "conditional_mse"),
        "conditional_cross_entropy",
    ):
        score = getattr(metrics, name)
        found = report.scores.loc["model"]
        assert found[name] == pytest.approx(score(galaxies[1], predicted), rel=1e-6)
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]
        of_mean = score(galaxies[1], mean, pred_form="cumulative")
        assert report.scores.loc[row, name] == pytest.approx(of_mean)
        for value in (found[name], found[f"{name}_low"], of_mean):
            assert f"{value:.4f}" in text
    same = np.mean(GZ2.label(galaxies[1]) == GZ2.label(predicted))
    assert report.scores.loc["model", "same_label"] == pytest.approx(same)
    assert report.scores.index.tolist() == [
        *("model", row, "central pixel", "ridge on 8x8 pixels"),
    ]


def test_questions_are_those_of_the_metrics(report, pipe, paths, galaxies):
    expected = metrics.question_scores(galaxies[1], pipe.predict_proba(paths))
    found = report.questions
    pd.testing.assert_frame_equal(found[list(expected)], expected, rtol=1e-6)
    again = question_intervals(report._target, report.predictions)["conditional_rmse"]
    pd.testing.assert_series_equal(again, expected["conditional_rmse"], rtol=1e-6)
    assert (found["conditional_rmse_low"] <= found["conditional_rmse"]).all()
    assert (found["conditional_rmse"] <= found["conditional_rmse_high"]).all()
    for value in found["conditional_rmse"]:
        assert f'<td class="numeric">{value:.4f}\n' in report.to_html()


def test_galaxies(report, pipe, paths, galaxies):
    predicted = pipe.predict_proba(paths)
    table = report.galaxies
    off = GZ2.to_cumulative(galaxies[1]) - GZ2.to_cumulative(predicted)
    np.testing.assert_allclose(table["error"], (off**2).mean(axis=1) ** 0.5, rtol=1e-6)
    np.testing.assert_allclose(table["unusual"], -pipe.score_samples(paths), rtol=1e-5)
    assert table["voted"].tolist() == GZ2.label(galaxies[1]).tolist()
    assert table["predicted"].tolist() == GZ2.label(predicted).tolist()
    assert table["row"].tolist() == [i for i in range(25) if i != 10]
    shown = data_of(report)["galaxies"]
    ends = pipe["classifier"].predict_interval(pipe[:-1].transform(paths), 0.9)
    for i in (0, 12):
        np.testing.assert_allclose(shown[i]["voted"], galaxies[1].iloc[i], atol=6e-4)
        np.testing.assert_allclose(shown[i]["predicted"], predicted[i], atol=6e-4)
        np.testing.assert_allclose(shown[i]["interval"], ends[i], atol=6e-4)
        bar = (galaxies[1].iloc[i, 5:7] - predicted[i, 5:7]) ** 2
        asked = galaxies[1].iloc[i, 5:7].any()
        expected = pytest.approx(bar.mean() ** 0.5, abs=6e-4) if asked else None
        assert shown[i]["errors"][3] == expected


def test_intervals_of_scores_are_those_of_a_mean():
    values = np.random.default_rng(0).gamma(1, size=2000)
    found = _resampled({"one": {"x_mse": (values, np.ones(2000))}}, 2000).loc["one"]
    half = 1.96 * values.std() / 2000**0.5
    assert found["x_mse"] == pytest.approx(values.mean())
    assert found["x_mse_low"] == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found["x_mse_high"] == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_scores_of_what_nobody_knows_are_missing():
    found = _resampled({"one": {"x_mse": (np.zeros(3), np.zeros(3))}}, 3)
    assert found.isna().all(axis=None)


def test_baselines_do_not_see_what_they_predict():
    """Pixels that tell nothing cannot beat the mean; pixels that tell all do."""
    given = np.random.default_rng(1).uniform(size=200)
    rows = np.zeros((200, 3))
    rows[:, 0], rows[:, 1] = given, 1 - given
    tree = GZ2.__class__(
        "three",
        (
            GZ2.questions[0]._replace(
                answers=tuple(answer._replace(leads_to=None) for answer in GZ2.questions[0].answers)
            ),
        ),
    )
    target = Target(tree, as_table(check_votes(rows, tree=tree), tree), False)
    pixels = np.random.default_rng(2).uniform(size=(200, 16, 16))
    seen = SimpleNamespace(pixels=pixels, centres=given[:, None])
    mean, centre, ridge = (
        metrics.cumulative_rmse(target.votes, one, tree=tree)
        for one, _ in baselines(target, seen).values()
    )
    assert ridge > 0.98 * mean
    assert centre < 0.1 * mean


def test_mean_of_the_training(pipe, paths, galaxies):
    training = galaxies[1][:5]
    report = EvaluationReport(pipe, paths, galaxies[1], y_train=training, n_saliency=0)
    mean = np.tile(GZ2.to_cumulative(training).mean(axis=0), (24, 1))
    expected = metrics.cumulative_rmse(galaxies[1], mean, pred_form="cumulative")
    found = report.scores.loc["mean votes of the training", "cumulative_rmse"]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("ensemble", [False, True])
def test_all_in_one_look(galaxies, ensemble):
    X, y = galaxies
    model = GalaxyEnsemble(network(), 2) if ensemble else network()
    model.fit(X, y)
    proba, distances, ends = model._predict_all(X, (0.5, 0.9))
    np.testing.assert_allclose(proba, model.predict_proba(X))
    np.testing.assert_allclose(distances, -model.score_samples(X))
    np.testing.assert_allclose(ends[1], model.predict_interval(X, 0.9, "conformal"))
    alone = network().set_params(validation_fraction=0).fit(X, y)
    assert alone._predict_all(X, (0.5,))[1:] == (None, None)


# ------------------------------------------------------------------ what is shown


def test_galaxies_that_cannot_be_read_are_listed(report, pipe, votes):
    assert report.unreadable.index.tolist() == [BROKEN]
    assert report.unreadable["row"].tolist() == [10]
    assert "no image" in report.unreadable["reason"].iloc[0]
    assert f"<strong>{html.escape(BROKEN, quote=False)}</strong>" in report.to_html().replace(
        "&#34;", '"'
    )
    assert "1 of 25 galaxies could not be read" in report.to_html()
    with pytest.raises(ValueError, match=r"None of the 1 images can be read; the first: .*none"):
        EvaluationReport(pipe, ["none.jpg"], votes[:1])


def test_nothing_is_loaded_and_nothing_gets_in(report, of_classes):
    for page in (report.to_html(), of_classes[1].to_html()):
        elements = Elements(page).found
        for tag, attributes in elements:
            if tag != "a":
                for name in ("src", "href", "xlink:href", "data", "action", "poster"):
                    link = attributes.get(name) or "#"
                    assert link.startswith(("#", "data:image/")), (tag, link[:80])
            assert not [name for name in attributes if name.startswith("on")]
        assert "@import" not in page and not re.search(r"url\(\s*(?!['\"]?(#|data:))", page)
        tags = [tag for tag, _ in elements]
        assert "link" not in tags and "iframe" not in tags
        # The data, our script and that of scikit-learn's diagram.
        assert tags.count("script") <= 3
        policy = next(a["content"] for t, a in elements if t == "meta" and "http-equiv" in a)
        assert "default-src 'none'" in policy and "unsafe-inline' script" not in policy
        assert not re.search(r"script-src[^;]*unsafe", policy)
        assert EVIL not in page and "<img src=x" not in page and "<svg onload" not in page


def test_names_of_elements_are_unique(report):
    names = [a["id"] for _, a in Elements(report.to_html()).found if "id" in a]
    assert len(names) == len(set(names))


def test_models_of_classes(of_classes, galaxies, labels):
    classifier, report = of_classes
    proba = classifier.predict_proba(galaxies[0])
    found = report.scores.loc["model"]
    assert found["accuracy"] == pytest.approx(
        accuracy_score(labels, classifier.predict(galaxies[0]))
    )
    brier = brier_score_loss(labels == classifier.classes_[1], proba[:, 1])
    assert found["brier_score"] == pytest.approx(2 * brier, rel=1e-5)
    counts = pd.Series(labels).value_counts(normalize=True)
    row = report.scores.loc["class frequencies of these galaxies"]
    assert row["accuracy"] == pytest.approx(counts.max())
    assert report.galaxies["voted"].tolist() == labels.tolist()
    text = report.to_html()
    assert 'id="questions"' not in text and f"{found['accuracy']:.4f}" in text
    assert report.galaxies.index[0] == "galaxy 0"
    shown = data_of(report)
    assert [len(shown["questions"]), shown["questions"][0]["answers"]] == [1, [EVIL, "smooth"]]
    assert sum("saliency" in galaxy for galaxy in shown["galaxies"]) == 1


def test_a_class_may_be_called_unknown(galaxies):
    X = galaxies[0][:, ::8, ::8, :1].reshape(len(galaxies[0]), -1)
    labels = np.where(np.arange(len(X)) % 3, "spiral", "unknown")
    model = DummyClassifier(strategy="prior").fit(X, labels)
    found = EvaluationReport(model, X, labels).scores.loc["model", "accuracy"]
    assert found == model.score(X, labels)
    assert EvaluationReport(model, X[:3], labels[:3]).to_html().count("unknown") > 1


def test_a_search(galaxies):
    X = galaxies[0][:, ::8, ::8, :1].reshape(len(galaxies[0]), -1) / 255
    labels = np.where(np.arange(len(X)) % 3, "spiral", "smooth")
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, labels)
    page = EvaluationReport(search, X, labels).to_html()
    assert content_id(search) == content_id(search.best_estimator_) and content_id(search) in page


def test_another_survey_and_library(galaxies):
    """Votes of which some are unknown, and a model that tells fractions only."""
    rows = fractions(GZ_EUCLID, 0, 24)
    rows[0] = np.nan
    rows[1, GZ_EUCLID.slices[2]] = np.nan
    stub = Stub(GZ_EUCLID, fractions(GZ_EUCLID, 1, 24))
    columns = [f"{name}_fraction" for name in GZ_EUCLID.answer_names]
    report = EvaluationReport(stub, galaxies[0], pd.DataFrame(rows, columns=columns))
    known = metrics.conditional_rmse(rows[1:], stub.predicted[1:], tree=GZ_EUCLID)
    assert report.scores.loc["model", "conditional_rmse"] == pytest.approx(known)
    assert np.isnan(report.galaxies["error"].iloc[0]) and "unusual" not in report.galaxies
    text = report.to_html()
    assert "Galaxy Zoo Euclid" in text and "no conformal intervals" in text
    assert data_of(report)["galaxies"][0]["errors"][0] is None


def test_rows_of_features_have_no_pictures(galaxies):
    X = galaxies[0].reshape(24, -1)[:, :50] / 255
    stub = Stub(REPEATED, fractions(REPEATED, 1, 24))
    report = EvaluationReport(stub, X, fractions(REPEATED, 0, 24), tree=REPEATED)
    assert len(report.scores) == 2 and "No baselines are fitted" in report.to_html()
    shown = data_of(report)["galaxies"]
    assert all(galaxy["image"] is None and "saliency" not in galaxy for galaxy in shown)


def test_choice_of_many():
    """With 100,000 galaxies the best, worst and most unusual of each answer are on the page."""
    rng = np.random.default_rng(0)
    n = 100_000
    votes = fractions(GZ2, 0, n)
    path = GZ2.walk(votes).astype(bool)
    errors = rng.uniform(size=(n, 12))
    unusual = rng.uniform(size=n)
    rows, most = choose(errors, unusual, path, GZ2.slices, 1000)
    assert len(rows) == 1000 == len(set(rows)) and most == 6
    assert (np.diff(rows) > 0).all()
    assert set(np.argsort(errors[:, 0])[:6]) | set(np.argsort(-unusual)[:6]) <= set(rows)
    for question, columns in enumerate(GZ2.slices, 1):
        for answer in range(columns.start, columns.stop):
            members = np.flatnonzero(path[:, answer])
            order = members[np.argsort(errors[members, question])]
            assert {*order[:6], *order[-6:]} <= set(rows)
    assert len(choose(errors, None, path, GZ2.slices, 10)[0]) <= 2 * 38


def test_page_of_many_is_small(galaxies):
    """Images of noise, which JPEG packs worst, of the size that is shown."""
    n = 1200
    images = np.random.default_rng(0).integers(0, 256, (60, 128, 128, 3), dtype=np.uint8)
    stub = Stub(GZ2, fractions(GZ2, 1, n))
    X = images[np.arange(n) % 60]
    report = EvaluationReport(stub, X, fractions(GZ2, 0, n), n_saliency=0)
    page = report.to_html()
    assert len(data_of(report)["galaxies"]) == 1000
    assert "This page shows 1,000 of 1,200 galaxies" in page
    assert len(page.encode()) < 20e6


def test_saliency_of_a_few(report):
    found = {g["name"]: g["saliency"] for g in data_of(report)["galaxies"] if "saliency" in g}
    assert set(found) == {report.galaxies["error"].idxmax(), report.galaxies["error"].idxmin()}
    for name, saliency in found.items():
        i = report.galaxies.index.get_loc(name)
        assert saliency["source"].startswith("data:image/png;base64,")
        assert max(saliency["fall"], saliency["rise"]) > 0
        # Of a question on the voted path, the answer that was predicted.
        columns = next(s for s in GZ2.slices if s.start <= saliency["column"] < s.stop)
        assert saliency["column"] == columns.start + report.predictions.iloc[i, columns].argmax()
        assert any(
            columns.start <= c < columns.stop for c in data_of(report)["galaxies"][i]["path"]
        )
    unusual = np.array([0.0, 3.0, 1.0, 2.0])
    assert most_telling(np.array([np.nan, 1.0, 3.0, 2.0]), unusual, 3) == [2, 1, 3]


def test_page_in_a_notebook_and_in_a_file(report, tmp_path):
    (_, frame), *others = Elements(report._repr_html_()).found
    assert frame["srcdoc"] == report.to_html() and not others
    report.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == report.to_html()


@pytest.mark.filterwarnings("ignore:.* is a pickle:UserWarning")
def test_report_of_the_command_line(pipe, files, votes, tmp_path, capsys):
    images = tmp_path / "images"
    images.mkdir()
    table = votes.assign(objid=range(25))
    for i, path in enumerate(files):
        shutil.copy(path, images / f"{i}.jpg")
    table.to_csv(tmp_path / "votes.csv", index=False)
    (tmp_path / "card").mkdir()
    joblib.dump(pipe, tmp_path / "card" / "model.joblib")
    card = "---\nlibrary_name: galaxy_sklearn\n---\n# A tiny model\n"
    (tmp_path / "card" / "README.md").write_text(card)
    command = ["evaluate", f"{tmp_path}/card/model.joblib", "--images", str(images)]
    command += ["--votes", f"{tmp_path}/votes.csv", "--report"]
    assert cli.main([*command, f"{tmp_path}/page.html"]) == 0
    shown = capsys.readouterr()
    assert "24 galaxies" in shown.out and "left out: 10.jpg: " in shown.err
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "# A tiny model" in page and "library_name" not in page
    assert "model.joblib on images" in page
    rmse = re.search(r"cumulative_rmse +([\d.]+)", shown.out)[1]
    assert f"{rmse}\n" in page
    assert cli.main([*command, f"{tmp_path}/none/page.html"]) == 1
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": Ridge()}, "estimator must be a fitted classifier with predict_proba"),
        ({"y": np.zeros(24)}, r"votes of Galaxy Zoo 2: expected y of shape \(n_galaxies, 37\)"),
        ({"tree": REPEATED}, "answers the questions of Galaxy Zoo 2, not of repeated"),
        ({"X": ["a.jpg"]}, "Found 1 galaxies in X and 24 in y"),
        ({"max_galaxies": 0}, "max_galaxies must be an int from 1 on, got 0"),
        ({"n_saliency": 1.5}, "n_saliency must be an int from 0 on, got 1.5"),
        ({"y": np.full((24, 37), np.nan)}, "no vote that is known"),
    ],
)
def test_refuses(pipe, paths, galaxies, change, message):
    given = {"estimator": pipe, "X": paths, "y": galaxies[1]} | change
    with pytest.raises(ValueError, match=message):
        EvaluationReport(**given)


def test_votes_in_another_order_than_the_images(pipe, paths, galaxies):
    """Their index tells."""
    votes = galaxies[1].set_axis([Path(path).stem for path in paths])
    assert len(EvaluationReport(pipe, paths, votes).galaxies) == len(paths)
    with pytest.raises(ValueError, match=r"in another order: row 0 is .*, the image "):
        EvaluationReport(pipe, paths, votes.iloc[::-1])


def test_refuses_labels(of_classes, galaxies, labels):
    classifier, _ = of_classes
    with pytest.raises(ValueError, match="predicts classes: expected y to hold one label a galaxy"):
        EvaluationReport(classifier, *galaxies)
    labels = labels.astype(object)
    labels[2] = "star"
    with pytest.raises(ValueError, match="y, row 2: 'star' is none of the classes of the model"):
        EvaluationReport(classifier, galaxies[0], labels)


# ------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="tests in a browser need playwright"
    )
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f"tests in a browser need one of {', '.join(names)}")
    # As root it starts without its sandbox only; it opens pages of these tests alone.
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as running:
        try:
            opened = running.chromium.launch(executable_path=program, args=arguments)
        except playwright.Error as error:
            pytest.skip(f"{program} does not start: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a report; check that it asks for nothing and complains of nothing."""
    contexts, noted = [], []

    def visit(report, **how):
        report.save(tmp_path / "page.html")
        context = browser.new_context(viewport={"width": 1100, "height": 800}, **how)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noted.append(message.text))
        page.on("pageerror", lambda error: noted.append(str(error)))
        page.on("dialog", lambda dialog: (noted.append(dialog.message), dialog.dismiss()))
        page.on(
            "request",
            lambda request: request.url.startswith(("data:", "file:")) or noted.append(request.url),
        )
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not noted


def names_in(page, kind):
    return page.locator(f"#{kind} .name").all_inner_texts()


def test_browser_opens_the_pages(visit, report, of_classes):
    for one in (report, of_classes[1]):
        page = visit(one)
        assert len(names_in(page, "worst")) == 6
        loaded = "[...document.images].every((image) => image.hidden || image.naturalWidth > 0 "
        assert page.evaluate(loaded + "|| image.closest('dialog'))")
        # What a screen reader has to go by.
        assert page.evaluate("[...document.images].every((image) => image.hasAttribute('alt'))")
        assert page.evaluate(
            "[...document.querySelectorAll('button')].every((button) => button.innerText.trim() "
            "|| button.closest('dialog'))"
        )
        assert page.evaluate(
            "[...document.querySelectorAll('svg:not([aria-hidden])')].every((svg) => "
            "svg.getAttribute('aria-label') || svg.closest('.diagram'))"
        )
        assert page.title() == one.title


def test_browser_filters(visit, report, galaxies):
    page = visit(report)
    table = report.galaxies.sort_values("error")
    assert names_in(page, "best") == table.index[:6].tolist()
    assert names_in(page, "worst") == table.index[::-1][:6].tolist()
    assert names_in(page, "unusual") == (
        table.sort_values("unusual", ascending=False).index[:6].tolist()
    )
    path = GZ2.walk(galaxies[1])
    question = 1  # edge-on?
    page.get_by_role("combobox", name="Question").select_option(label="edgeon")
    for answer in (1, None):
        if answer is not None:
            page.get_by_role("combobox", name="Answer voted most").select_option(label="no")
            members = path[:, GZ2.slices[question].start + answer] > 0
        else:
            page.get_by_role("combobox", name="Answer voted most").select_option(label="any")
            members = path[:, GZ2.slices[question]].any(axis=1)
        errors = np.array([g["errors"][1 + question] for g in data_of(report)["galaxies"]])
        order = [i for i in np.argsort(-errors.astype(float), kind="stable") if members[i]]
        assert names_in(page, "worst") == report.galaxies.index[order[:6]].tolist()
        expected = f"{members.sum()} of the 24 galaxies on this page"
        assert page.locator("#filtered").inner_text() == expected


def test_browser_sorts(visit, report):
    page = visit(report)

    def column(i):
        return page.locator(f"#all tbody tr > :nth-child({i})").all_inner_texts()

    header = page.locator("#all thead")
    errors = report.galaxies["error"].sort_values()
    assert column(2) == errors.index[::-1].tolist()
    assert header.get_by_role("columnheader", name="Error").get_attribute("aria-sort") == (
        "descending"
    )
    header.get_by_role("button", name="Error").click()
    assert column(2) == errors.index.tolist()
    assert column(5) == [f"{error:.3f}" for error in errors]
    header.get_by_role("button", name="Predicted").click()
    assert column(4) == sorted(report.galaxies["predicted"], key=str.lower)
    sorts = header.locator("th").evaluate_all(
        "cells => cells.map((cell) => cell.getAttribute('aria-sort'))"
    )
    assert sorts == ["none", "none", "ascending", "none", "none"]
    assert page.locator("#shown").inner_text() == "1 to 24 of 24"
    assert page.get_by_role("button", name="Next").is_disabled()


def test_browser_turns_pages(visit, galaxies):
    stub = Stub(REPEATED, fractions(REPEATED, 1, 30))
    X = galaxies[0][np.arange(30) % 24]
    page = visit(EvaluationReport(stub, X, fractions(REPEATED, 0, 30), tree=REPEATED))
    assert page.locator("#unusual").inner_text() == "The model cannot tell."
    page.get_by_role("button", name="Next").click()
    assert page.locator("#all tbody tr").count() == 5
    assert page.locator("#shown").inner_text() == "26 to 30 of 30"
    page.get_by_role("button", name="Previous").click()
    assert page.locator("#all tbody tr").count() == 25


def test_browser_shows_a_galaxy(visit, report, galaxies):
    """By click, and by keyboard alone; the name that attacks is text."""
    page = visit(report)
    dialog = page.get_by_role("dialog")
    page.locator("#all").get_by_role("button", name=ATTACK, exact=True).click()
    assert dialog.get_by_role("heading").inner_text() == ATTACK
    votes = dialog.locator("#answers tbody td:nth-child(2)").all_inner_texts()
    asked = np.repeat(
        [galaxies[1].iloc[3, s].any() for s in GZ2.slices], [s.stop - s.start for s in GZ2.slices]
    )
    assert votes == [
        f"{vote:.3f}" if known else "–"  # noqa: RUF001 - as the page has it
        for vote, known in zip(galaxies[1].iloc[3], asked, strict=True)
    ]
    predicted = dialog.locator("#answers tbody td:nth-child(3)").all_inner_texts()
    np.testing.assert_allclose(
        [float(text) for text in predicted], report.predictions.iloc[3], atol=6e-4
    )
    assert dialog.locator("#picture").evaluate("image => image.naturalWidth") == 16
    assert dialog.locator("#drawing path").count() > 10
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()

    page.keyboard.press("Tab")
    worst = page.locator("#worst button").first
    worst.focus()
    page.keyboard.press("Enter")
    name = report.galaxies["error"].idxmax()
    assert dialog.get_by_role("heading").inner_text() == name
    assert dialog.locator("#saliency").is_visible()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert worst.evaluate("button => button === document.activeElement")


def test_browser_draws_the_tree_as_wide_as_the_votes(visit, report):
    page = visit(report)
    page.locator("#best button").first.click()
    galaxy = min(data_of(report)["galaxies"], key=lambda one: one["errors"][0])
    first = page.locator("#drawing path.voted").first.get_attribute("d")
    points = [tuple(map(float, point.split())) for point in re.findall(r"[\d.-]+ [\d.-]+", first)]
    full = data_of(report)["tree"]["full"]
    column = next(i for i, value in enumerate(galaxy["votedPaths"]) if value)
    width = points[-1][1] - points[0][1]
    assert width == pytest.approx(24 * full * galaxy["votedPaths"][column], abs=0.02)


def test_browser_light_dark_printed_and_by_keyboard(visit, report):
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(report, color_scheme=scheme) for scheme in ("light", "dark"))
    assert light.evaluate(ground) == "rgb(255, 255, 255)"
    assert dark.evaluate(ground) == "rgb(20, 22, 27)"
    text = dark.locator("figure svg text").first.evaluate("text => getComputedStyle(text).fill")
    assert text == "rgb(231, 233, 238)"
    dark.emulate_media(media="print")
    assert dark.evaluate(ground) == "rgb(255, 255, 255)"
    assert not dark.locator("nav").is_visible() and dark.locator("#worst img").first.is_visible()
    light.keyboard.press("Tab")
    assert light.evaluate("document.activeElement.textContent") == "Skip to the content"
    light.keyboard.press("Enter")
    assert light.evaluate("location.hash") == "#main"
    light.set_viewport_size({"width": 390, "height": 700})
    assert light.evaluate("document.documentElement.scrollWidth <= innerWidth")
