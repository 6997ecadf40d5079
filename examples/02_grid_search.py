"""Grid search over the crop and the dropout of the network, on image files."""

import tempfile
from pathlib import Path

import pandas as pd
from PIL import Image
from sklearn.model_selection import GridSearchCV

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.metrics import neg_cumulative_rmse

images, votes = make_galaxies(60, image_size=64, random_state=0)

with tempfile.TemporaryDirectory() as folder:
    paths = []
    for i, image in enumerate(images):
        paths.append(Path(folder) / f"{i}.jpg")
        Image.fromarray(image).save(paths[-1])

    # Tensors are cached, so that each image is read once for each crop and fold.
    pipe = make_galaxy_pipeline(memory=str(Path(folder) / "cache"), random_state=0).set_params(
        resize__size=16,
        classifier__epochs=1,
    )
    search = GridSearchCV(
        pipe,
        {
            "crop__size": [24, 32],
            "classifier__network__dropout": [0.2, 0.5],
            "classifier__network__filters": [(4, 8)],
        },
        scoring=neg_cumulative_rmse,
        cv=2,
    )
    search.fit(paths, votes)

results = pd.DataFrame(search.cv_results_).sort_values("rank_test_score")
print(results[["param_crop__size", "param_classifier__network__dropout", "mean_test_score"]])
