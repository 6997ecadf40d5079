"""
Score a folder and join the answers with a catalogue
====================================================

Images are files, and what is known of their galaxies is a table. ``score_catalogue`` answers for
any number of files, resumes what was interrupted, and carries the numbers of the galaxies along,
so that answers and table can be joined.
"""

# %%
# A folder and a catalogue
# ------------------------
# We make them from the Hubble eXtreme Deep Field that comes with scikit-image: a JPEG file for
# each of its larger sources, and a table with a number, the area and the axis ratio of each, as
# sep measures them. One of the files is damaged.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sep
from PIL import Image
from skimage.data import hubble_deep_field

from galaxy_sklearn import CropToGalaxy

sky = hubble_deep_field()
gray = sky.mean(axis=2, dtype=np.float32)
background = sep.Background(gray)
sources = sep.extract(gray - background, 3, err=background.globalrms, minarea=100)
sources = sources[sources["npix"] >= 100]

folder = tempfile.TemporaryDirectory()
rows = []
for number, source in enumerate(sources, start=1001):
    x, y = round(source["x"]), round(source["y"])
    half = round(3 * np.sqrt(source["npix"] / np.pi)) + 6
    if min(x, y) < half or max(x + half - 1000, y + half - 872) > 0:
        continue
    cutout = sky[y - half : y + half, x - half : x + half]
    if CropToGalaxy().measure([cutout])["problem"][0]:
        continue
    path = Path(folder.name) / f"{number}.jpg"
    Image.fromarray(cutout).save(path, quality=95)
    ratio = source["b"] / source["a"]
    rows.append({"objid": number, "path": str(path), "npix": source["npix"], "axis_ratio": ratio})
catalogue = pd.DataFrame(rows)
Path(catalogue["path"][7]).write_bytes(b"not an image")

# %%
# Scoring
# -------
# ``keep`` names the columns that go along. The output is one file here; with the name of a
# folder it is a folder of Parquet files, as is best for millions of images.

from galaxy_sklearn.scoring import score_catalogue
from galaxy_sklearn.sharing import load_pretrained

model = load_pretrained("gz2").set_params(crop=CropToGalaxy())
output = Path(folder.name) / "scores.parquet"
done = score_catalogue(model, catalogue[["objid", "path"]], output, keep=["objid"], verbose=False)
print(f"{done.n_images} images, {done.n_errors} of them could not be read")

# %%
# Joining
# -------
# The damaged file is a row with its error, and without answers.

scores = pd.read_parquet(output)
joined = catalogue.merge(scores, on="objid", validate="1:1")
print(joined.loc[joined["error"].notna(), ["objid", "label", "error"]].to_string())
known = joined[joined["error"].isna()]
columns = ["objid", "npix", "axis_ratio", "t01_smooth_or_features_a01_smooth", "label", "unusual"]
print(known[columns].head().round(2).to_string(index=False))

# %%
# Do model and catalogue agree?
# -----------------------------
# sep has measured how elongated the sources are. The model was asked how round smooth galaxies
# are: the fraction of "completely round" among its three answers.

rounded = [
    f"t07_rounded_{name}" for name in ("a16_completely_round", "a17_in_between", "a18_cigar_shaped")
]
smooth = known["t01_smooth_or_features_a01_smooth"]
roundness = known[rounded[0]] / known[rounded].sum(axis=1)
figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
points = ax.scatter(known["axis_ratio"], roundness, c=smooth, s=30, cmap="viridis", vmin=0, vmax=1)
ax.set(xlabel="axis ratio in the catalogue", ylabel="predicted fraction of “completely round”")
figure.colorbar(points, label="predicted fraction of “smooth”")
for name, part in {"smooth": smooth > 0.5, "other": smooth <= 0.5}.items():
    correlation = np.corrcoef(known["axis_ratio"][part], roundness[part])[0, 1]
    print(f"{part.sum()} {name} galaxies: correlation {correlation:.2f}")

# %%
# They do: with one exception, nothing that is elongated is called round. Among the rounder ones
# the model is stricter than sep, and for galaxies that are hardly smooth the question is
# hypothetical. A galaxy on which the two disagree is worth a look.

folder.cleanup()
plt.show()
