"""Fetching Galaxy Zoo 2, over HTTP from a server on the loopback."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import io
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import _download, _gz2, _unzip, fetch_gz2, make_galaxies
from galaxy_sklearn.datasets._download import RemoteFile, fetch_file
from galaxy_sklearn.datasets._unzip import unzip_in_place

N = 20
PAGE = b"<!DOCTYPE html>\r\n<html><title>Log in</title></html>"


class Server:
    """Files by name, and what shall go wrong with them."""

    def __init__(self):
        self.files = {}
        self.break_after = {}  # name: numbers of bytes, one for each request
        self.status = {}  # name: statuses, perhaps with headers, one for each request
        self.headers = {}  # name: headers that replace the usual ones; None for leaving one out
        self.stall = {}  # name: seconds, in the middle of the first answer
        self.ranges = True
        self.requests = Counter()
        self.sent = Counter()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with contextlib.suppress(ConnectionError):  # of a client that has gone away
                    server.answer(self)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.http.server_port}/{name}"

    def answer(self, request):
        name = request.path[1:]
        self.requests[name] += 1
        if self.status.get(name):
            status = self.status[name].pop(0)
            code, headers = status if isinstance(status, tuple) else (status, {})
            self.head(request, code, {"Content-Length": "0", **headers})
            return
        if name not in self.files:
            request.send_error(404)
            return
        content = self.files[name]
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        start, code = 0, 200
        wanted = request.headers.get("Range")
        if wanted and self.ranges and request.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            code = 206 if start < len(content) else 416
        headers = {"ETag": etag, "Content-Length": str(len(content) - start)}
        if code == 206:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        elif code == 416:
            headers["Content-Range"] = f"bytes */{len(content)}"
        self.head(request, code, headers | self.headers.get(name, {}))
        body = content[start:]
        if self.break_after.get(name):
            body = body[: self.break_after[name].pop(0)]
        self.sent[name] += len(body)
        half = len(body) // 2
        request.wfile.write(body[:half])
        request.wfile.flush()
        time.sleep(self.stall.pop(name, 0))
        request.wfile.write(body[half:])

    @staticmethod
    def head(request, code, headers):
        request.send_response(code)
        for name, value in headers.items():
            if value is not None:
                request.send_header(name, value)
        request.end_headers()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture(scope="module")
def survey():
    """Contents of the three files, in the real layout: with doubled and missing rows."""
    images, votes = make_galaxies(N, image_size=24, random_state=0)
    objid = 587722981741363294 + np.arange(N)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.mkdir("images")
        for i, image in enumerate(images[1:], 1):  # number 0 has no image
            encoded = io.BytesIO()
            Image.fromarray(image).save(encoded, "JPEG")
            method = zipfile.ZIP_DEFLATED if i % 2 else zipfile.ZIP_STORED
            archive.writestr(f"images/{i}.jpg", encoded.getvalue(), method)
    mapping = pd.DataFrame(
        {
            "objid": [*objid, *objid[:4]],
            "sample": "original",
            "asset_id": [*range(N), *range(295306, 295310)],
        }
    )
    data = make_galaxies(N, image_size=8, random_state=0, return_X_y=False)
    catalogue = votes.assign(dr7objid=objid, gz2_class="Sb2m", ra=10.5)
    for name, counts in zip(GZ2.answer_names, data.counts.T, strict=True):
        catalogue[f"{name}_count"] = counts
    catalogue.loc[3, votes.columns[7]] = np.nan
    catalogue = catalogue.iloc[:-1].sample(frac=1, random_state=0)  # the last has no votes
    return {
        "images_gz2.zip": packed.getvalue(),
        "gz2_filename_mapping.csv": mapping.to_csv(index=False).encode(),
        "gz2_hart16.csv.gz": gzip.compress(catalogue.to_csv(index=False).encode()),
    }


@pytest.fixture
def gz2(server, survey, monkeypatch):
    """fetch_gz2 with the server in place of Zenodo and Amazon."""
    server.files.update(survey)
    for constant in ("IMAGES", "MAPPING", "VOTES"):
        remote = getattr(_gz2, constant)
        checksum = remote.checksum
        if checksum is not None:
            checksum = f"md5:{hashlib.md5(survey[remote.name]).hexdigest()}"
        monkeypatch.setattr(
            _gz2, constant, remote._replace(url=server.url(remote.name), checksum=checksum)
        )
    return lambda folder, **kwargs: fetch_gz2(
        data_home=folder, **{"delay": 0.01, "verbose": False, **kwargs}
    )


# -------------------------------------------------------------------- the survey


def test_from_nothing_to_the_survey(gz2, server, tmp_path):
    data = gz2(tmp_path)
    expected = list(range(1, N - 1))
    assert sorted(data.target.index) == expected
    assert [int(path.split("/")[-1][:-4]) for path in data.data] == data.target.index.tolist()
    assert data.counts.index.equals(data.target.index) and data.counts.shape == data.target.shape
    unknown = data.target.isna()
    assert unknown.loc[3].iloc[7] and unknown.to_numpy().sum() == 1
    counted = np.where(unknown, np.nan, GZ2.normalize(data.counts.to_numpy()))
    np.testing.assert_allclose(counted, data.target, atol=1e-6)
    assert (data.frame["dr7objid"] == 587722981741363294 + data.target.index).all()
    assert set(data.gz2_class) == {"Sb2m"}
    assert data.votes_without_image.tolist() == [
        587722981741363294
    ] and data.incomplete_votes.tolist() == [3]
    left_out = {path.split("/")[-1] for path in data.images_without_votes}
    assert left_out == {f"{N - 1}.jpg"}
    assert "doi:10.5281/zenodo.3565489" in data.DESCR
    with Image.open(data.data[0]) as image:
        assert image.size == (24, 24)
    # All is done once, and the archive is gone.
    again = gz2(tmp_path, download_if_missing=False, return_X_y=True)
    assert again[0].tolist() == data.data.tolist() and again[1].equals(data.target)
    assert set(server.requests.values()) == {1}
    left = {path.name for path in (tmp_path / "galaxy_zoo_2").iterdir()}
    assert {name for name in left if not name.endswith(".lock")} == {
        *("images", "gz2_filename_mapping.csv", "gz2_hart16.csv.gz", "gz2_hart16.csv.gz.sha256"),
    }


def test_offline(tmp_path, monkeypatch, gz2):
    with pytest.raises(OSError, match=r"download_if_missing=False. By hand: download http.*save"):
        gz2(tmp_path, download_if_missing=False)
    monkeypatch.setattr(
        _gz2, "MAPPING", RemoteFile("mapping.csv", "http://127.0.0.1:9/mapping.csv", "md5:0")
    )
    with pytest.raises(OSError, match=r"Could not download http://127.0.0.1:9.* By hand: "):
        gz2(tmp_path, n_retries=1)


def test_offline_survey_is_left_alone(tmp_path, monkeypatch, gz2, server, survey):
    """Step by step, as the files are put there by hand; also where nothing can be written."""
    folder = tmp_path / "home" / "galaxy_zoo_2"
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(folder.parent))
    votes = survey["gz2_hart16.csv.gz"]

    def refused(error, match):
        before = snapshot(tmp_path)
        with pytest.raises(error, match=match):
            gz2(None, download_if_missing=False)
        assert snapshot(tmp_path) == before
        assert not server.requests

    refused(OSError, r"gz2_filename_mapping.csv is missing and .* By hand: download http.*save")
    folder.mkdir(parents=True)
    (folder / "gz2_filename_mapping.csv").write_bytes(b"objid,asset_id\n")
    md5 = [hashlib.md5(c).hexdigest() for c in (b"objid,asset_id\n", survey[_gz2.MAPPING.name])]
    refused(ValueError, rf"gz2_filename_mapping.csv has the checksum md5:{md5[0]}.* md5:{md5[1]}")
    (folder / "gz2_filename_mapping.csv").write_bytes(survey["gz2_filename_mapping.csv"])
    refused(OSError, r"gz2_hart16.csv.gz is missing")
    (folder / "gz2_hart16.csv.gz").write_bytes(PAGE)
    (folder / "gz2_hart16.csv.gz.sha256").write_text(hashlib.sha256(PAGE).hexdigest() + "\n")
    refused(ValueError, r"gz2_hart16.csv.gz is a web page, not .* and download_if_missing=False")
    (folder / "gz2_hart16.csv.gz").write_bytes(votes)
    refused(ValueError, rf"{hashlib.sha256(votes).hexdigest()}, which does not match")
    (folder / "gz2_hart16.csv.gz.sha256").unlink()
    refused(OSError, r"images is missing .* By hand: download http.*images_gz2.zip and unpack")
    (folder / "images_gz2.zip").write_bytes(survey["images_gz2.zip"])
    refused(OSError, r"images is missing .* download_if_missing=True .*images_gz2.zip is unpacked")
    unzip_in_place(folder / "images_gz2.zip", folder / "images")
    # A folder in which a file is made or deleted has another time from then on.
    before = snapshot(tmp_path)
    assert len(gz2(None, download_if_missing=False).data) == N - 2
    assert len(gz2(None).data) == N - 2
    assert snapshot(tmp_path) == before and not server.requests


def test_login_page_in_place_of_the_votes(gz2, server, survey, tmp_path):
    name = "gz2_hart16.csv.gz"
    server.files[name] = PAGE
    with pytest.raises(
        OSError, match=r"a web page came instead of gz2_hart16.csv.gz, a table with"
    ):
        gz2(tmp_path)
    server.files[name] = survey[name]
    assert len(gz2(tmp_path).data) == N - 2


def snapshot(folder):
    """Paths, times and contents of all that lies in a folder."""
    return {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in [folder, *folder.rglob("*")]
    }


def test_wrong_catalogue_is_named(gz2, server, tmp_path):
    server.files["gz2_hart16.csv.gz"] = gzip.compress(b"dr7objid,gz2_class\n1,Ei\n")
    with pytest.raises(ValueError, match=r"gz2_hart16.csv.gz: column '.*_debiased' is missing"):
        gz2(tmp_path)


def test_two_processes_at_once(gz2, server, tmp_path):
    """One downloads, the other waits; both get the survey."""
    server.stall = {"gz2_filename_mapping.csv": 0.5, "images_gz2.zip": 0.5}
    files = {constant: getattr(_gz2, constant) for constant in ("IMAGES", "MAPPING", "VOTES")}
    code = f"""
