"""Install a wheel in an empty environment, elsewhere, and predict with the pretrained model.

    python tests/installed.py WHEEL

Not collected by pytest: `make wheel` runs it.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from PIL import Image

from galaxy_sklearn.datasets import make_galaxies


def main(wheel):
    """Fail if what is installed does not answer."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        venv.create(folder / "env", with_pip=True)
        scripts = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
        pip = [scripts / "python", "-m", "pip", "install", "--quiet", wheel.resolve()]
        subprocess.run(pip, check=True)
        (folder / "images").mkdir()
        images, votes = make_galaxies(2, random_state=0)
        votes.assign(objid=range(2)).to_csv(folder / "votes.csv", index=False)
        for i, image in enumerate(images):
            Image.fromarray(image).save(folder / "images" / f"{i}.jpg")
        for command in (
            ["models"],
            ["predict", "gz2", "--images", "images", "--output", "out.csv"],
            [
                *("evaluate", "gz2", "--images", "images", "--votes", "votes.csv"),
                *("--report", "page.html"),
            ],
        ):
            subprocess.run([scripts / "galaxy-sklearn", *command], cwd=folder, check=True)
        header, *rows = (folder / "out.csv").read_text().splitlines()
        if len(rows) != 2 or len(header.split(",")) != 37 + 5:
            sys.exit(f"Expected 2 rows of 42 columns, found:\n{header}\n{rows}")
        if "</html>" not in (folder / "page.html").read_text(encoding="utf-8"):
            sys.exit("The page of `evaluate --report` is not whole.")
        print(
            f"{wheel.name} ({wheel.stat().st_size / 1e6:.1f} MB) answers in an empty environment."
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
