"""
Similar and strange galaxies
============================

The features of a network, the numbers that its answers are computed from, make a space in which
similar galaxies are near. Any tool of scikit-learn can look for neighbours, groups and outliers
there.
"""

# %%
# The features that the pretrained model computes for 400 simulated galaxies:

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import load_pretrained

images, votes = make_galaxies(400, image_size=128, random_state=0)
centres = images[:, 32:96, 32:96]
labels = GZ2.label(votes)
features = normalize(load_pretrained("gz2").transform(images))
print(features.shape)

# %%
# Neighbours
# ----------
# The five galaxies that are nearest to each of four:

neighbours = NearestNeighbors(n_neighbors=6).fit(features)
_, nearest = neighbours.kneighbors(features)
chosen = [np.flatnonzero(labels == kind)[0] for kind in ("spiral", "edge-on disk", "elliptical")]
chosen.append(np.flatnonzero(labels == "merger")[0])
figure, axes = plt.subplots(4, 6, figsize=(8, 6), layout="constrained")
for row, found in zip(axes, nearest[chosen], strict=True):
    for ax, i in zip(row, found, strict=True):
        ax.imshow(centres[i])
        ax.set_title(labels[i], fontsize=8)
        ax.axis("off")
    row[0].set_title(f"{labels[found[0]]}:", fontsize=8, weight="bold")

# %%
# The model has never seen a simulated galaxy, nor these votes. Do neighbours have the same label
# more often than two galaxies drawn at random?

same = (labels[nearest[:, 1:]] == labels[:, None]).mean()
at_random = np.mean([np.mean(labels == label) for label in labels])
print(f"neighbours with the same label: {same:.0%}, at random: {at_random:.0%}")

# %%
# A map
# -----
# The first two principal components of the features, with galaxies in their places. Spirals lie
# on the left, smooth galaxies on the right, from elongated ones above to round ones below; the
# two stars have a place of their own.

places = PCA(2).fit_transform(features)
figure, ax = plt.subplots(figsize=(8, 6.5), layout="constrained")
taken = np.empty((0, 2))
size = np.ptp(places, axis=0)
for i, place in enumerate(places):
    if len(taken) == 0 or (np.abs(taken - place) / size).max(axis=1).min() > 0.06:
        taken = np.vstack([taken, place])
        ax.add_artist(AnnotationBbox(OffsetImage(centres[i], zoom=0.45), place, frameon=False))
ax.update_datalim(places)
ax.autoscale_view()
ax.set(xlabel="first component", ylabel="second component")

# %%
# Strange ones
# ------------
# Galaxies whose neighbours are farthest away, most distant first:

distances, _ = neighbours.kneighbors(features)
strange = np.argsort(-distances[:, 1:].mean(axis=1))[:12]
figure, axes = plt.subplots(2, 6, figsize=(8, 3.3), layout="constrained")
for ax, i in zip(axes.flat, strange, strict=True):
    ax.imshow(centres[i])
    ax.set_title(labels[i], fontsize=8)
    ax.axis("off")
odd = votes["t06_odd_a14_yes_debiased"].to_numpy()
print(f"“anything odd?”: {odd[strange].mean():.2f} among these, {odd.mean():.2f} among all")

# %%
# They are rare, large and clear spirals and very faint galaxies, but volunteers find nothing odd
# in them more often than in others. What is far from all others is a question of its own. For
# images unlike those of the training of a model there is ``score_samples``, the column
# ``unusual`` of tables.

plt.show()
