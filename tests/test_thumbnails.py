"""Tables of predictions with pictures."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from galaxy_sklearn import CenterCrop, ImageReader
from galaxy_sklearn.displays import ThumbnailTable

GRAYS = [0, 50, 100, 150, 200, 250]


@pytest.fixture
def files(tmp_path):
    """Images of one gray each."""
    for gray in GRAYS:
        Image.new("L", (96, 48), gray).save(tmp_path / f"{gray}.png")
    return [str(tmp_path / f"{gray}.png") for gray in GRAYS]


@pytest.fixture
def table():
    """A table as `prediction_table` makes it of the files."""
    table = pd.DataFrame({"smooth": np.linspace(0, 1, 6), "label": "disk", "error": None})
    return table.set_index(pd.Index([f"{gray}.png" for gray in GRAYS], name="file"))


def test_the_table_may_change_afterwards(files, table):
    shown = ThumbnailTable(table, files)
    before = shown.to_html()
    table.index = table.index[::-1]
    assert shown.to_html() == before


def pictures(page):
    """The pictures of a page, with their alternative texts."""
    found = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)" alt="([^"]*)"', page)
    return {
        text: np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
        for content, text in found
    }


def grays(page):
    return {text: round(picture.mean()) for text, picture in pictures(page).items()}


def test_each_row_has_its_own_picture(files, table):
    """In any order, and of any rows."""
    assert grays(ThumbnailTable(table, files).to_html()) == {f"{g}.png": g for g in GRAYS}
    some = table.sort_values("smooth", ascending=False)[["smooth"]].iloc[1:4]
    page = ThumbnailTable(some, files)._repr_html_()
    assert list(grays(page).items()) == [("200.png", 200), ("150.png", 150), ("100.png", 100)]
    rows = re.findall(r"<td>([^<]*)</td>", page)
    assert rows == ["200.png", "0.800", "150.png", "0.600", "100.png", "0.400"]
    assert "None" not in ThumbnailTable(table, files).to_html()
    long = table.rename(columns={"smooth": "smooth_or_features_smooth"})
    assert (
        "<th>smooth_<wbr>or_<wbr>features_<wbr>smooth</th>" in ThumbnailTable(long, files).to_html()
    )


def test_images_by_their_numbers(table):
    images = np.array(GRAYS, dtype=np.uint8)[:, None, None] + np.zeros((6, 8, 8), np.uint8)
    some = table.reset_index(drop=True).iloc[[5, 0]]
    assert grays(ThumbnailTable(some, images).to_html()) == {"5": 250, "0": 0}
    for scaled in (images / np.float32(255), images.astype(np.uint16) * 257, images[..., None]):
        assert grays(ThumbnailTable(some, scaled).to_html()) == {"5": 250, "0": 0}
    # Floats of other scales are stretched, several bands are one gray.
    flux = np.stack([np.linspace(-3, 500, 64).reshape(8, 8)] * 5, axis=-1)[None]
    (picture,) = pictures(ThumbnailTable(some.iloc[1:], flux).to_html()).values()
    assert picture.shape == (8, 8) and picture.min() < 10 and picture.max() > 245


def test_sizes(files, table):
    for size, shape in ((64, (32, 64)), (20, (10, 20)), (500, (48, 96))):
        page = ThumbnailTable(table[:1], files, size=size).to_html()
        assert pictures(page)["0.png"].shape == shape
        assert f'width="{shape[1]}" height="{shape[0]}"' in page
    stack = CenterCrop(40).fit_transform(ImageReader().transform(files))
    assert pictures(ThumbnailTable(table, stack).to_html())["50.png"].shape == (40, 40)


def test_what_is_left_out_is_said(files, table):
    shown = ThumbnailTable(table, files, n_rows=4)
    assert "<p>the first 4 of 6 galaxies</p>" in shown.to_html()
    assert len(pictures(shown.to_html())) == 4
    assert repr(shown) == "ThumbnailTable(the first 4 of 6 galaxies)"
    assert "<p>6 galaxies</p>" in ThumbnailTable(table, files).to_html()
    assert "<p>1 galaxy</p>" in ThumbnailTable(table[:1], files).to_html()


def test_nothing_in_a_table_is_code(tmp_path):
    name = "<b>&'x.png"
    Image.new("L", (4, 4)).save(tmp_path / name)
    table = pd.DataFrame({"<i>": ["<script>alert(1)</script>"], "n": [2**60 + 1]}, index=[name])
    table.index.name = "file"
    page = ThumbnailTable(table, [tmp_path / name]).to_html()
    assert not re.search("<(b|i|script)>", page)
    assert 'alt="&lt;b&gt;&amp;&#x27;x.png"' in page and str(2**60 + 1) in page


def test_an_image_that_cannot_be_read(files, table, tmp_path):
    (tmp_path / "50.png").write_bytes(b"no")
    page = ThumbnailTable(table, files).to_html()
    assert page.count("cannot be read") == 1 and len(pictures(page)) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, x: (t, x[1:]), "X has no file of the name '0.png'"),
        (lambda t, x: (t, [*x, f"other/{GRAYS[1]}.png"]), "X has 2 files of the name '50.png'"),
        (lambda t, x: (t, np.zeros((6, 4, 4))), "names of files, but X holds images"),
        (lambda t, x: (t.reset_index(drop=True), x[1:]), "holds 5, which is no row of X, of 5"),
        (lambda t, x: (t.set_index("label"), x), "holds 'disk', which is no row"),
    ],
)
def test_rows_without_their_image_are_refused(files, table, change, message):
    with pytest.raises(ValueError, match=message):
        ThumbnailTable(*change(table, files))


@pytest.mark.parametrize("parameter", ["n_rows", "size"])
def test_parameters(files, table, parameter):
    for value in (0, 2.5, None):
        with pytest.raises(ValueError, match=f"{parameter} must be an int of at least 1"):
            ThumbnailTable(table, files, **{parameter: value})


def test_names_in_a_column(files, table):
    """As `score_catalogue` writes them."""
    catalogue = table.reset_index()
    assert grays(ThumbnailTable(catalogue[::-1], files, n_rows=1).to_html()) == {"5": 250}
    catalogue["file"] = files
    assert grays(ThumbnailTable(catalogue[2:3], files).to_html()) == {"2": 100}
