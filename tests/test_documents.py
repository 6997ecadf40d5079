"""What the documents show must run."""

import re
import runpy
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[1]


# The documentation runs all examples when it is built; these take a few seconds each.
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
@pytest.mark.parametrize("name", ["README.md", "docs/guide.md"])
def test_python_blocks(name):
    """Blocks marked python run, one after the other; those marked py are only read."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    assert blocks
    exec("\n".join(blocks), {})


def test_links_lead_somewhere():
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"
