"""
The spread of an ensemble
=========================

Networks that differ in their random numbers alone disagree where they have learned too little. The
error of their mean is smaller than theirs are in the mean, and their spread tells which answers to
trust less.
"""

# %%
# Three small networks, as one classifier:

import matplotlib.pyplot as plt
import numpy as np

from galaxy_sklearn import GalaxyEnsemble, make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.metrics import cumulative_rmse

images, votes = make_galaxies(700, image_size=64, random_state=0)
train, test = slice(0, 400), slice(400, 700)

pipe = make_galaxy_pipeline("residual").set_params(
    crop__size=0.4,
    resize__size=24,
    classifier__network__filters=(16, 32),
    classifier__epochs=10,
    classifier__learning_rate=0.01,
)
pipe.set_params(classifier=GalaxyEnsemble(pipe["classifier"], 3, random_state=0))
pipe.fit(images[train], votes[train])

# %%
# A pipeline has no method for the spread, so it is asked of the last step.

tensor = pipe[:-1].transform(images[test])
ensemble = pipe["classifier"]
fractions, spread = ensemble.predict_proba(tensor), ensemble.predict_spread(tensor)
for i, member in enumerate(ensemble.estimators_):
    print(f"member {i}: RMSE {cumulative_rmse(votes[test], member.predict_proba(tensor)):.4f}")
print(f"their mean: RMSE {cumulative_rmse(votes[test], fractions):.4f}")

# %%
# Is the error larger where members disagree? Fractions of all galaxies and answers with votes,
# in ten groups of growing spread.

errors = np.abs(fractions - votes[test].to_numpy())
asked = votes[test].to_numpy() > 0
groups = np.array_split(np.argsort(spread[asked]), 10)
figure, ax = plt.subplots(layout="constrained")
ax.plot(
    [spread[asked][group].mean() for group in groups],
    [np.sqrt(np.mean(errors[asked][group] ** 2)) for group in groups],
    marker="o",
)
ax.set(
    xlabel="mean spread of the members", ylabel="RMSE of the conditional fractions", ylim=(0, None)
)

# %%
# The galaxies that they agree on most, and least, in the first question:

from galaxy_sklearn import GZ2

smooth = GZ2.slices[0]
order = np.argsort(spread[:, smooth].mean(axis=1))
figure, axes = plt.subplots(2, 6, figsize=(9, 3.8), layout="constrained")
for row, chosen in zip(axes, (order[:6], order[-6:]), strict=True):
    for ax, i in zip(row, chosen, strict=True):
        ax.imshow(images[test][i, 16:48, 16:48])
        ax.set_title(f"smooth: {fractions[i, 0]:.2f} ± {spread[i, 0]:.2f}", fontsize=8)
        ax.axis("off")

# %%
# The error grows with the spread, but is ten times as large. Most of it is what all members have
# in common: the chance in the votes, and what 400 galaxies do not teach. So the spread ranks
# answers. For intervals that hold what is voted, see ``predict_interval``. The members agree on
# what is plainly smooth, and disagree on faint galaxies and rings.

plt.show()
