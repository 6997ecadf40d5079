"""
Ask the pretrained model
========================

The package ships a model that was trained on 10,683 galaxies of Galaxy Zoo 2. Here it answers the
questions about some galaxies of the Hubble eXtreme Deep Field, a real picture that comes with
scikit-image.
"""

# %%
# Cutouts
# -------
# The positions of ten sources in the picture, in pixels, and half the side of a cutout around
# each.

import matplotlib.pyplot as plt
from skimage.data import hubble_deep_field

sky = hubble_deep_field()
places = [
    *((474, 727, 70), (401, 124, 50), (65, 485, 40), (75, 405, 40), (738, 774, 50)),
    *((440, 514, 40), (166, 820, 34), (488, 87, 26), (406, 580, 26), (577, 753, 55)),
]
cutouts = [sky[y - half : y + half, x - half : x + half] for y, x, half in places]

# %%
# The model knows images of SDSS with the galaxy in the centre and a scale that follows its size.
# :class:`~galaxy_sklearn.CropToGalaxy` measures each galaxy and cuts out as much of its
# surroundings as the model is used to.

from galaxy_sklearn import CropToGalaxy
from galaxy_sklearn.scoring import prediction_table
from galaxy_sklearn.sharing import load_pretrained

model = load_pretrained("gz2").set_params(crop=CropToGalaxy())
table = prediction_table(model, cutouts)
print(table[["t01_smooth_or_features_a01_smooth", "label", "unusual"]].round(2).to_string())

# %%
# What the model sees, its label, and ``unusual``:

figure, axes = plt.subplots(2, 5, figsize=(9, 4.2), layout="constrained")
for ax, image, (_, row) in zip(
    axes.flat, model["crop"].transform(cutouts), table.iterrows(), strict=True
):
    ax.imshow(image)
    ax.set_title(f"{row['label']}\nunusual: {row['unusual']:.2f}", fontsize=9)
    ax.axis("off")

# %%
# Most labels are what one would say, but ``unusual`` is 1 or more for all of them: they lie as
# far from the galaxies of the training as the farthest of 100 galaxies of SDSS, or farther.
# Hubble's colours, sharpness and depth are others. Such answers are guesses, however sure they
# look, and nobody has measured how good they are. The star in the end lies farthest, and its
# label is wrong.
#
# The whole answer
# ----------------
# The fractions of one galaxy, the spiral, as branches of the decision tree. They add up to 1 in
# each question that everybody is asked, and to the fraction of those who get there in the
# others.

from galaxy_sklearn import GZ2
from galaxy_sklearn.displays import DecisionTreeDisplay

fractions = model.predict_proba(cutouts)
DecisionTreeDisplay(GZ2, predicted=fractions[1]).plot(min_fraction=0.05)

plt.show()
