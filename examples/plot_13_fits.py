"""
From FITS bands to colour pictures
==================================

Surveys publish one FITS file for each band, in units of flux. A model that has learned from colour
pictures needs the same pictures: :class:`~galaxy_sklearn.ColourComposite` makes them.
"""

# %%
# Files
# -----
# Six simulated galaxies, written as a survey has them: the stretch of SDSS' pictures is undone,
# and the bands i, r and g go to files of their own, in nanomaggies. (This needs astropy, ``pip
# install 'galaxy_sklearn[fits]'``.)

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from astropy.io import fits

from galaxy_sklearn import ColourComposite, ImageReader
from galaxy_sklearn.datasets import make_galaxies

images, votes = make_galaxies(24, image_size=96, random_state=0)
images = images[[2, 5, 10, 16, 20, 21]]
folder = tempfile.TemporaryDirectory()
rows = []
for i, picture in enumerate(images):
    picture = np.maximum(picture / 255, 1e-3)
    brightness = picture.mean(axis=2, keepdims=True)
    flux = picture / brightness * np.sinh(9 * brightness) / 9 / [4.9, 5.7, 7.8]
    row = {}
    for band, pixels in zip("irg", np.moveaxis(flux, 2, 0), strict=True):
        header = fits.Header({"FILTER": band, "BUNIT": "nanomaggy"})
        row[band] = Path(folder.name) / f"galaxy-{i}-{band}.fits"
        # The first row of a FITS image is the lowest.
        fits.PrimaryHDU(pixels[::-1].astype("float32"), header).writeto(row[band])
    rows.append(row)
table = pd.DataFrame(rows)[["g", "r", "i"]]
print(table.map(lambda path: path.name))

# %%
# Reading
# -------
# A column for each band makes images with a channel for each. That a file is what its column
# says is checked.

bands = ImageReader(band=["g", "r", "i"]).fit_transform(table)
first = np.asarray(bands[2])
print(first.shape, first.dtype, f"{first.min():.3f} to {first.max():.3f} nanomaggies")

figure, axes = plt.subplots(1, 4, figsize=(9, 2.6), layout="constrained")
for ax, band, pixels in zip(axes, "gri", np.moveaxis(first, 2, 0), strict=False):
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=np.quantile(first, 0.999))
    ax.set_title(f"{band}, linear")
axes[3].imshow(ColourComposite("sdss").fit_transform([first])[0])
axes[3].set_title("ColourComposite('sdss')")
for ax in axes:
    ax.axis("off")

# %%
# Linear pixels show the nucleus only. A composite maps the brightness with an asinh, which shows
# faint arms and bright centres together, and keeps the ratios of the bands.
#
# Which picture?
# --------------
# The presets are those of surveys, for their units and pixels; every parameter can be set. A
# model wants the pictures that it has learned from.

composites = {
    "sdss": ColourComposite("sdss"),
    "legacy": ColourComposite("legacy"),
    "gz_decals": ColourComposite("gz_decals"),
    "sdss, Q=2": ColourComposite("sdss", Q=2),
    "sdss, Q=50": ColourComposite("sdss", Q=50),
}
figure, axes = plt.subplots(5, 6, figsize=(8, 7), layout="constrained")
for row, (name, composite) in zip(axes, composites.items(), strict=True):
    for ax, picture in zip(row, composite.fit_transform(bands), strict=True):
        ax.imshow(picture)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)

# %%
# As a step of a pipeline
# -----------------------
# The composite takes its place after ``read``, and the whole takes the table of files. The
# preset is a parameter, which can be set and searched. How far are the pictures from what a
# model knows?

from sklearn.pipeline import Pipeline

from galaxy_sklearn.sharing import load_pretrained

steps = [("read", ImageReader(band=["g", "r", "i"])), ("colour", ColourComposite("sdss"))]
pipe = Pipeline(steps + load_pretrained("gz2").steps[1:])
for preset in ("sdss", "legacy", "gz_decals"):
    pipe.set_params(colour__preset=preset)
    print(f"{preset}: mean distance {-pipe.score_samples(table).mean():.2f}")

# %%
# The distances are those from the pictures that "gz2" has learned from, those of SDSS; above 1 a
# picture is unlike them. With SDSS' colours they are smallest. (Above 1 all the same: the
# galaxies are simulated, in few pixels.)

folder.cleanup()
plt.show()
