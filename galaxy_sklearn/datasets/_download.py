"""Downloads that are resumed, retried and checked."""

import itertools
import sys
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from tqdm.auto import tqdm

from galaxy_sklearn.datasets._content import checksum_like, wrong_content, wrong_start

# Seconds without a byte after which the connection counts as broken.
TIMEOUT = 30.0
# A partial block is discarded when the connection breaks.
BLOCK = 1 << 15
# The longest wait in seconds that a server may ask for; a longer one is an error.
LONGEST_WAIT = 3600.0
# Client errors (4xx) that are temporary: timeout, too many requests.
TRANSIENT = (408, 429)


class RemoteFile(NamedTuple):
    """A file to download.

    Attributes
    ----------
    name : str
        Its name in the cache. The suffix ``.zip`` or ``.gz`` tells the first bytes to expect.
    url : str
        Its address.
    checksum : str or None
        ``"md5:..."`` or ``"sha256:..."``. If None, the content is checked, and the checksum of
        the first download is kept beside the file to check it from then on.
    column : str or None
        A column of the table in a ``.csv.gz`` file without a checksum.
    """

    name: str
    url: str
    checksum: str | None = None
    column: str | None = None


def fetch_file(remote, folder, *, download_if_missing, n_retries, delay, verbose):
    """Return the path of a file in a folder, downloading it if necessary.

    Parameters
    ----------
    remote : RemoteFile
        The file.
    folder : Path
        Where it is kept. Created if it does not exist.
    download_if_missing : bool
        Whether the file may be downloaded. If False, nothing is written or deleted.
    n_retries : int
        Number of retries after the connection broke or the server was busy. A retry, like a later
        call, resumes the download.
    delay : float
        Seconds before the first retry; doubled before each further one. If the server says how
        long to wait, that is used instead.
    verbose : bool
        Whether to show a progress bar and to announce retries.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If the file is missing and cannot or may not be downloaded, or the folder cannot be
        written to. The message says how to download the file by hand.
    ValueError
        If the downloaded file has the wrong checksum or content, or the local file has and may
        not be downloaded again.
    """
    import requests
    from filelock import FileLock

    path = folder / remote.name
    if path.exists():
        fault = _fault(remote, path, _known_checksum(remote, path))
        if fault is None:
            return path
    else:
        fault = "is missing"
    if not download_if_missing:
        exception = ValueError if path.exists() else OSError
        raise exception(f"{path} {fault} and download_if_missing=False. {_by_hand(remote, path)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A second process waits for this one and then finds the file.
        with FileLock(folder / f"{remote.name}.lock"):
            if not path.exists() or _fault(remote, path, _known_checksum(remote, path)):
                _download(remote, path, n_retries, delay, verbose)
    except requests.RequestException as error:
        asked = _seconds_asked(error.response)
        wait = "" if asked is None else f"; the server asks to wait {asked:.0f} s"
        raise OSError(
            f"Could not download {remote.url}: {error}{wait}. {_kept(path)}{_by_hand(remote, path)}"
        ) from error
    except OSError as error:
        raise OSError(
            error.errno,
            f"Could not save {remote.url} in {folder}: {error.strerror or error}. {_kept(path)}"
            f"Make room, or choose a folder that can be written to. {_by_hand(remote, path)}",
        ) from error
    return path


def _download(remote, path, n_retries, delay, verbose):
    if path.exists():
        _discard_login_page(remote, path)
    known = _known_checksum(remote, path)
    transfer = _Transfer(remote, path, n_retries, delay, verbose)
    transfer.run()
    fault = _fault(remote, transfer.part, known)
    if fault is not None:
        transfer.discard()
        pinned = ""
        if remote.checksum is None and known is not None:
            pinned = f" If the file was published anew, delete {_pin(path)}."
        raise ValueError(
            f"{remote.url}: the downloaded file {fault}; it was deleted.{pinned} Try again. "
            f"{_by_hand(remote, path)}"
        )
    if known is None:
        # Replaced as a whole: with a truncated checksum the file would be refused for ever.
        written = _pin(path).with_suffix(".new")
        written.write_text(checksum_like(transfer.part, "sha256:").removeprefix("sha256:") + "\n")
        written.replace(_pin(path))
    transfer.part.replace(path)
    transfer.discard()


def _discard_login_page(remote, path):
    """Delete a login page that was kept for the file, and its checksum.

    The checksum is kept if it is that of the true file, of which this is a damaged copy.
    """
    if remote.checksum is None and wrong_content(remote.name, path, remote.column) is not None:
        if checksum_like(path, "sha256:") == _known_checksum(remote, path):
            _pin(path).unlink()
        path.unlink()


def _fault(remote, path, known):
    """Tell what is wrong with a downloaded file, in the cache or new; None if nothing is."""
    if remote.checksum is None:
        wrong = wrong_content(remote.name, path, remote.column)
        if wrong is not None:
            return f"is {wrong}, not {_expected(remote)}"
    if known is not None:
        found = checksum_like(path, known)
        if found != known:
            return f"has the checksum {found}, which does not match the known hash {known}"
    return None


def _known_checksum(remote, path):
    if remote.checksum is None and _pin(path).exists():
        return f"sha256:{_pin(path).read_text().strip()}"
    return remote.checksum


class _Transfer:
    """A download over HTTP into a ``.part`` file, which resumes an interrupted one."""

    def __init__(self, remote, path, n_retries, delay, verbose):
        self.remote = remote
        self.part = _part(path)
        self.etag_file = path.with_name(f"{self.part.name}.etag")
        self.n_retries = n_retries
        self.delay = delay
        self.verbose = verbose

    def run(self):
        """Download the file; retry after temporary errors."""
        import requests

        for attempt in range(self.n_retries + 1):
            try:
                self._resume()
                return
            except requests.RequestException as error:
                wait = _seconds_asked(error.response)
                if wait is None:
                    wait = self.delay * 2**attempt
                elif wait > LONGEST_WAIT:
                    raise
                if attempt == self.n_retries or not _is_temporary(error.response):
                    raise
                if self.verbose:
                    message = f"{self.remote.name}: {error}; next attempt in {wait:.0f} s"
                    tqdm.write(message, file=sys.stderr)
                time.sleep(wait)

    def discard(self):
        """Delete the partial file, so that it is not resumed."""
        self.part.unlink(missing_ok=True)
        self.etag_file.unlink(missing_ok=True)

    def _resume(self):
        import requests

        done = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if done and self.etag_file.exists():
            # Resume only if the server still has the same file.
            headers |= {"Range": f"bytes={done}-", "If-Range": self.etag_file.read_text()}
        with requests.get(
            self.remote.url, headers=headers, stream=True, timeout=TIMEOUT
        ) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                if response.headers.get("Content-Range") == f"bytes */{done}":
                    return  # complete: an earlier call ended before it was checked
                self.discard()
                raise requests.ConnectionError(
                    "the partial file does not fit the file on the server"
                )
            response.raise_for_status()
            resumed = response.status_code == requests.codes.partial_content
            done = done if resumed else 0
            blocks = response.iter_content(BLOCK)
            first = next(blocks, b"")
            if not first:
                raise requests.ConnectionError("the server sent no data")
            if not resumed:
                # Before the partial file is overwritten.
                self._check_start(first, response)
            self._write(itertools.chain([first], blocks), response, resumed, done)
        size = self.part.stat().st_size
        if "Content-Length" in response.headers:
            whole = done + int(response.headers["Content-Length"])
            if size != whole:
                raise requests.ConnectionError(f"{size} of {whole} bytes arrived")

    def _check_start(self, first, response):
        """Raise an error if something else is sent, such as the login page of a network."""
        import requests

        wrong = wrong_start(self.remote.name, first)
        if wrong is not None:
            kind = response.headers.get("Content-Type", "no content type")
            source = response.url.partition("?")[0]
            raise requests.HTTPError(
                f"{wrong} came instead of {_expected(self.remote)}: {kind} from {source}, "
                f"beginning with {repr(first[:50])[1:]}. It may be the login page of your network: "
                "open it in a browser, then try again",
                response=response,
            )

    def _write(self, blocks, response, resumed, done):
        total = done + int(response.headers.get("Content-Length", 0))
        etag = response.headers.get("ETag", "")
        with (
            self.part.open("ab" if resumed else "wb") as file,
            tqdm(
                desc=self.remote.name,
                total=total or None,
                initial=done,
                unit="B",
                unit_scale=True,
                disable=not self.verbose,
            ) as bar,
        ):
            # Written after the file was emptied, so that it never belongs to another file.
            if etag and not etag.startswith("W/"):
                self.etag_file.write_text(etag)
            else:
                self.etag_file.unlink(missing_ok=True)
            for block in blocks:
                file.write(block)
                bar.update(len(block))


def _is_temporary(response):
    """Whether to retry a failed request: no response, or that of a busy or broken server."""
    if response is None:
        return True
    return response.status_code in TRANSIENT or response.status_code >= 500


def _seconds_asked(response):
    """Return the seconds that a server asks to wait before the next request, or None."""
    value = "" if response is None else response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value).replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _part(path):
    return path.with_name(f"{path.name}.part")


def _pin(path):
    return path.with_name(f"{path.name}.sha256")


def _expected(remote):
    if remote.column is None:
        return remote.name
    return f"{remote.name}, a table with the column {remote.column!r}"


def _kept(path):
    part = _part(path)
    size = part.stat().st_size if part.exists() else 0
    if not size:
        return ""
    return f"The partial file is kept ({size} bytes) and resumed by the next call. "


def _by_hand(remote, path):
    return f"By hand: download {remote.url} and save it as {path}."
