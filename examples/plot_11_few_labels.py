"""
New classes from few labels
===========================

What a network has learned from many votes helps with questions that nobody asked: its features
stay, and the new answer is learned from a few tens of labels.
"""

# %%
# The new question: is a simulated galaxy edge-on? The features are those of the pretrained
# model, which has seen real galaxies only. For comparison we take the ten strongest principal
# components of the pixels.

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import load_pretrained

survey = make_galaxies(400, image_size=128, random_state=0, return_X_y=False)
edge_on = survey.probabilities[:, GZ2.answer_names.index("t02_edgeon_a04_yes")] > 0.5

gz2 = load_pretrained("gz2")
tensor = gz2[:-1].transform(survey.data)
features = gz2["classifier"].transform(tensor)
pixels = tensor[:, ::2, ::2].reshape(len(tensor), -1)
print(f"{edge_on.mean():.0%} of {len(edge_on)} are edge-on")

# %%
# Learning curves
# ---------------
# Features are numbers like any others, and learn with any tool of scikit-learn. The balanced
# accuracy is the mean of the parts of the edge-on and of the other galaxies that are recognized:
# 0.5 for a guess.

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LearningCurveDisplay, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

balanced = LogisticRegression(C=0.01, class_weight="balanced")
recipes = {
    "features of “gz2”": (make_pipeline(StandardScaler(), balanced), features),
    "pixels": (make_pipeline(PCA(10), StandardScaler(), balanced), pixels),
}
figure, ax = plt.subplots(layout="constrained")
for name, (estimator, X) in recipes.items():
    display = LearningCurveDisplay.from_estimator(
        estimator,
        X,
        edge_on,
        train_sizes=[20, 40, 80, 160],
        cv=ShuffleSplit(20, train_size=160, test_size=200, random_state=0),
        scoring="balanced_accuracy",
        score_type="test",
        ax=ax,
    )
    display.lines_[0].set(label=name, marker="o")
    print(name, display.test_scores.mean(axis=1).round(2))
ax.set(xlabel="number of labels", ylabel="balanced accuracy")
ax.legend(loc="lower right", frameon=False)

# %%
# Fine-tuning
# -----------
# ``make_galaxy_pipeline(pretrained="gz2")`` does the same from images: it keeps the features and
# trains a new output on turned, shifted and stretched images, which are more than the labels
# are.

from sklearn.metrics import ConfusionMatrixDisplay, balanced_accuracy_score

from galaxy_sklearn import make_galaxy_pipeline

names = ["edge-on" if yes else "not edge-on" for yes in edge_on]
tuned = make_galaxy_pipeline(pretrained="gz2", random_state=0)
tuned.set_params(classifier__epochs=20).fit(survey.data[:80], names[:80])
predicted = tuned.predict(survey.data[200:])
print(f"with 80 labels: {balanced_accuracy_score(names[200:], predicted):.2f}")
ConfusionMatrixDisplay.from_predictions(names[200:], predicted, cmap="Blues", colorbar=False)
plt.gcf().set_layout_engine("constrained")

# %%
# The edge-on galaxies are found, and some others are taken for them: classes are weighted alike,
# so that a galaxy of the rare class counts more. ``set_params(classifier__class_weight=None)``
# changes that.

plt.show()
