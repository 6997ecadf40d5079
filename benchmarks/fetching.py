"""Time and memory of fetch_gz2 over HTTP, for a simulated survey of the real size.

    python benchmarks/fetching.py [--galaxies 239695]

A local server stands in for Zenodo and Amazon. Its tables have as many rows and columns as the real
ones, and there are as many images, of a few bytes each.
"""

import argparse
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd

from galaxy_sklearn.datasets import _gz2, make_galaxies
from galaxy_sklearn.surveys import GZ2

FILES = (_gz2.IMAGES, _gz2.MAPPING, _gz2.VOTES)
KINDS = ("count", "weight", "fraction", "weighted_fraction", "debiased", "flag")
FIRST_ID = 587722981741363294
EXTRA_IMAGES = 3739  # without votes
FETCH = """
import json, sys, time
from pathlib import Path
from galaxy_sklearn.datasets import _gz2
for name, url, checksum in json.loads(sys.argv[2]):
    constants = {"images_gz2.zip": "IMAGES", "gz2_filename_mapping.csv": "MAPPING"}
    constant = constants.get(name, "VOTES")
    remote = getattr(_gz2, constant)._replace(url=url, checksum=checksum)
    setattr(_gz2, constant, remote)
start = time.perf_counter()
data = _gz2.fetch_gz2(data_home=sys.argv[1], verbose=False)
seconds = time.perf_counter() - start
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(json.dumps([len(data.data), data.frame.shape[1], seconds, int(peak) / 1024]))
"""


def main():
    """Write the files, serve them and fetch them twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=239_695)
    n = parser.parse_args().galaxies
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "served").mkdir()
        _make(folder / "served", n)
        handler = partial(_Quiet, directory=folder / "served")
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            remote = []
            for file in FILES:
                digest = hashlib.md5((folder / "served" / file.name).read_bytes()).hexdigest()
                checksum = file.checksum and f"md5:{digest}"
                url = f"http://127.0.0.1:{server.server_port}/{file.name}"
                remote.append([file.name, url, checksum])
            print("| call | galaxies | columns | s | peak memory, MB |\n|---|---|---|---|---|")
            for call in ("first", "second"):
                command = [sys.executable, "-c", FETCH, str(folder), json.dumps(remote)]
                output = subprocess.run(command, check=True, capture_output=True).stdout
                found, columns, seconds, peak = json.loads(output)
                print(
                    f"| {call} | {found:,} | {columns} | {seconds:.0f} | {peak:.0f} |", flush=True
                )
            server.shutdown()


def _make(folder, n):
    ids = FIRST_ID + 3 * np.arange(n)
    with ZipFile(folder / _gz2.IMAGES.name, "w") as archive:
        for i in range(n + EXTRA_IMAGES):
            archive.writestr(f"images/{i}.jpg", b"of a few bytes")
    pd.DataFrame({"objid": ids, "sample": "original", "asset_id": np.arange(n)}).to_csv(
        folder / _gz2.MAPPING.name, index=False
    )
    # A thousand different galaxies, repeated.
    data = make_galaxies(1000, image_size=8, random_state=0, return_X_y=False)
    counts, fractions = data.counts, data.target.to_numpy().round(3)
    columns = {
        "ra": 179.042984,
        "dec": 60.522518,
        "rastring": "11:56:10.32",
        "decstring": "+60:31:21.1",
        "sample": "original",
        "gz2_class": "Sc2m",
        "total_classifications": 45,
        "total_votes": 342,
    }
    for j, answer in enumerate(GZ2.answer_names):
        values = (counts[:, j], counts[:, j] * 0.99, *[fractions[:, j]] * 3, counts[:, j] > 20)
        columns |= {f"{answer}_{k}": v * 1 for k, v in zip(KINDS, values, strict=True)}
    text = io.StringIO()
    pd.DataFrame(columns, index=range(1000)).to_csv(text, index=False)
    header, *rows = text.getvalue().splitlines()
    with gzip.open(folder / _gz2.VOTES.name, "wt", compresslevel=1) as file:
        file.write(f"dr7objid,{header}\n")
        file.writelines(f"{number},{rows[i % 1000]}\n" for i, number in enumerate(ids))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Keep the table clean."""


if __name__ == "__main__":
    main()
