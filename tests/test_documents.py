"""What the documents show must run, and what they name must exist."""

import ast
import inspect
import re
import runpy
import sys
from pathlib import Path

import matplotlib
import pytest
from sklearn.base import BaseEstimator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_ext"))
from public import public_objects  # noqa: E402

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
# The site's build runs all examples; these take a few seconds each.
QUICK = ["plot_02_pretrained", "plot_03_steps"]


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_example_as_a_script(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)  # warns where there is a screen
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out
    assert plt.get_fignums()
    plt.close("all")
    assert not list(tmp_path.iterdir()), "an example leaves files behind"


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if PYTHON.search(page.read_text())],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_python_blocks(page):
    """Blocks marked python run, one after the other; those marked py are only read."""
    exec("\n".join(PYTHON.findall(page.read_text())), {})


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            made = "auto_examples" in target  # by the build of the site
            if not target.startswith("http") and not made:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_pages_show_examples_that_exist():
    """A pattern that no example matches leaves the page without pictures, and no warning."""
    patterns = [
        p for page in PAGES for p in re.findall(r"^   \.\./(examples/\S+)$", page.read_text(), re.M)
    ]
    assert patterns
    for pattern in patterns:
        assert list(ROOT.glob(pattern)), pattern


def api_entries():
    """Return the full names that have an entry in the API reference."""
    names = []
    for page in (ROOT / "docs" / "api").glob("*.rst"):
        text = page.read_text()
        names += re.findall(r"^\.\. py:data:: (\S+)", text, re.MULTILINE)
        names += re.findall(r"^\.\. survey:: (\S+)", text, re.MULTILINE)
        for block in re.findall(r":toctree: generated/\n\n((?:   \S+\n)+)", text):
            names += block.split()
    surveys = [name for name in names if re.fullmatch(r"GZ\w+", name)]
    return [
        *(f"galaxy_sklearn.surveys.{name}" for name in surveys),
        *(
            name if name.startswith("galaxy_sklearn.") else f"galaxy_sklearn.{name}"
            for name in names
            if name not in surveys
        ),
    ]


def test_every_public_object_is_in_the_api_reference():
    """Under one of its names, where it has several."""
    public, entries = public_objects(), api_entries()
    assert len(entries) == len(set(entries))
    assert set(entries) <= set(public)
    documented = {id(public[name]) for name in entries}
    assert [name for name, value in public.items() if id(value) not in documented] == []


def estimators():
    """Return one of each public estimator."""
    public = public_objects()
    classifier = public["galaxy_sklearn.GalaxyClassifier"]()
    classes = {v for v in public.values() if isinstance(v, type) and issubclass(v, BaseEstimator)}
    for cls in classes:
        needs_one = "estimator" in inspect.signature(cls).parameters
        yield cls(classifier) if needs_one else cls()


def test_diagrams_link_to_the_api_reference(monkeypatch):
    monkeypatch.setenv("GALAXY_SKLEARN_DOCS", "SITE")
    for estimator in estimators():
        page = f"galaxy_sklearn.{type(estimator).__name__}"
        assert page in api_entries()
        assert f'href="SITE/api/generated/{page}.html"' in estimator._repr_html_()


def test_diagrams_have_no_link_without_an_address(monkeypatch):
    monkeypatch.delenv("GALAXY_SKLEARN_DOCS", raising=False)
    for estimator in estimators():
        assert f">Documentation for {type(estimator).__name__}<" not in estimator._repr_html_()


def source_texts():
    """Return the texts of the package, with ``...`` for what f-strings fill in."""
    texts = []
    for path in (ROOT / "galaxy_sklearn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                texts.append(
                    "".join(p.value if isinstance(p, ast.Constant) else "..." for p in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return texts


def test_messages_in_the_troubleshooting_page_are_raised():
    page = (ROOT / "docs" / "guide" / "troubleshooting.md").read_text()
    messages = re.findall(r"^### `(.*)`$", page, re.MULTILINE)
    assert messages
    texts = source_texts()
    for message in messages:
        parts = ".*".join(re.escape(part.strip()) for part in message.split("..."))
        assert any(re.search(parts, text, re.DOTALL) for text in texts), message


def test_pages_that_need_a_network_or_a_missing_file_are_refused(tmp_path):
    check_site = runpy.run_path(str(ROOT / "docs" / "check_site.py"))["main"]
    assert "has no pages" in check_site(tmp_path)
    page = tmp_path / "page.html"
    page.write_text('<a href="https://doi.org/1">a paper</a> <a href="page.html#top">up</a>')
    assert check_site(tmp_path) == ""
    page.write_text('<script src="https://cdn.example/x.js"></script><a href="gone.html">x</a>')
    assert check_site(tmp_path).splitlines() == [
        f"{page}: loads https://cdn.example/x.js",
        f"{page}: links to gone.html, which is not there",
    ]
