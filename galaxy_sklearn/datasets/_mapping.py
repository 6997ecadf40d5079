"""Looking up the numbers of images by the numbers of galaxies."""

from galaxy_sklearn._ids import galaxy_ids
from galaxy_sklearn.datasets._tables import read_table

__all__ = ["asset_ids"]


def asset_ids(mapping, ids, images, *, given=None, name=None):
    """Look up the numbers of galaxies' images.

    Parameters
    ----------
    mapping : str, path-like or table
        Table with the columns ``objid`` and ``asset_id``, see `read_table`. Rows that lack
        either are ignored.
    ids : ndarray
        Numbers of the galaxies, as `galaxy_ids` returns them.
    images : set or range
        Numbers of the existing images. The mapping may list others for the same galaxy.
    given : Series, optional
        Numbers of the images from the table of galaxies, to be compared with the mapping.
    name : str, optional
        Name of that table for messages.

    Returns
    -------
    list of int, str or None
        The number of each galaxy's image; None for a galaxy without one.

    Raises
    ------
    ValueError
        If a column is missing, a galaxy has two images or an image two galaxies, or if mapping
        and table disagree.
    """
    mapping, mapping_name = read_table(mapping, "file names", select=_select)
    objids, assets = (
        galaxy_ids(mapping[column], f"{mapping_name}, column {column!r}", keep_missing=True)
        for column in ("objid", "asset_id")
    )
    known = {}
    for objid, asset in zip(objids.tolist(), assets.tolist(), strict=True):
        others = known.get(objid, ())
        if objid is not None and asset is not None and asset not in others:
            known[objid] = (*others, asset)
    ids = ids.tolist()
    if given is not None:
        _check_agreement(ids, given, known, name, mapping_name)
    # Of the whole mapping: a part of the galaxies, a split say, may hide a contradiction.
    galaxy_of, image_of = {}, {}
    for galaxy, numbers in known.items():
        for asset in (asset for asset in numbers if asset in images):
            if galaxy_of.setdefault(asset, galaxy) != galaxy:
                raise ValueError(
                    f"{mapping_name}: asset_id {asset} belongs to more than one galaxy, "
                    f"{galaxy_of[asset]} and {galaxy}."
                )
            if image_of.setdefault(galaxy, asset) != asset:
                raise ValueError(
                    f"{mapping_name}: galaxy {galaxy} has more than one image, asset_id "
                    f"{image_of[galaxy]} and {asset}."
                )
    return [image_of.get(galaxy) for galaxy in ids]


def _select(columns, name):
    for column in ("objid", "asset_id"):
        if column not in columns:
            raise ValueError(f"{name}: column {column!r} is missing.")
    return ["objid", "asset_id"]


def _check_agreement(ids, given, known, name, mapping_name):
    assets = galaxy_ids(given, f"{name}, column {given.name!r}", keep_missing=True)
    for row, number, asset in zip(given.index, ids, assets.tolist(), strict=True):
        if asset is not None and asset not in known.get(number, {asset}):
            raise ValueError(
                f"{name}, row {row}: galaxy {number} has {given.name} {asset}, but "
                f"{min(known[number], key=str)} in {mapping_name}."
            )
