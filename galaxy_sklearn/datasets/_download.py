"""Files from the network: resumed, retried, checked, and fetched once."""

import logging
import time
from contextlib import contextmanager
from typing import NamedTuple

from tqdm.auto import tqdm

# Seconds without a byte after which a server counts as gone.
TIMEOUT = 30.0
# What of a block has arrived when the connection breaks is lost.
BLOCK = 1 << 15


class RemoteFile(NamedTuple):
    """A file to fetch.

    Attributes
    ----------
    name : str
        Its name in the cache.
    url : str
        Where it lies.
    checksum : str or None
        ``"md5:..."`` or ``"sha256:..."``. Without one the checksum of the first download is
        kept beside the file and holds from then on.
    """

    name: str
    url: str
    checksum: str | None = None


def fetch_file(remote, folder, *, download_if_missing, n_retries, delay, verbose):
    """Return the path of a file in a folder, after downloading it if need be.

    Parameters
    ----------
    remote : RemoteFile
        The file.
    folder : Path
        Where it is kept.
    download_if_missing : bool
        Whether it may be downloaded.
    n_retries : int
        How often to try again after the connection broke. A retry, and a later call as well,
        goes on where the one before ended.
    delay : float
        Seconds before the first retry; doubled before each further one.
    verbose : bool
        Whether to show a progress bar.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If the file is missing and cannot or may not be downloaded. The message says what to do
        by hand.
    ValueError
        If what was downloaded has another checksum.
    """
    import pooch
    import requests
    from filelock import FileLock

    path, pinned = folder / remote.name, folder / f"{remote.name}.sha256"
    checksum = remote.checksum
    if checksum is None and pinned.exists():
        checksum = f"sha256:{pinned.read_text().strip()}"
    if not download_if_missing and not path.exists():
        raise OSError(f"{path} is missing and download_if_missing=False. {_by_hand(remote, path)}")
    # A second process waits here, and then finds the file.
    with FileLock(folder / f"{remote.name}.lock"), _quiet(pooch.get_logger()):
        try:
            pooch.retrieve(
                remote.url,
                known_hash=checksum,
                fname=remote.name,
                path=folder,
                downloader=_Resuming(
                    path.with_name(f"{remote.name}.part"), n_retries, delay, verbose
                ),
            )
        except requests.RequestException as error:
            raise OSError(
                f"Could not download {remote.url}: {error}. What arrived is kept, and the next "
                f"call goes on from there. {_by_hand(remote, path)}"
            ) from error
        if checksum is None:
            pinned.write_text(pooch.file_hash(path, alg="sha256") + "\n")
    return path


class _Resuming:
    """Download over HTTP as pooch asks for it, and go on where an earlier attempt broke off."""

    def __init__(self, part, n_retries, delay, verbose):
        self.part = part
        self.mark = part.with_name(f"{part.name}.etag")
        self.n_retries = n_retries
        self.delay = delay
        self.verbose = verbose

    def __call__(self, url, output_file, pooch):
        import requests

        for attempt in range(self.n_retries + 1):
            try:
                self._go_on(url)
                break
            except requests.RequestException as error:
                status = getattr(error.response, "status_code", 500)
                if attempt == self.n_retries or 400 <= status < 500:
                    raise
                time.sleep(self.delay * 2**attempt)
        self.mark.unlink(missing_ok=True)
        self.part.replace(output_file)

    def _go_on(self, url):
        import requests

        done = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if done and self.mark.exists():
            # Only if the server still has the same file.
            headers |= {"Range": f"bytes={done}-", "If-Range": self.mark.read_text()}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                self.part.unlink()
                raise requests.ConnectionError("the part that had arrived does not fit the file")
            response.raise_for_status()
            resumed = response.status_code == requests.codes.partial_content
            done = done if resumed else 0
            whole = done + int(response.headers.get("Content-Length", 0))
            etag = response.headers.get("ETag", "")
            if etag and not etag.startswith("W/"):
                self.mark.write_text(etag)
            else:
                self.mark.unlink(missing_ok=True)
            with (
                self.part.open("ab" if resumed else "wb") as file,
                tqdm(
                    desc=self.part.stem,
                    total=whole or None,
                    initial=done,
                    unit="B",
                    unit_scale=True,
                    disable=not self.verbose,
                ) as bar,
            ):
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    bar.update(len(block))
        size = self.part.stat().st_size
        if "Content-Length" in response.headers and size != whole:
            raise requests.ConnectionError(f"{size} of {whole} bytes arrived")


def _by_hand(remote, path):
    return f"By hand: download {remote.url} and save it as {path}."


@contextmanager
def _quiet(logger):
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