from galaxy_sklearn.datasets import _gz2
from galaxy_sklearn.datasets._download import RemoteFile
vars(_gz2).update({files!r})
print(len(_gz2.fetch_gz2(data_home={str(tmp_path)!r}, verbose=False).data))
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in processes] == [
        str(N - 2)
    ] * 2
    assert set(server.requests.values()) == {1}


# --------------------------------------------------------------------- downloads

CONTENT = np.random.default_rng(0).bytes(1_000_000)
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


def download(server, folder, *, checksum=MD5, **how):
    how = {"download_if_missing": True, "n_retries": 3, "delay": 0.01, "verbose": False, **how}
    path = fetch_file(RemoteFile("big", server.url("big"), checksum), folder, **how)
    assert path.read_bytes() == CONTENT
    assert {p.name for p in folder.iterdir()} <= {"big", "big.lock", "big.sha256"}


@pytest.fixture
def big(server):
    server.files["big"] = CONTENT
    return server


def test_broken_transfer_is_resumed(big, tmp_path):
    big.break_after["big"] = [400_000, 300_000]
    download(big, tmp_path)
    assert big.requests["big"] == 3
    assert big.sent["big"] <= len(CONTENT) + 2 * _download.BLOCK


def test_broken_transfer_is_resumed_by_the_next_call(big, tmp_path):
    big.break_after["big"] = [400_000]
    with pytest.raises(OSError, match=r"The partial file is kept.*By hand: download http"):
        download(big, tmp_path, n_retries=0)
    assert not (tmp_path / "big").exists()
    download(big, tmp_path)
    assert big.sent["big"] <= len(CONTENT) + _download.BLOCK


