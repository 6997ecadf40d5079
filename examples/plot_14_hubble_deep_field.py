"""
Find and classify the galaxies of a deep field
==============================================

The Hubble eXtreme Deep Field, a real picture that comes with scikit-image, holds thousands of
galaxies. We find the larger ones with `sep <https://github.com/sep-developers/sep>`_, cut them out
in proportion to their size, and ask the pretrained model about all of them.
"""

# %%
# Finding
# -------
# Sources are areas of at least 60 pixels that are brighter than three times the noise; sep takes
# apart those that touch, and the parts may be smaller.

import matplotlib.pyplot as plt
import numpy as np
import sep
from skimage.data import hubble_deep_field

sky = hubble_deep_field()
gray = sky.mean(axis=2, dtype=np.float32)
background = sep.Background(gray)
sources = sep.extract(gray - background, 3, err=background.globalrms, minarea=60)
radii = np.sqrt(sources["npix"] / np.pi)
print(f"{len(sources)} sources, with radii of {radii.min():.0f} to {radii.max():.0f} pixels")

# %%
# Cutting out and classifying
# ---------------------------
# Cutouts reach far enough for :class:`~galaxy_sklearn.CropToGalaxy`, which measures each galaxy
# again in its cutout. Sources at the border of the picture are left out, and those that it
# cannot measure.

from galaxy_sklearn import CropToGalaxy
from galaxy_sklearn.scoring import prediction_table
from galaxy_sklearn.sharing import load_pretrained

x, y, half = (np.round(v).astype(int) for v in (sources["x"], sources["y"], 3 * radii + 6))
height, width = gray.shape
inside = (x >= half) & (y >= half) & (x < width - half) & (y < height - half)
x, y, half = x[inside], y[inside], half[inside]
cutouts = [sky[b - h : b + h, a - h : a + h] for a, b, h in zip(x, y, half, strict=True)]

measured = CropToGalaxy().measure(cutouts)
found = np.flatnonzero(measured["problem"] == "")
x, y, half, cutouts = x[found], y[found], half[found], [cutouts[i] for i in found]
print(f"{len(found)} of {len(measured)} sources could be measured")

model = load_pretrained("gz2").set_params(crop=CropToGalaxy())
table = prediction_table(model, cutouts)
print(table["label"].value_counts())
print(f"unusual: {(table['unusual'] > 1).mean():.0%} of {len(table)}")

# %%
# The model has learned from galaxies of SDSS, nearer and brighter, in other colours and with
# larger blur. It says of nearly all of these that they are unlike what it knows. So this is a
# first sorting, to be looked at, and no catalogue.
#
# The map
# -------
# Squares are the cutouts, their colours the labels. Those that are farthest from what the model
# knows, with ``unusual`` above 1.4, have thick frames.

colours = dict(zip(table["label"].value_counts().index, plt.cm.tab10.colors, strict=False))
figure, ax = plt.subplots(figsize=(10, 9), layout="constrained")
ax.imshow(sky)
for a, b, h, (_, row) in zip(x, y, half, table.iterrows(), strict=True):
    width = 2.5 if row["unusual"] > 1.4 else 0.8
    colour = colours[row["label"]]
    ax.add_patch(plt.Rectangle((a - h, b - h), 2 * h, 2 * h, fill=False, ec=colour, lw=width))
for label, colour in colours.items():
    ax.plot([], [], "s", color=colour, label=label)
ax.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False)
ax.axis("off")

# %%
# Some of each label, the largest first:

shown = [label for label, n in table["label"].value_counts().items() if n >= 5]
figure, axes = plt.subplots(len(shown), 8, figsize=(9, 1.25 * len(shown)), layout="constrained")
for row, label in zip(axes, shown, strict=True):
    chosen = np.flatnonzero(table["label"] == label)
    for ax in row:
        ax.set(xticks=[], yticks=[], frame_on=False)
    for ax, i in zip(row, chosen[np.argsort(-half[chosen])], strict=False):
        ax.imshow(model["crop"].transform([cutouts[i]])[0])
    row[0].set_ylabel(label, rotation=0, ha="right", va="center")

# %%
# The most unusual ones:

figure, axes = plt.subplots(1, 8, figsize=(9, 1.6), layout="constrained")
for ax, i in zip(axes, np.argsort(-table["unusual"]), strict=False):
    ax.imshow(model["crop"].transform([cutouts[i]])[0])
    ax.set_title(f"{table['unusual'][i]:.2f}", fontsize=9)
    ax.axis("off")

# %%
# Two stars with their spikes lead, as they should. A single number does not sort out everything:
# a faint blend may be near to what the model knows, by chance.

plt.show()
