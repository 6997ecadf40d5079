"""Fetching Galaxy Zoo 2, over HTTP from a server on the loopback."""

import gzip
import hashlib
import http.server
import io
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import _download, _gz2, _unzip, fetch_gz2, make_galaxies
from galaxy_sklearn.datasets._download import RemoteFile, fetch_file
from galaxy_sklearn.datasets._unzip import unzip_in_place

N = 20


class Server:
    """Files by name, and what shall go wrong with them."""

    def __init__(self):
        self.files = {}
        self.break_after = {}  # name: numbers of bytes, one for each request
        self.status = {}  # name: statuses, one for each request
        self.stall = {}  # name: seconds, in the middle of the first answer
        self.ranges = True
        self.requests = Counter()
        self.sent = Counter()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.http.server_port}/{name}"

    def answer(self, request):
        name = request.path[1:]
        self.requests[name] += 1
        if self.status.get(name):
            request.send_error(self.status[name].pop(0))
            return
        if name not in self.files:
            request.send_error(404)
            return
        content = self.files[name]
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        start = 0
        wanted = request.headers.get("Range")
        if wanted and self.ranges and request.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(len(content) - start))
        request.send_header("ETag", etag)
        request.end_headers()
        body = content[start:]
        if self.break_after.get(name):
            body = body[: self.break_after[name].pop(0)]
        self.sent[name] += len(body)
        half = len(body) // 2
        request.wfile.write(body[:half])
        request.wfile.flush()
        time.sleep(self.stall.pop(name, 0))
        request.wfile.write(body[half:])


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
            _gz2, constant, RemoteFile(remote.name, server.url(remote.name), checksum)
        )
    return lambda folder, **kwargs: fetch_gz2(
        data_home=folder, **{"delay": 0.01, "verbose": False, **kwargs}
    )


# -------------------------------------------------------------------- the survey


def test_from_nothing_to_the_survey(gz2, server, tmp_path):
    data = gz2(tmp_path)
    expected = sorted(set(range(1, N - 1)) - {3})
    assert sorted(data.target.index) == expected
    assert [int(path.split("/")[-1][:-4]) for path in data.data] == data.target.index.tolist()
    assert data.counts.index.equals(data.target.index) and data.counts.shape == data.target.shape
    np.testing.assert_allclose(GZ2.normalize(data.counts.to_numpy()), data.target, atol=1e-6)
    assert (data.frame["dr7objid"] == 587722981741363294 + data.target.index).all()
    assert set(data.gz2_class) == {"Sb2m"}
    assert data.votes_without_image.size == 1 and data.incomplete_votes.tolist() == [3]
    left_out = {path.split("/")[-1] for path in data.images_without_votes}
    assert left_out == {"3.jpg", f"{N - 1}.jpg"}
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
        str(N - 3)
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
    with pytest.raises(OSError, match=r"What arrived is kept.*By hand: download http"):
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
    rounds = 0
    while not (tmp_path / "out").exists():
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
        rounds += 1
    assert rounds > 3
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
