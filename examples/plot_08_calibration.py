"""
Calibration: are fractions as large as they say?
================================================

Of all the answers to which a calibrated model gives a fraction of 0.8, volunteers give a mean
fraction of 0.8. Where a network is too sure, or too unsure, ``calibrate=True`` fits one
temperature for each question to the galaxies that the training set aside.
"""

# %%
# A network that is too unsure
# ----------------------------
# ``label_smoothing`` moves the votes towards equal fractions of all answers, and the network
# learns that.

from sklearn.base import clone

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies

images, votes = make_galaxies(700, image_size=64, random_state=0)
train, test = slice(0, 400), slice(400, 700)

raw = make_galaxy_pipeline("residual", random_state=0).set_params(
    crop__size=0.4,
    resize__size=24,
    classifier__network__filters=(16, 32),
    classifier__epochs=12,
    classifier__learning_rate=0.01,
    classifier__label_smoothing=0.4,
    classifier__validation_fraction=0.3,
)
raw.fit(images[train], votes[train])
calibrated = clone(raw).set_params(classifier__calibrate=True).fit(images[train], votes[train])

# %%
# Voted against predicted fractions, raw above, calibrated below. The larger a point, the more
# answers are in its bin. Raw curves are too steep: high fractions are higher in truth, and low
# ones lower.

import matplotlib.pyplot as plt

from galaxy_sklearn.displays import ReliabilityDisplay

questions = ["t01_smooth_or_features", "t02_edgeon", "t07_rounded"]
figure, axes = plt.subplots(2, 3, figsize=(8, 5.6), layout="constrained")
for row, (name, pipe) in zip(axes, {"raw": raw, "calibrated": calibrated}.items(), strict=True):
    ReliabilityDisplay.from_estimator(
        pipe, images[test], votes[test], questions=questions, n_bins=8, ax=row
    )
    row[0].set_ylabel(f"{name}\nmean voted fraction")

# %%
# The temperatures, and what they do for galaxies that neither network has seen. A temperature
# below 1 sharpens, one above 1 softens. The cross-entropy falls for the questions that many
# volunteers reach, and hardly changes for the others, of which the network has learned little.

import pandas as pd

from galaxy_sklearn.metrics import question_scores

table = pd.DataFrame(
    {
        name: question_scores(votes[test], pipe.predict_proba(images[test]))[
            "conditional_cross_entropy"
        ]
        for name, pipe in {"raw": raw, "calibrated": calibrated}.items()
    }
)
table.insert(0, "temperature", calibrated["classifier"].target_encoder_.temperature)
print(table.round(2).to_string())

plt.show()
