"""Features of a fitted network for similar galaxies, outliers and new classes with few labels."""

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import NearestNeighbors

from galaxy_sklearn import GZ2, make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies

images, votes = make_galaxies(300, image_size=64, random_state=0)
small = {"resize__size": 32, "classifier__network__filters": (16, 32), "classifier__epochs": 4}
pipe = make_galaxy_pipeline(random_state=0).set_params(**small).fit(images[:200], votes[:200])

features = pipe.transform(images)  # (300, 32): the inputs of the output layer
names = GZ2.label(votes)
neighbours = NearestNeighbors(n_neighbors=6).fit(features)
(nearest,) = neighbours.kneighbors(features[:1], return_distance=False)
print(f"Galaxies like number 0 ({names[0]}): {', '.join(names[nearest[1:]])}")
anomaly = -IsolationForest(random_state=0).fit(features).score_samples(features)
print(f"The most unusual: {', '.join(names[np.argsort(anomaly)[-5:]])}")

# New classes from 60 labels: only a new output is trained, the features stay the same.
is_edge_on = np.where(votes["t02_edgeon_a04_yes_debiased"] > 0.5, "edge-on", "not edge-on")
tuned = make_galaxy_pipeline(random_state=0).set_params(
    resize__size=32,
    classifier__epochs=10,
    classifier__pretrained=FrozenEstimator(pipe),
    classifier__freeze=True,
    classifier__learning_rate=0.01,
)
tuned.fit(images[200:260], is_edge_on[200:260])
print(f"Accuracy on 40 others: {tuned.score(images[260:], is_edge_on[260:]):.2f}")
