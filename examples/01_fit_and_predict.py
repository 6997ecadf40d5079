"""Train on a simulated survey, evaluate and plot the predictions, save and load the model."""

import tempfile
from pathlib import Path

import joblib

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.displays import GalaxyGridDisplay, HistoryDisplay
from galaxy_sklearn.metrics import cumulative_rmse, question_scores
from galaxy_sklearn.scoring import prediction_table

images, votes = make_galaxies(300, image_size=64, random_state=0)
train, test = slice(0, 200), slice(200, 300)

# A small network and few epochs, so that the example runs in seconds.
pipe = make_galaxy_pipeline(random_state=0).set_params(
    resize__size=32,
    classifier__epochs=4,
    classifier__network__filters=(16, 32, 32),
)
pipe.fit(images[train], votes[train])

predicted = pipe.predict_proba(images[test])
print("RMSE of cumulative fractions:", round(cumulative_rmse(votes[test], predicted), 4))
print(question_scores(votes[test], predicted).round(3))
print(prediction_table(pipe, images[test])["label"].value_counts())

with tempfile.TemporaryDirectory() as folder:
    HistoryDisplay.from_estimator(pipe).figure_.savefig(Path(folder) / "history.png")
    grid = GalaxyGridDisplay.from_predictions(images[test], votes[test], predicted)
    grid.figure_.savefig(Path(folder) / "galaxies.png")

    joblib.dump(pipe, Path(folder) / "model.joblib")
    again = joblib.load(Path(folder) / "model.joblib")
    assert (again.predict_proba(images[test]) == predicted).all()
