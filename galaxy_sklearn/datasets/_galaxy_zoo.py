"""Galaxy Zoo images and vote tables on disk."""

import os
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from galaxy_sklearn._ids import as_array
from galaxy_sklearn.datasets._mapping import asset_ids
from galaxy_sklearn.datasets._tables import IDS, read_table, rows_with_ids
from galaxy_sklearn.decision_tree import check_tree
from galaxy_sklearn.images import find_images
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.votes import check_votes, doubt_about

# The columns that a mapping's objid is looked up in, first come, first served.
OBJIDS = ("dr7objid", "objid", "GalaxyID")


def load_galaxy_zoo(
    images, votes, *, tree=GZ2, mapping=None, split=None, incomplete="keep", return_X_y=False
):
    """Join a folder of galaxy images with a table of vote fractions.

    Parameters
    ----------
    images : str or path-like
        Folder of image files, each named by the number of its galaxy (``100008.jpg``).
    votes : str, path-like or table
        Table of the Kaggle challenge (``GalaxyID``, ``Class1.1``, ...) or of a survey's
        catalogue: numbers or names of the galaxies (``asset_id``, ``dr7objid``, ``objid``,
        ``iauname``, ``dr8_id``, ``zooniverse_id`` or ``id_str``), and columns ending in
        ``_debiased``; without those, in ``_weighted_fraction``, ``_fraction`` or ``_count``, or
        `DecisionTree.answer_names` as they are (see `DecisionTree.spellings`). It may lack
        questions; other columns are left alone. A file, whose content tells the format: CSV
        (separated by commas, semicolons or tabs; compressed or not), Parquet, or, with astropy
        installed, FITS or VOTable. Or a data frame or table of pandas, polars, pyarrow or astropy.
    tree : DecisionTree, default=GZ2
        The survey.
    mapping : str, path-like or table, optional
        Table with the columns ``objid`` and ``asset_id``, if the images are named by the
        latter. It decides then; an ``asset_id`` in the votes must agree with it. Votes that
        have no number but ``asset_id`` need no mapping.
    split : {"train", "validation", "test"}, optional
        Take the galaxies of this part only, as a column ``split`` of the votes has it (see
        `split_galaxies`).
    incomplete : {"keep", "drop"}, default="keep"
        What to do with galaxies of which some fractions are missing (NaN): keep them, so that
        these questions are unknown, or leave them out. Questions that the whole table lacks do
        not count.
    return_X_y : bool, default=False
        Whether to return (paths, fractions) instead of a Bunch.

    Returns
    -------
    data : ~sklearn.utils.Bunch
        Dictionary-like object, with the following attributes.

        data : ndarray of str, shape (n_galaxies,)
            Paths of the images.
        target : DataFrame of shape (n_galaxies, n_answers)
            Vote fractions under the names that the table has for them, in the tree's order;
            NaN where unknown. The index holds the galaxies' numbers. float64, or float32 if
            the table has that.
        target_names : list of str
            Names of the answers, `DecisionTree.answer_names`.
        form : {"conditional", "cumulative", "counts"}
            Form of the fractions; "counts" if columns without an ending hold numbers of votes.
        images_without_votes : ndarray of str
            Paths of images that the table does not know, or whose galaxy is left out.
        votes_without_image : ndarray of int
            Numbers of galaxies in the table of which there is no image.
        incomplete_votes : ndarray of int
            Numbers of galaxies with an image of which a fraction is missing.

    Raises
    ------
    FileNotFoundError
        If folder or table does not exist.
    ValueError
        If the table cannot be read, lacks a column, has a galaxy twice, an invalid fraction or
        a number that is not exact, if mapping and table disagree, or if no image has votes.

    Warns
    -----
    UserWarning
        If galaxies of the table are left out, for want of a number, an image or a fraction; if
        the fractions do not sum as the names of their columns say.

    Notes
    -----
    Numbers are compared exactly and in one spelling: 123 and ``" 00123"`` are the same galaxy.
    A number that has been a float is refused if digits may have been lost. The first of
    ``GalaxyID``, ``asset_id``, ``dr7objid``, ``objid``, ``iauname``, ``dr8_id``,
    ``zooniverse_id`` and ``id_str`` that the table has, in that order, tells the galaxy; with a
    mapping, the first of ``dr7objid``, ``objid`` and ``GalaxyID``.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import load_galaxy_zoo
    >>> paths, votes = load_galaxy_zoo(
    ...     "images_training_rev1", "training_solutions_rev1.csv", return_X_y=True
    ... )  # doctest: +SKIP
    """
    if incomplete not in ("keep", "drop"):
        raise ValueError(f"incomplete must be 'keep' or 'drop', got {incomplete!r}.")
    check_tree(tree)
    if isinstance(images, (str, os.PathLike)) and Path(images).is_file():
        swapped = ", and votes is a folder: are they exchanged?" * (
            isinstance(votes, (str, os.PathLike)) and Path(votes).is_dir()
        )
        raise NotADirectoryError(
            f"images: expected a folder, found the file {os.fspath(images)!r}{swapped or '.'}"
        )
    paths = find_images(images)
    answers = {column for columns, _ in tree.spellings for column in columns}
    table, name = read_table(
        votes, "votes", select=partial(_select, tree, split), numbers=answers.__contains__
    )
    candidates = OBJIDS if mapping is not None else IDS
    key = next((column for column in candidates if column in table.columns), "asset_id")
    names, positions = _answers(tree, list(table.columns), name)
    columns = [names[i] for i in positions]
    spelled = table[key]
    table, ids = rows_with_ids(table, key, columns, name, stacklevel=2)
    _check_once(ids, spelled.loc[table.index], name)
    if split is not None:
        chosen = _in_part(table["split"], split, name)
        table, ids = table[chosen], ids[chosen]
    is_mapped = mapping is not None and key != "asset_id"
    numbers = ids
    if is_mapped:
        given = table.get("asset_id")
        numbers = asset_ids(mapping, ids, set(paths.index), given=given, name=name)
    place = {number: i for i, number in enumerate(paths.index)}
    places = np.array([place.get(number, -1) for number in numbers], dtype=int)
    has_image = places >= 0
    if not has_image.any():
        raise ValueError(
            f"None of the {len(paths)} images in {os.fspath(images)!r} (such as "
            f"{Path(paths.iloc[0]).name!r}) is named by a {key} of {name} (such as "
            f"{ids[0] if len(ids) else 'none: no row has one'})"
            f"{', through the mapping' if is_mapped else ''}."
        )
    places, fractions = places[has_image], table.loc[has_image, columns]
    lacks_fraction = fractions.isna().any(axis=1).to_numpy()
    incomplete_votes = as_array(paths.index[places[lacks_fraction]].tolist())
    if lacks_fraction.all() and incomplete == "drop":
        raise ValueError(f"{name}: each galaxy that has an image lacks a fraction.")
    if incomplete == "drop":
        places, fractions = places[~lacks_fraction], fractions[~lacks_fraction]
    values = np.full((len(fractions), len(names)), np.nan, np.result_type(*fractions.dtypes))
    values[:, positions] = fractions
    index = as_array(paths.index[places].tolist())
    index = pd.Index(index, dtype=index.dtype, name="asset_id" if is_mapped else key)
    target = pd.DataFrame(values, index, list(names))
    if len(target) < len(table):
        lacking = f" and {len(incomplete_votes)} lack a fraction" if incomplete == "drop" else ""
        warnings.warn(
            f"{name}: of {len(table)} galaxies {np.sum(~has_image)} have no image{lacking}; "
            f"{len(target)} are left.",
            UserWarning,
            stacklevel=2,
        )
    try:
        checked = check_votes(target, tree=tree)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    doubt = doubt_about(checked, tree)
    if doubt:
        warnings.warn(
            f"{name}: the columns {names[0]!r}, ... {doubt}. Are they the right columns?",
            UserWarning,
            stacklevel=2,
        )
    data = paths.to_numpy(dtype=object)[places]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=list(tree.answer_names),
        form=checked.form if checked.counts is None else "counts",
        images_without_votes=np.delete(paths.to_numpy(dtype=object), places),
        votes_without_image=ids[~has_image],
        incomplete_votes=incomplete_votes,
    )


