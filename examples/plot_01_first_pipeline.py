"""
A first pipeline
================

We train a pipeline on simulated galaxies and the votes of simulated volunteers, look at its
errors, and save it. With real data the images are names of files; everything else is the same.
"""

# %%
# The data
# --------
# :func:`~galaxy_sklearn.datasets.make_galaxies` draws images in the style of SDSS and lets
# volunteers answer the questions of Galaxy Zoo 2. A vote fraction is the part of the volunteers
# who gave an answer. Above each galaxy is the answer of the majority in words; the images are
# wider than shown.

import matplotlib.pyplot as plt

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import make_galaxies

images, votes = make_galaxies(600, image_size=64, random_state=0)
train, test = slice(0, 450), slice(450, 600)

figure, axes = plt.subplots(2, 6, figsize=(9, 3.6), layout="constrained")
for ax, image, label in zip(axes.flat, images, GZ2.label(votes), strict=False):
    ax.imshow(image[16:48, 16:48])
    ax.set_title(label, fontsize=9)
    ax.axis("off")

# %%
# The pipeline
# ------------
# A pipeline reads, crops and resizes images, and ends with a network. The network, the images
# and the number of epochs are reduced here, so that training takes seconds.

from galaxy_sklearn import make_galaxy_pipeline

pipe = make_galaxy_pipeline(random_state=0).set_params(
    resize__size=32,
    classifier__network__filters=(4, 8, 16),
    classifier__epochs=10,
    classifier__learning_rate=3e-3,
)
pipe.fit(images[train], votes[train])

# %%
# The loss by epoch, for the galaxies that are trained on and for the tenth that is set aside:

from galaxy_sklearn.displays import HistoryDisplay

HistoryDisplay.from_estimator(pipe)

# %%
# How good is it?
# ---------------
# The score of the Galaxy Zoo challenge is the root mean squared error of all 37 fractions.
# Compare it with that of the mean of the training votes, which is the best constant answer.

import numpy as np

from galaxy_sklearn.metrics import cumulative_rmse

predicted = pipe.predict_proba(images[test])
constant = np.tile(votes[train].mean(), (150, 1))
print(f"pipeline: {cumulative_rmse(votes[test], predicted):.3f}")
print(f"mean of the training votes: {cumulative_rmse(votes[test], constant):.3f}")

# %%
# By question. Where the two markers are close, the pipeline has learned nothing yet: bars and
# the winding of arms need more galaxies, more pixels and a longer training than these.

from galaxy_sklearn.displays import QuestionScoresDisplay

QuestionScoresDisplay.from_predictions(votes[test], {"pipeline": predicted}, y_train=votes[train])

# %%
# Galaxies whose label agrees with the volunteers, and galaxies whose label does not. A label is
# the answer of the majority, so a small error of a fraction can change it.

from galaxy_sklearn.displays import GalaxyGridDisplay

GalaxyGridDisplay.from_predictions(images[test], votes[test], predicted, random_state=0)

# %%
# The mean of all test galaxies, as branches of the decision tree:

from galaxy_sklearn.displays import DecisionTreeDisplay

DecisionTreeDisplay.from_predictions(votes[test], predicted)

# %%
# Saving
# ------
# A model file holds no code, so that it is safe to send and to load. The loaded pipeline gives
# the same numbers.

import tempfile
from pathlib import Path

from galaxy_sklearn.sharing import load_model, save_model

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "model.skops"
    save_model(pipe, file)
    print(f"{file.stat().st_size / 1024:.0f} KiB")
    same = load_model(file)
print("same predictions:", (same.predict_proba(images[test]) == predicted).all())

plt.show()