def test_server_without_ranges(big, tmp_path):
    big.ranges = False
    big.break_after["big"] = [400_000]
    download(big, tmp_path)
    assert big.sent["big"] == len(CONTENT) + 400_000


def test_file_that_changed_meanwhile(big, tmp_path):
    big.files["big"] = CONTENT[::-1]
    big.break_after["big"] = [400_000]
    with pytest.raises(OSError):
        download(big, tmp_path, n_retries=0)
    big.files["big"] = CONTENT
    download(big, tmp_path)


def test_server_errors(big, tmp_path):
    big.status["big"] = [503, 500]
    download(big, tmp_path)
    del big.files["big"]
    (tmp_path / "big").unlink()
    with pytest.raises(OSError, match=r"Could not download http.*404.*By hand"):
        download(big, tmp_path)
    assert big.requests["big"] == 4  # no second attempt at what is not there


def test_wrong_checksum(big, tmp_path):
    with pytest.raises(ValueError, match="does not match the known hash"):
        download(big, tmp_path, checksum=f"md5:{'0' * 32}")
    assert not (tmp_path / "big").exists()
    download(big, tmp_path)  # from the start: nothing of the wrong file is left


def test_first_download_pins_the_checksum(big, tmp_path):
    download(big, tmp_path, checksum=None)
    (tmp_path / "big").unlink()
    big.files["big"] = CONTENT[::-1]
    with pytest.raises(ValueError, match="does not match the known hash"):
        download(big, tmp_path, checksum=None)


