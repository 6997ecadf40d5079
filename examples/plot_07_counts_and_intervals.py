"""
Numbers of votes and intervals
==============================

A fraction of 0.5 may be two of four volunteers or twenty of forty. Trained on the numbers of
votes, a network also learns how uncertain its fractions are. The volunteers here are simulated, so
that we know the probability of each answer, which a survey never does.
"""

# %%
# The loss is the likelihood of the votes, if fractions are drawn from a Dirichlet distribution
# for each question, and volunteers from these fractions.

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies

survey = make_galaxies(700, image_size=64, random_state=0, return_X_y=False)
train, test = slice(0, 500), slice(500, 700)

pipe = make_galaxy_pipeline("residual", random_state=0).set_params(
    resize__size=32,
    classifier__loss="dirichlet_multinomial",
    classifier__network__filters=(16, 32),
    classifier__epochs=15,
    classifier__learning_rate=3e-3,
    classifier__validation_fraction=0.3,
)
pipe.fit(survey.data[train], survey.counts[train])

# %%
# Credible intervals hold the probability of an answer, as far as the network knows. Here those
# of the answer "smooth", with 90%, for 50 galaxies in the order of their predictions.

import matplotlib.pyplot as plt
import numpy as np

from galaxy_sklearn import GZ2

tensor = pipe[:-1].transform(survey.data[test])
classifier = pipe["classifier"]
fractions = classifier.predict_proba(tensor)
intervals = classifier.predict_interval(tensor, coverage=0.9)

smooth = GZ2.answer_names.index("t01_smooth_or_features_a01_smooth")
shown = np.argsort(fractions[:50, smooth])
low, high = intervals[:50, smooth][shown].T
figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.vlines(range(50), low, high, color="C0", linewidth=5, alpha=0.35, label="90% interval")
ax.plot(fractions[:50, smooth][shown], "_", color="C0", markersize=7, label="predicted")
ax.plot(survey.probabilities[test][:50, smooth][shown], "k.", label="true probability")
ax.plot(
    survey.target.iloc[test].to_numpy()[:50, smooth][shown],
    "rx",
    markersize=4,
    label="voted by 40 volunteers",
)
ax.set(xlabel="galaxy", ylabel="fraction of “smooth”", ylim=(0, 1))
ax.legend(ncols=4, loc="lower right", bbox_to_anchor=(1, 1), frameon=False)

# %%
# How many of the true probabilities lie in intervals of 50, 80 and 90%? Conditional
# probabilities exist for all questions, also those that nobody was asked.

for coverage in (0.5, 0.8, 0.9):
    low, high = np.moveaxis(classifier.predict_interval(tensor, coverage), -1, 0)
    truth = survey.probabilities[test]
    print(f"{coverage:.0%} intervals hold {((low <= truth) & (truth <= high)).mean():.0%}")

# %%
# They hold a few more than they promise: the network is a little too unsure.
#
# What will volunteers vote?
# --------------------------
# Conformal intervals hold the fraction that volunteers vote, chance included. They are learned
# from the galaxies that the training set aside, and every classifier of votes has them.

from galaxy_sklearn.displays import CoverageDisplay

CoverageDisplay.from_estimator(
    pipe,
    survey.data[test],
    survey.target.iloc[test],
    questions=["t01_smooth_or_features", "t03_bar", "t07_rounded"],
)

# %%
# All answers together lie on the diagonal, since intervals are learned for all of them. Single
# questions may differ a little: those of the bar hold more than they promise, and could be
# narrower.

plt.show()
