"""
What each step does to an image
===============================

A pipeline can be cut anywhere: ``pipe[:k].transform(X)`` gives the images as they are after ``k``
steps. The picture is real: a spiral galaxy of the Hubble eXtreme Deep Field, from scikit-image.
"""

# %%
# The steps of a pipeline on gray images, one after the other:

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import hubble_deep_field

from galaxy_sklearn import Grayscale, make_galaxy_pipeline

image = hubble_deep_field()[336:464, 60:188]
pipe = make_galaxy_pipeline().set_params(gray=Grayscale(), resize__size=32)

figure, axes = plt.subplots(1, 5, figsize=(10, 2.7), layout="constrained")
for k, ax in enumerate(axes, start=1):
    (after,) = pipe[:k].fit_transform([image])
    after = np.asarray(after)
    ax.imshow(after.squeeze(), cmap="gray")
    ax.set_title(list(pipe.named_steps)[k - 1])
    ax.set_xlabel(f"{after.shape}\n{after.dtype}, {after.min():.2f} to {after.max():.2f}")
    ax.set(xticks=[], yticks=[])

# %%
# ``read`` passes on what is an image already, ``crop`` takes the central half, ``gray`` weights
# the channels and scales integers to 0-1, ``resize`` smooths and samples, and ``tensor`` puts
# all images into one array for the network.
#
# Steps can be replaced and have parameters
# -----------------------------------------
# How much of the surroundings does the network see, and in how many pixels? On the left the crop
# follows the size of the galaxy: :class:`~galaxy_sklearn.CropToGalaxy` has measured it.

from galaxy_sklearn import CenterCrop, CropToGalaxy

crops = {
    "CropToGalaxy()": CropToGalaxy(),
    "CenterCrop(0.5)": CenterCrop(0.5),
    "CenterCrop(0.75)": CenterCrop(0.75),
    "CenterCrop(1.0)": CenterCrop(1.0),
}
figure, axes = plt.subplots(3, 4, figsize=(8, 6.4), layout="constrained")
for row, size in zip(axes, (64, 32, 16), strict=True):
    for ax, (name, crop) in zip(row, crops.items(), strict=True):
        pipe = make_galaxy_pipeline().set_params(crop=crop, resize__size=size)
        ax.imshow(pipe[:-1].fit_transform([image])[0])
        ax.set(xticks=[], yticks=[], title=name if size == 64 else "")
    row[0].set_ylabel(f"Resize({size})")

# %%
# The measurement is there to look at:

print(CropToGalaxy().measure([image]).round(1))

plt.show()