def test_server_that_falls_silent(big, tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "TIMEOUT", 0.2)
    big.stall["big"] = 1.5
    download(big, tmp_path)
    assert big.requests["big"] == 2


def test_progress_and_silence(big, tmp_path, capfd):
    download(big, tmp_path)
    assert capfd.readouterr() == ("", "")
    (tmp_path / "big").unlink()
    download(big, tmp_path, verbose=True)
    shown = capfd.readouterr()
    assert "100%" in shown.err and shown.out == ""


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_statuses_that_pass(big, tmp_path, waits, status):
    big.status["big"] = [status, status]
    download(big, tmp_path, delay=4)
    assert waits == [4, 8]


@pytest.fixture
def waits(monkeypatch):
    """The seconds that are waited before retries; in the test nothing is."""
    waits = []
    monkeypatch.setattr(_download, "time", SimpleNamespace(sleep=waits.append))
    return waits


@pytest.mark.parametrize("status", [429, 503])
def test_server_says_how_long_to_wait(big, tmp_path, waits, status, capfd):
    date = datetime.now(UTC) + timedelta(seconds=100)
    asked = ["7", format_datetime(date, usegmt=True), "Wed, 21 Oct 2015 07:28:00 GMT", "soon"]
    big.status["big"] = [(status, {"Retry-After": value}) for value in asked]
    download(big, tmp_path, n_retries=4, delay=1, verbose=True)
    assert waits == [7, pytest.approx(100, abs=10), 0, 8]
    assert "big: " in (shown := capfd.readouterr().err) and "next attempt in 7 s" in shown


def test_server_that_stays_busy(big, tmp_path, waits):
    big.status["big"] = [(429, {"Retry-After": "20"})] * 3
    with pytest.raises(OSError, match=r"429.*asks to wait 20 s\. By hand: download") as caught:
        download(big, tmp_path, n_retries=2)
    assert waits == [20, 20] and "\n" not in str(caught.value)
    big.status["big"] = [(503, {"Retry-After": "7200"})]
    with pytest.raises(OSError, match=r"503.*asks to wait 7200 s\. By hand: download"):
        download(big, tmp_path)
    assert waits == [20, 20]