def _select(tree, split, columns, name):
    """Choose the columns to read."""
    ids = [column for column in IDS if column in columns]
    if not ids:
        raise ValueError(
            f"{name}: expected a column with the galaxies' numbers, one of {IDS}; found "
            f"{columns[:5]} ..."
        )
    names, positions = _answers(tree, columns, name)
    fractions = [names[i] for i in positions]
    if split is None:
        return [*ids, *fractions]
    if "split" not in columns:
        raise ValueError(f"{name}: split={split!r} needs a column 'split'; there is none.")
    return [*ids, *fractions, "split"]


def _answers(tree, columns, name):
    """Return a table's names for all answers, and the positions of those that it has.

    Questions may be lacking, but not some of the answers of a question.
    """
    for names, _ in tree.spellings:
        present = [i for i, column in enumerate(names) if column in columns]
        if not present:
            continue
        for question in tree.slices:
            missing = set(range(question.start, question.stop)) - set(present)
            if 0 < len(missing) < question.stop - question.start:
                raise ValueError(f"{name}: vote column {names[min(missing)]!r} is missing.")
        return names, present
    kaggle = f"the Kaggle challenge ({tree.kaggle_columns[0]!r}, ...) or " * tree.kaggle_reach
    raise ValueError(
        f"{name}: found no columns of {kaggle}a catalogue ({tree.debiased_columns[0]!r}, ...) of "
        f"{tree.name!r}, but {columns[:5]} ..."
    )


def _check_once(ids, spelled, name):
    """Refuse a galaxy that stands in the table twice."""
    twice = pd.Series(ids).duplicated()
    if not twice.any():
        return
    galaxy = ids[twice][0]
    rows = spelled[[number == galaxy for number in ids]].iloc[:2]
    found = " and ".join(str(row) for row in rows.index)
    if rows.nunique() > 1:
        found = " and ".join(f"{row} as {text!r}" for row, text in rows.items())
    raise ValueError(f"{name}: {spelled.name} {galaxy} stands in more than one row ({found}).")


def _in_part(parts, split, name):
    parts = [part.decode() if isinstance(part, bytes) else part for part in parts]
    parts = [None if pd.isna(part) else str(part).strip() for part in parts]
    chosen = np.array([part == split for part in parts], dtype=bool)
    if not chosen.any():
        found = sorted({part for part in parts if part})[:5]
        raise ValueError(f"{name}: no row of the column 'split' is {split!r}; found {found}.")
    return chosen
