"""Download of the Galaxy Zoo 2 survey."""

import os
import warnings
from itertools import count
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from galaxy_sklearn.datasets._download import RemoteFile, fetch_file
from galaxy_sklearn.datasets._galaxy_zoo import load_galaxy_zoo
from galaxy_sklearn.datasets._mapping import asset_ids
from galaxy_sklearn.datasets._tables import read_table, rows_with_ids
from galaxy_sklearn.datasets._unzip import is_being_unzipped, unzip_in_place
from galaxy_sklearn.surveys import GZ2

RECORD = "https://zenodo.org/records/3565489/files"
IMAGES = RemoteFile(
    "images_gz2.zip", f"{RECORD}/images_gz2.zip", "md5:bc647032d31e50c798770cf4430525c7"
)
MAPPING = RemoteFile(
    "gz2_filename_mapping.csv",
    f"{RECORD}/gz2_filename_mapping.csv",
    "md5:7e28465e6dfbf96c0d828c595a5bbd80",
)
VOTES = RemoteFile(
    "gz2_hart16.csv.gz",
    "https://gz2hart.s3.amazonaws.com/gz2_hart16.csv.gz",
    column="dr7objid",
)
# From this number on, the mapping lists galaxies of other samples, which have no images. Many of
# them are listed twice.
FIRST_WITHOUT_IMAGE = 295306
CITATION = """\
Willett et al. 2013, MNRAS 435, 2835, doi:10.1093/mnras/stt1458 (Galaxy Zoo 2);
Hart et al. 2016, MNRAS 461, 3663, doi:10.1093/mnras/stw1588 (debiased votes);
Zenodo, doi:10.5281/zenodo.3565489 (images); images from the Sloan Digital Sky Survey."""


def fetch_gz2(
    *,
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    n_retries=3,
    delay=1.0,
    verbose=True,
):
    """Load the Galaxy Zoo 2 survey, downloading it if necessary.

    The images (3.4 GB, 243,434 JPEG files of 424 x 424 pixels) come from Zenodo, the votes from
    the catalogue of Hart et al. [1]_. A call that was interrupted is resumed by the next one.

    Parameters
    ----------
    data_home : str or path-like, optional
        Folder for data sets; by default scikit-learn's, ``~/scikit_learn_data``. The survey is
        kept in its subfolder ``galaxy_zoo_2``.
    download_if_missing : bool, default=True
        Whether to download and unpack missing files. If False, a missing file is an error, and no
        file or folder is created, changed or deleted.
    return_X_y : bool, default=False
        Whether to return (paths, fractions) instead of a Bunch.
    n_retries : int, default=3
        Number of retries after the connection broke or the server was busy.
    delay : float, default=1.0
        Seconds before the first retry; doubled before each further one. If the server says how
        long to wait, up to an hour, that is used instead.
    verbose : bool, default=True
        Whether to show progress bars and to announce retries.

    Returns
    -------
    data : ~sklearn.utils.Bunch
        Dictionary-like object, with the following attributes.

        data : ndarray of str, shape (n_galaxies,)
            Paths of the images.
        target : DataFrame of float32, shape (n_galaxies, 37)
            Debiased (conditional) vote fractions, NaN where the catalogue has none. The index
            holds the numbers of the images.
        counts : DataFrame of float32, shape (n_galaxies, 37)
            Number of votes for each answer.
        frame : DataFrame
            All columns of the catalogue, with the rows in the same order.
        gz2_class : Series of str
            The class that the catalogue derives from the votes, such as ``"Sb2m"``.
        target_names : list of str
            Names of the answers.
        images_without_votes, votes_without_image, incomplete_votes : ndarray
            Images and galaxies that were left out, and galaxies that lack a fraction, see
            `load_galaxy_zoo`.
        DESCR : str
            Description of the data set and the papers to cite.

    (data, target) : tuple if ``return_X_y`` is True
        Only the paths and the fractions.

    Raises
    ------
    OSError
        If a file is missing and cannot or may not be downloaded, or the folder cannot be written
        to. The message says how to download the file by hand.
    ValueError
        If a file has the wrong checksum or content, or a table cannot be used.

    References
    ----------
    .. [1] Hart et al. 2016, MNRAS 461, 3663.
    .. [2] Willett et al. 2013, MNRAS 435, 2835.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import fetch_gz2
    >>> paths, votes = fetch_gz2(return_X_y=True)  # doctest: +SKIP
    """
    if data_home is None:
        # As scikit-learn's `get_data_home`, but without creating the folder.
        data_home = os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")
    folder = Path(data_home).expanduser() / "galaxy_zoo_2"
    options = {
        "download_if_missing": download_if_missing,
        "n_retries": n_retries,
        "delay": delay,
        "verbose": verbose,
    }
    mapping = fetch_file(MAPPING, folder, **options)
    votes = fetch_file(VOTES, folder, **options)
    frame = _with_numbers(_read_catalogue(votes), mapping)
    images = _fetch_images(folder, options)
    with warnings.catch_warnings():
        # The Bunch lists what is left out.
        warnings.filterwarnings("ignore", ".* galaxies .* have no image", UserWarning)
        loaded = load_galaxy_zoo(images, frame[["asset_id", *GZ2.debiased_columns]])
    if return_X_y:
        return loaded.data, loaded.target
    without_image = frame["dr7objid"][frame["asset_id"].isin(loaded.votes_without_image)]
    frame = frame.set_index("asset_id").loc[loaded.target.index]
    return Bunch(
        data=loaded.data,
        target=loaded.target,
        # Unknown where a table has none.
        counts=frame.reindex(columns=[f"{name}_count" for name in GZ2.answer_names]),
        frame=frame,
        gz2_class=frame["gz2_class"],
        target_names=loaded.target_names,
        images_without_votes=loaded.images_without_votes,
        votes_without_image=without_image.to_numpy(),
        incomplete_votes=loaded.incomplete_votes,
        DESCR=f"Galaxy Zoo 2: {len(loaded.data)} galaxies with images and votes.\n{CITATION}",
    )