def test_content_length_that_is_wrong(big, tmp_path):
    big.headers["big"] = {"Content-Length": str(len(CONTENT) - 10)}
    with pytest.raises(ValueError, match="does not match the known hash"):
        download(big, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["big.lock"]
    big.headers["big"] = {"Content-Length": str(len(CONTENT) + 10), "ETag": None}
    with pytest.raises(OSError, match=r"Could not download .* The partial file is kept .*By hand"):
        download(big, tmp_path, n_retries=1)


def test_download_that_was_killed_before_the_check(big, tmp_path):
    (tmp_path / "big.part").write_bytes(CONTENT)
    (tmp_path / "big.part.etag").write_text(f'"{hashlib.md5(CONTENT).hexdigest()}"')
    download(big, tmp_path)
    assert big.sent["big"] == 0


def test_part_that_does_not_fit_the_file(big, tmp_path):
    (tmp_path / "big.part").write_bytes(CONTENT + b"more")
    (tmp_path / "big.part.etag").write_text(f'"{hashlib.md5(CONTENT).hexdigest()}"')
    download(big, tmp_path)


def test_whole_file_needs_no_lock(big, tmp_path):
    """So it is also found where nothing can be written."""
    download(big, tmp_path)
    (tmp_path / "big.lock").unlink()
    download(big, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["big"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk(big, tmp_path):
    (tmp_path / "big.part").symlink_to("/dev/full")
    with pytest.raises(
        OSError, match=rf"Could not save http.* in {tmp_path}: No space.*By hand"
    ) as e:
        download(big, tmp_path)
    assert e.value.errno == errno.ENOSPC and big.requests["big"] == 1


def test_folder_that_cannot_be_written_to(big, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=rf"in {tmp_path}/file/data: .* By hand: download"):
        download(big, tmp_path / "file" / "data")

    def refuse(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(PermissionError, match=rf"in {tmp_path}/data: Permission denied.*By hand"):
        download(big, tmp_path / "data")


# ------------------------------------------------------- other content than the file

TABLE = gzip.compress(b'ra,"dr7objid",dec\n' + b"1.5,2,3.5\n" * 20_000)
GZIP_FAULTS = {
    "a gzip file cut short": TABLE[:-100],
    "a damaged gzip file": TABLE[:-8] + bytes(8),
    "a table without the column 'dr7objid'": gzip.compress(b"ra,dec\n1,2\n"),
}


def fetch_table(server, folder, **how):
    how = {"download_if_missing": True, "n_retries": 0, "delay": 0, "verbose": False, **how}
    remote = RemoteFile("t.csv.gz", server.url("t.csv.gz"), column="dr7objid")
    return fetch_file(remote, folder, **how).read_bytes()


def names(folder):
    return {path.name for path in folder.iterdir()} - {"t.csv.gz.lock", "big.lock"}


@pytest.mark.parametrize(
    ("page", "what"),
    [
        (PAGE, r"a web page .*'<!DOCTYPE html>\\r\\n<html><title>"),
        (b"\xef\xbb\xbf \n<HTML>" + b"." * 100_000, "a web page .*<HTML>"),
        (b'{"login": true}', 'something else .*{"login": true}'),
    ],
)
def test_login_page_is_not_kept(server, tmp_path, page, what):
    server.files["t.csv.gz"] = page
    server.headers["t.csv.gz"] = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(OSError, match=what) as caught:
        fetch_table(server, tmp_path, n_retries=3)
    message = str(caught.value)
    assert message.startswith(f"Could not download {server.url('t.csv.gz')}: ")
    assert "instead of t.csv.gz, a table with the column 'dr7objid': text/html;" in message
    assert "login" in message and "By hand" in message and " kept" not in message
    assert "\n" not in message and len(message) < 700
    assert not names(tmp_path) and server.requests["t.csv.gz"] == 1
    server.files["t.csv.gz"] = TABLE
    assert fetch_table(server, tmp_path) == TABLE
    assert names(tmp_path) == {"t.csv.gz", "t.csv.gz.sha256"}


def test_redirect_to_a_login_page(big, tmp_path):
    big.files["login?from=big"] = PAGE
    big.status["big"] = [(302, {"Location": big.url("login?from=big")})]
    with pytest.raises(OSError, match=rf"a web page came .* from {big.url('login')}, beginning"):
        download(big, tmp_path)
    assert not names(tmp_path)


def test_login_page_does_not_cost_what_had_arrived(big, tmp_path):
    big.break_after["big"] = [400_000]
    with pytest.raises(OSError):
        download(big, tmp_path, n_retries=0)
    big.files["big"] = PAGE
    with pytest.raises(OSError, match=r"a web page came instead of big: .*partial file is kept"):
        download(big, tmp_path)
    big.files["big"] = b""
    with pytest.raises(OSError, match="the server sent no data"):
        download(big, tmp_path)
    big.files["big"] = CONTENT
    download(big, tmp_path)
    assert big.sent["big"] <= len(CONTENT) + len(PAGE) + _download.BLOCK


def test_content_type_does_not_matter(big, tmp_path):
    big.headers["big"] = {"Content-Type": "text/html"}
    download(big, tmp_path)


@pytest.mark.parametrize("fault", GZIP_FAULTS)
def test_wrong_table_is_not_kept(server, tmp_path, fault):
    server.files["t.csv.gz"] = GZIP_FAULTS[fault]
    server.headers["t.csv.gz"] = {"Content-Length": None}
    with pytest.raises(
        ValueError, match=rf"http.*the downloaded file is {fault}, not t.csv.gz, a table"
    ):
        fetch_table(server, tmp_path)
    assert not names(tmp_path)
    server.files["t.csv.gz"] = TABLE
    assert fetch_table(server, tmp_path) == TABLE


@pytest.mark.parametrize(
    "content", [PAGE, *GZIP_FAULTS.values(), TABLE[:20] + b"\xff" * len(TABLE)]
)
def test_poisoned_cache_recovers(server, tmp_path, content):
    """What earlier versions kept and pinned is downloaded again."""
    server.files["t.csv.gz"] = TABLE
    (tmp_path / "t.csv.gz").write_bytes(content)
    (tmp_path / "t.csv.gz.sha256").write_text(hashlib.sha256(content).hexdigest() + "\n")
    before = snapshot(tmp_path)
    with pytest.raises(ValueError, match=r"t.csv.gz is a .*, not .* and download_if_missing=False"):
        fetch_table(server, tmp_path, download_if_missing=False)
    assert snapshot(tmp_path) == before
    assert fetch_table(server, tmp_path) == TABLE
    pinned = (tmp_path / "t.csv.gz.sha256").read_text().strip()
    assert pinned == hashlib.sha256(TABLE).hexdigest()


def test_damaged_copy_does_not_lift_the_pin(server, tmp_path):
    server.files["t.csv.gz"] = TABLE
    fetch_table(server, tmp_path)
    (tmp_path / "t.csv.gz").write_bytes(TABLE[:-100])
    server.files["t.csv.gz"] = gzip.compress(b"dr7objid\n1\n")
    with pytest.raises(ValueError, match=r"does not match the known hash .* delete .*\.sha256"):
        fetch_table(server, tmp_path)
    server.files["t.csv.gz"] = TABLE
    assert fetch_table(server, tmp_path) == TABLE


# --------------------------------------------------------------------- unpacking


def pack(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


MEMBERS = {f"images/{i}.jpg": bytes([i]) * 1000 for i in range(40)}


def test_unpacking_gives_room_back(tmp_path, monkeypatch):
    """At no time do archive and files together need much more than the archive."""
    archive, folder = tmp_path / "a.zip", tmp_path / "out"
    pack(archive, MEMBERS)
    size, used = archive.stat().st_size, []
    unpack = _unzip._unpack

    def watched(*args):
        unpack(*args)
        used.append(sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()))

    monkeypatch.setattr(_unzip, "_unpack", watched)
    monkeypatch.setattr(_unzip, "STEP", 4)
    unzip_in_place(archive, folder)
    index = len(MEMBERS) * 60  # of the list of members
    assert max(used) < size + 4 * 1000 + index
    assert {f"images/{p.name}": p.read_bytes() for p in folder.iterdir()} == MEMBERS
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_killed_unpacking_goes_on(tmp_path):
    pack(tmp_path / "a.zip", MEMBERS)
    code = """
import os, sys
from pathlib import Path
from galaxy_sklearn.datasets import _unzip
_unzip.STEP, unpack, done = 3, _unzip._unpack, []
def deadly(*args):
    unpack(*args)
    done.append(args)
    if len(done) == 11:
        os.kill(os.getpid(), 9)
_unzip._unpack = deadly
_unzip.unzip_in_place(Path("a.zip"), Path("out"))
"""
    codes = []
    while not (tmp_path / "out").exists():
        run = [sys.executable, "-c", code]
        process = subprocess.run(run, cwd=tmp_path, check=False, capture_output=True, text=True)
        codes.append(process.returncode)
        assert process.returncode in (0, -signal.SIGKILL), process.stderr
        assert len(codes) <= len(MEMBERS), f"still not unpacked after {len(codes)} runs"
    assert len(codes) > 3
    found = {f"images/{p.name}": p.read_bytes() for p in (tmp_path / "out").iterdir()}
    assert found == MEMBERS


@pytest.mark.parametrize("name", ["../1.jpg", "/etc/1.jpg", "a/../../1.jpg", "..\\1.jpg", "C:/1"])
def test_members_that_lead_out_of_the_archive(tmp_path, name):
    pack(tmp_path / "a.zip", {"0.jpg": b"0", name: b"1"})
    with pytest.raises(ValueError, match="leads out of the archive; nothing was unpacked"):
        unzip_in_place(tmp_path / "a.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_damaged_members(tmp_path):
    pack(tmp_path / "a.zip", MEMBERS)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[content.index(bytes([7]) * 1000) + 500] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"member '7.jpg' is damaged \(its checksum is wrong\)"):
        unzip_in_place(tmp_path / "a.zip", tmp_path / "out")
    pack(tmp_path / "b.zip", {"a/1.jpg": b"1", "b/1.jpg": b"2"})
    with pytest.raises(ValueError, match=r"'a/1.jpg' and 'b/1.jpg' have one name"):
        unzip_in_place(tmp_path / "b.zip", tmp_path / "out")
