"""
Dask on one machine
===================

``score_catalogue(..., scheduler=ADDRESS)`` sends parts of a survey to the workers of a Dask
cluster. The cluster of this example is two processes on this machine; on others only the address
differs. (This needs ``pip install 'galaxy_sklearn[dask]'``.)
"""

# %%
# Files to score: 800 simulated galaxies.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from distributed import Client, get_task_stream
from distributed.deploy import SubprocessCluster
from PIL import Image

from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.scoring import score_catalogue

images, _ = make_galaxies(800, image_size=64, random_state=0)
folder = tempfile.TemporaryDirectory()
for i, image in enumerate(images):
    Image.fromarray(image).save(Path(folder.name) / f"{i}.jpg", quality=95)

# %%
# Workers have one thread each and load the model once. Each part of 50 images becomes a file
# when it is complete, so that a worker may die, and a run may be killed and called again.
# Workers are programs of their own here; those of a ``LocalCluster`` start this file again,
# which must then do its work below ``if __name__ == "__main__":``.

output = Path(folder.name) / "scores"
with (
    SubprocessCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
    Client(cluster) as client,
    get_task_stream(client) as stream,
):
    done = score_catalogue(
        "gz2",
        folder.name,
        output,
        part_size=50,
        scheduler=cluster.scheduler_address,
        verbose=False,
    )
print(done)
print(sorted(path.name for path in output.glob("*.parquet"))[:3], "...")
print(len(pd.read_parquet(output)), "rows")

# %%
# What the workers did when. The first part of each worker takes longer: it starts TensorFlow and
# loads the model.

tasks = pd.DataFrame(
    [
        {"worker": task["worker"], **step}
        for task in stream.data
        for step in task["startstops"]
        if step["action"] == "compute"
    ]
)
start = tasks["start"].min()
figure, ax = plt.subplots(figsize=(9, 2.6), layout="constrained")
for row, (_, parts) in enumerate(tasks.groupby("worker")):
    ax.barh(
        [row] * len(parts),
        parts["stop"] - parts["start"],
        left=parts["start"] - start,
        color=[f"C{i % 10}" for i in range(len(parts))],
        edgecolor="white",
    )
ax.set(
    yticks=range(tasks["worker"].nunique()),
    yticklabels=[f"worker {i}" for i in range(tasks["worker"].nunique())],
    xlabel="seconds since the first part began",
)

folder.cleanup()
plt.show()
