"""
GalaxyID, the reference, and the default
========================================

GalaxyID by T. Childers is the project that this package follows: four convolutions and two wide
layers on gray images. ``make_galaxy_pipeline("galaxy_id")`` is its network and its training. Here
it learns beside the default from the same simulated galaxies, with a smaller network than its
author's.
"""

# %%
# Their losses differ: GalaxyID takes each of the 37 fractions by itself, the default takes the
# answers of a question together.

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies

images, votes = make_galaxies(500, image_size=64, random_state=0)
train, test = slice(0, 400), slice(400, 500)

reference = make_galaxy_pipeline("galaxy_id", random_state=0).set_params(
    crop__size=0.4,
    resize__size=24,
    classifier__network__filters=(16, 32, 64, 64),
    classifier__network__dense_units=(256, 256),
    classifier__network__dropout=0.2,
)
ours = make_galaxy_pipeline(random_state=0).set_params(
    crop__size=0.4,
    resize__size=24,
    classifier__network__filters=(4, 8, 16),
    classifier__epochs=15,
)
reference.fit(images[train], votes[train])
ours.fit(images[train], votes[train])

# %%
# The curves that GalaxyID's author plots, loss and mean squared error, of the reference:

import matplotlib.pyplot as plt

from galaxy_sklearn.displays import HistoryDisplay

HistoryDisplay.from_estimator(reference).figure_.suptitle("GalaxyID")

# %%
# and of the default. The mean squared errors are those of conditional fractions without
# questions that nobody was asked; those of the reference are taken before the answers of a
# question are scaled to 1.

HistoryDisplay.from_estimator(ours).figure_.suptitle("default")

# %%
# Galaxies that they label right and wrong, GalaxyID first:

from galaxy_sklearn.displays import GalaxyGridDisplay

for name, pipe in {"GalaxyID": reference, "default": ours}.items():
    display = GalaxyGridDisplay.from_estimator(pipe, images[test], votes[test], random_state=0)
    display.figure_.suptitle(name)

# %%
# The errors on the same hundred galaxies, beside those of the mean of the training votes:

import numpy as np

from galaxy_sklearn.displays import QuestionScoresDisplay
from galaxy_sklearn.metrics import cumulative_rmse

predictions = {
    "GalaxyID": reference.predict_proba(images[test]),
    "default": ours.predict_proba(images[test]),
}
constant = np.tile(votes[train].mean(), (100, 1))
for name, fractions in {**predictions, "mean of the training votes": constant}.items():
    print(f"{name}: RMSE {cumulative_rmse(votes[test], fractions):.3f}")
QuestionScoresDisplay.from_predictions(votes[test], predictions, y_train=votes[train])

# %%
# From 400 galaxies of 24 x 24 pixels the reference learns little more than the mean; the
# default, whose network is symmetric and has fewer weights, learns more in fewer epochs. For
# both with all their pixels and epochs, on thousands of real galaxies, see the chapter on
# accuracy.

plt.show()
