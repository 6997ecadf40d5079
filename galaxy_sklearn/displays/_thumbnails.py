"""A table of predictions with a small picture in each row."""

import html
from collections import defaultdict
from numbers import Integral

import numpy as np
import pandas as pd

from galaxy_sklearn.displays._jpeg import as_jpeg
from galaxy_sklearn.images import ImageStack
from galaxy_sklearn.transformers import ImageReader

QUALITY = 85


class ThumbnailTable:
    """A table of predictions with a small picture of each galaxy, as notebooks show it.

    Pictures are found by the index of the table, so that rows may be sorted and selected before.

    Parameters
    ----------
    table : DataFrame
        What `galaxy_sklearn.scoring.prediction_table` returned for `X`, or rows and columns of it.
    X : array-like of str or path-like, or images
        The galaxies; all that were predicted, in their order. An `ImageStack` shows images as
        steps of a pipeline leave them, such as that of ``pipe[:2].transform(paths)``.
    n_rows : int, default=24
        Maximum number of rows to show, the first ones.
    size : int, default=64
        Maximum height and width of a picture in pixels.

    Raises
    ------
    ValueError
        If a row belongs to no image of `X` or to several, or a parameter is invalid.

    See Also
    --------
    galaxy_sklearn.scoring.prediction_table : Predict a table.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.displays import ThumbnailTable
    >>> from galaxy_sklearn.scoring import prediction_table
    >>> from galaxy_sklearn.sharing import load_pretrained
    >>> galaxies, _ = make_galaxies(3, image_size=64, random_state=0)
    >>> table = prediction_table(load_pretrained("gz2"), galaxies)
    >>> ThumbnailTable(table.sort_values("unusual")[["label", "unusual"]], galaxies)
    ThumbnailTable(3 galaxies)
    """

    def __init__(self, table, X, *, n_rows=24, size=64):
        for name, value in (("n_rows", n_rows), ("size", size)):
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be an int of at least 1, got {value!r}.")
        self.table = table.copy()  # its rows must stay beside their pictures
        self.images = ImageReader().transform(X)
        self.n_rows = n_rows
        self.size = size
        self._places = _places(table[:n_rows], self.images)

    def to_html(self):
        """Return the table as HTML that needs no other file.

        Returns
        -------
        str
            A table with a column of pictures, and a line that says how many rows are left out.
        """
        shown = self.table[: self.n_rows]
        columns = [("", map(self._picture, self._places, shown.index))]
        columns.append((shown.index.name or "", map(_in_words, shown.index)))
        columns += [(name, map(_in_words, values)) for name, values in shown.items()]
        frame = pd.DataFrame(index=range(len(shown)))
        for i, (name, cells) in enumerate(columns):
            # Names of answers are long.
            header = html.escape(str(name)).replace("_", "_<wbr>")
            frame.insert(i, header, list(cells), allow_duplicates=True)
        with pd.option_context("display.max_colwidth", None):
            page = frame.to_html(escape=False, index=False, border=0, justify="left")
        return f'<div style="overflow-x: auto">{page}<p>{self._in_words()}</p></div>'

    def _repr_html_(self):
        return self.to_html()

    def __repr__(self):
        return f"{type(self).__name__}({self._in_words()})"

    def _in_words(self):
        n = len(self.table)
        galaxies = f"{n:,} {'galaxy' if n == 1 else 'galaxies'}"
        return galaxies if n <= self.n_rows else f"the first {self.n_rows:,} of {galaxies}"

    def _picture(self, place, name):
        """Return the cell with the picture of an image; without one if it cannot be read."""
        try:
            image = self.images[place]
        except (OSError, ValueError):
            return "cannot be read"
        uri, width, height = as_jpeg(_pixels(np.asarray(image)), self.size, QUALITY)
        return f'<img src="{uri}" alt="{html.escape(str(name))}" width="{width}" height="{height}">'


def _places(table, images):
    """Return the position among images of each row of a table."""
    if "file" in table.columns or table.index.name == "file":
        if not isinstance(images, ImageStack):
            raise ValueError("The table has names of files, but X holds images: give their names.")
        known = defaultdict(list)
        for i, (name, path) in enumerate(zip(images.names, images.paths, strict=True)):
            for key in {name, str(path)}:
                known[key].append(i)
        names = table["file"] if "file" in table.columns else table.index
        for name in names:
            if len(known[name]) != 1:
                found = f"{len(known[name])} files" if known[name] else "no file"
                raise ValueError(f"X has {found} of the name {name!r}, which is a row's.")
        return [known[name][0] for name in names]
    for row in table.index:
        if not isinstance(row, Integral) or not 0 <= row < len(images):
            raise ValueError(
                f"The index of the table holds {row!r}, which is no row of X, of {len(images)} "
                "images."
            )
    return list(table.index)


def _pixels(image):
    """Return an image as bytes, gray or RGB: bands of other numbers than 3 as their mean."""
    if image.ndim == 3 and image.shape[2] != 3:
        image = image.mean(axis=2).astype(image.dtype)
    if image.dtype.kind == "u":
        full = np.iinfo(image.dtype).max
        return image if full == 255 else (image / (full / 255)).astype(np.uint8)
    low, high = np.nanmin(image), np.nanmax(image)
    if low >= 0 and high <= 1:  # as steps of a pipeline scale it
        low, high = 0, 1
    scaled = np.nan_to_num((image - low) / (high - low or 1))
    return np.rint(scaled * 255).astype(np.uint8)


def _in_words(value):
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.3f}" if isinstance(value, (float, np.floating)) else html.escape(str(value))
