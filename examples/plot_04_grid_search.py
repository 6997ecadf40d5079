"""
Grid search over every step
===========================

Steps and the arguments of the network are parameters, so that scikit-learn's searches can choose
them: here how much of an image to cut out, and how fast to learn.
"""

# %%
# The search. With files, ``memory=`` would keep the tensors, so that each image is read once for
# each crop and fold; ``n_jobs=`` trains in several processes. Votes are no classes, so the folds
# are given as an object.

import pandas as pd
from sklearn.model_selection import GridSearchCV, KFold

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.metrics import neg_cumulative_rmse

images, votes = make_galaxies(240, image_size=64, random_state=0)
pipe = make_galaxy_pipeline("residual", random_state=0).set_params(
    resize__size=16,
    classifier__epochs=15,
    classifier__batch_size=64,
    classifier__network__filters=(16,),
    classifier__symmetric=False,
    classifier__validation_fraction=0,
)
search = GridSearchCV(
    pipe,
    {"crop__size": [0.3, 0.6, 1.0], "classifier__learning_rate": [0.001, 0.01]},
    scoring=neg_cumulative_rmse,
    cv=KFold(2),
)
search.fit(images, votes)

# %%
# The results, best first:

results = pd.DataFrame(search.cv_results_).sort_values("rank_test_score")
columns = ["param_crop__size", "param_classifier__learning_rate", "mean_test_score"]
print(results[columns].round(4).to_string(index=False))

# %%
# Errors against the crop, a curve for each learning rate; the bars reach to the scores of the
# two folds.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(layout="constrained")
for rate, rows in results.groupby("param_classifier__learning_rate"):
    rows = rows.sort_values("param_crop__size")
    ax.errorbar(
        rows["param_crop__size"].astype(float),
        -rows["mean_test_score"],
        yerr=rows["std_test_score"],
        marker="o",
        capsize=4,
        label=f"learning rate {rate}",
    )
ax.set(xlabel="crop__size, fraction of the image's side", ylabel="RMSE of the cumulative fractions")
ax.legend(frameon=False)

# %%
# Cutting out the galaxy alone is best: the fewer the pixels, the more of them should show it.
# The larger learning rate wins because the training is so short. With the 64 x 64 pixels and 100
# epochs of the defaults both are other questions, which a search over those has to answer. This
# is what networks see with each crop, before :class:`~galaxy_sklearn.Resize` leaves 16 x 16
# pixels of it:

crops = [make_galaxy_pipeline().set_params(crop__size=size)[:2] for size in (0.3, 0.6, 1.0)]
figure, axes = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
for ax, crop in zip(axes, crops, strict=True):
    ax.imshow(crop.fit_transform(images[8:9])[0])
    ax.set_title(f"crop__size={crop['crop'].size}", fontsize=10)
    ax.axis("off")

plt.show()