def _fetch_images(folder, options):
    from filelock import FileLock

    images, archive = folder / "images", folder / IMAGES.name
    if images.exists():
        return images
    if not options["download_if_missing"]:
        advice = f"By hand: download {IMAGES.url} and unpack its JPEG files into {images}."
        if archive.exists() or is_being_unzipped(archive):
            advice = f"With download_if_missing=True {archive} is unpacked."
        raise OSError(f"{images} is missing and download_if_missing=False. {advice}")
    with FileLock(folder / "images.lock"):
        if not images.exists():
            if not is_being_unzipped(archive):
                archive = fetch_file(IMAGES, folder, **options)
            unzip_in_place(archive, images, verbose=options["verbose"])
    return images


def _read_catalogue(path):
    """Read all columns of the catalogue, votes in single precision to halve the memory."""
    votes = tuple(f"{name}_" for name in GZ2.answer_names)

    def check(columns, name):
        missing = {"dr7objid", "gz2_class", *GZ2.debiased_columns} - set(columns)
        if missing:
            raise ValueError(f"{name}: column {min(missing)!r} is missing.")
        return columns

    frame, name = read_table(
        path,
        "votes",
        select=check,
        numbers=lambda column: column.startswith(votes),
        dtype=np.float32,
    )
    frame, ids = rows_with_ids(frame, "dr7objid", list(GZ2.debiased_columns), name, stacklevel=3)
    return frame.assign(dr7objid=ids)


def _with_numbers(frame, mapping):
    """Add the number of each galaxy's image as a column."""
    numbers = asset_ids(mapping, frame["dr7objid"].to_numpy(), range(FIRST_WITHOUT_IMAGE))
    # Galaxies without an image get numbers that no image has; load_galaxy_zoo reports them.
    free = count(-1, -1)
    return frame.assign(asset_id=[next(free) if n is None else n for n in numbers])
