"""Galaxy Zoo images and vote tables on disk."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from galaxy_sklearn.datasets._ids import as_array, galaxy_id
from galaxy_sklearn.decision_tree import GZ2
from galaxy_sklearn.transformers._reader import FITS_SUFFIXES
from galaxy_sklearn.votes import check_votes

SUFFIXES = (".jpg", ".jpeg", ".png", *FITS_SUFFIXES)
IDS = ("GalaxyID", "asset_id", "dr7objid", "objid")


def load_galaxy_zoo(images, votes, *, mapping=None, split=None, return_X_y=False):
    """Join a folder of galaxy images with a table of vote fractions.

    Parameters
    ----------
    images : str or path-like
        Folder of image files, each named by the number of its galaxy (``100008.jpg``).
    votes : str, path-like or DataFrame
        Table, or CSV (also ``.gz``) or Parquet file, of the Kaggle challenge (``GalaxyID``,
        ``Class1.1``, ...) or of the Galaxy Zoo 2 catalogue (``dr7objid`` or ``objid``, and
        columns ending in ``_debiased``). Other columns are left alone.
    mapping : str, path-like or DataFrame, optional
        Table with the columns ``objid`` and ``asset_id``, if the images are named by the
        latter and the votes know the former only.
    split : {"train", "validation", "test"}, optional
        Take the galaxies of this part only, as a column ``split`` of the votes has it (see
        `split_galaxies`).
    return_X_y : bool, default=False
        Whether to return (paths, fractions) instead of a Bunch.

    Returns
    -------
    data : ~sklearn.utils.Bunch
        data : ndarray of str, shape (n_galaxies,)
            Paths of the images.
        target : DataFrame of shape (n_galaxies, 37)
            Vote fractions under the names that the table has for them, in the order of `GZ2`;
            the index holds the galaxies' numbers.
        target_names : list of str
            Names of the answers.
        form : {"conditional", "cumulative"}
            Form of the fractions.
        images_without_votes : ndarray of str
            Paths of images that the table does not know.
        votes_without_image : ndarray of int
            Numbers of galaxies in the table of which there is no image.
        incomplete_votes : ndarray of int
            Numbers of galaxies left out because a fraction is missing.

    Raises
    ------
    FileNotFoundError
        If folder or table does not exist.
    ValueError
        If the table lacks a column, has a galaxy twice or a fraction that cannot be one, or if
        no image has votes.

    Warns
    -----
    UserWarning
        If galaxies of the table are left out, for want of an image or of a fraction.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import load_galaxy_zoo
    >>> paths, votes = load_galaxy_zoo(
    ...     "images_training_rev1", "training_solutions_rev1.csv", return_X_y=True
    ... )  # doctest: +SKIP
    """
    paths = find_images(images)
    table, name = _read_table(votes, "votes")
    key = next((column for column in IDS if column in table.columns), None)
    if key is None:
        raise ValueError(
            f"{name}: expected a column with the galaxies' numbers, one of {IDS}; found "
            f"{list(table.columns[:5])} ..."
        )
    columns = _vote_columns(table, name)
    if split is not None:
        table = table[_in_part(table, split, name)]
    table = table[[key, *columns]]
    if mapping is not None:
        table = _with_asset_ids(table, key, mapping, paths)
        key = "asset_id"
    doubled = table[key][table[key].duplicated()]
    if len(doubled):
        rows = np.flatnonzero(table[key] == doubled.iloc[0])
        raise ValueError(
            f"{name}: {key} {doubled.iloc[0]} stands in more than one row "
            f"({rows[0]} and {rows[1]})."
        )
    table = table.set_index(key)
    incomplete = table.index[table.isna().any(axis=1)]
    table = table.drop(index=incomplete)
    with_image = table.index.isin(paths.index)
    found, without_image = table.index[with_image], table.index[~with_image]
    if found.empty:
        raise ValueError(
            f"None of the {len(paths)} images in {os.fspath(images)!r} (such as "
            f"{Path(paths.iloc[0]).name!r}) is named by a {key} of {name} (such as "
            f"{table.index[0] if len(table) else 'none: the table is empty'})."
        )
    target = table.loc[found]
    if len(without_image) or len(incomplete):
        warnings.warn(
            f"{name}: of {len(table) + len(incomplete)} galaxies {len(without_image)} have no "
            f"image and {len(incomplete)} lack a fraction; {len(found)} are left.",
            UserWarning,
            stacklevel=2,
        )
    form = check_votes(target).form
    data = paths.loc[found].to_numpy(dtype=object)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=list(GZ2.answer_names),
        form=form,
        images_without_votes=paths.drop(index=found).to_numpy(dtype=object),
        votes_without_image=without_image.to_numpy(),
        incomplete_votes=incomplete.to_numpy(),
    )


def find_images(folder):
    """List the image files of a folder.

    Parameters
    ----------
    folder : str or path-like
        The folder; those below it are not searched.

    Returns
    -------
    Series of str
        Paths, sorted, with the number of the galaxy (the file name without its ending) as the
        index, so that ``00123.jpg`` is galaxy 123; the name itself where it is no number.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no images, or two for one galaxy.
    """
    paths = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            ending = next((s for s in SUFFIXES if entry.name.lower().endswith(s)), None)
            if ending is None:
                continue
            number = _number_of(entry.name[: -len(ending)])
            if number in paths:
                raise ValueError(f"Two images of one galaxy: {paths[number]} and {entry.path}.")
            paths[number] = entry.path
    if not paths:
        raise ValueError(f"There are no images ({', '.join(SUFFIXES)}) in {os.fspath(folder)!r}.")
    # Left to itself, pandas may make an index of floats of some large integers.
    index = as_array(list(paths))
    return pd.Series(list(paths.values()), pd.Index(index, dtype=index.dtype), dtype=object)


def _number_of(stem):
    try:
        number = galaxy_id(stem)
    except ValueError:
        return stem  # no galaxy's number, and so an image without votes
    return stem if number is None else number


def _read_table(table, what):
    if isinstance(table, pd.DataFrame):
        return table.reset_index() if table.index.name in IDS else table, f"the table of {what}"
    name = os.fspath(table)
    if name.endswith((".parquet", ".pq")):
        return pd.read_parquet(name), name
    try:
        return pd.read_csv(name), name
    except pd.errors.EmptyDataError:
        raise ValueError(f"{name}: expected a table of {what}, found an empty file.") from None


def _vote_columns(table, name):
    """Return the table's names for the answers, in the tree's order."""
    for columns in (GZ2.kaggle_columns, GZ2.catalogue_columns):
        present = [column for column in table.columns if column in columns]
        if present:
            try:
                positions, _ = GZ2.match_columns(present)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            return [present[i] for i in positions]
    raise ValueError(
        f"{name}: found neither Kaggle's columns ({GZ2.kaggle_columns[0]!r}, ...) nor the "
        f"catalogue's ({GZ2.catalogue_columns[0]!r}, ...), but {list(table.columns[:5])} ..."
    )


def _in_part(table, split, name):
    if "split" not in table.columns:
        raise ValueError(f"{name}: split={split!r} needs a column 'split'; there is none.")
    chosen = table["split"] == split
    if not chosen.any():
        found = sorted(map(str, table["split"].unique()))[:5]
        raise ValueError(f"{name}: no row of the column 'split' is {split!r}; found {found}.")
    return chosen


def _with_asset_ids(table, key, mapping, paths):
    mapping, name = _read_table(mapping, "file names")
    missing = {"objid", "asset_id"} - set(mapping.columns)
    if missing:
        raise ValueError(f"{name}: column {missing.pop()!r} is missing.")
    # A galaxy may stand in the mapping more than once; one of its images exists at most.
    mapping = mapping.loc[mapping["asset_id"].isin(paths.index), ["objid", "asset_id"]]
    joined = table.merge(mapping, how="left", left_on=key, right_on="objid")
    # Galaxies without an image keep a number that no image has, to be counted as such.
    lost = joined["asset_id"].isna()
    joined.loc[lost, "asset_id"] = -1 - np.arange(lost.sum())
    return joined.astype({"asset_id": "int64"}).drop(columns={key, "objid"})
