"""
Which pixels matter?
====================

:class:`~galaxy_sklearn.displays.SaliencyDisplay` hides one patch of an image after the other.
Where the predicted fraction of an answer falls, the pixels speak for it (red); where it rises,
against it (blue). It needs nothing of a model but its predictions.
"""

# %%
# A simulated bar
# ---------------
# Of the simulated galaxies in which volunteers see a bar, we take the one in which the
# pretrained model is most sure of it.

import numpy as np

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.displays import SaliencyDisplay
from galaxy_sklearn.sharing import load_pretrained

images, votes = make_galaxies(150, image_size=128, random_state=0)
bars = images[(GZ2.label(votes) == "barred spiral") | (GZ2.label(votes) == "barred disk")]
model = load_pretrained("gz2")
bar = list(model.classes_).index("t03_bar_a06_bar")
surest = np.argmax(model.predict_proba(bars)[:, bar])
galaxy = bars[[surest]]

display = SaliencyDisplay.from_estimator(model, galaxy, "t03_bar_a06_bar", patch_size=8)

# %%
# The two ends of the bar speak for it. Its centre speaks against it: every galaxy has a bright
# centre, and without one the rest looks even more like a bar. Sky and stars do not matter.
# Pixels with more than half of the largest saliency lie in:

y, x = np.nonzero(display.saliency > 0.5 * display.saliency.max())
print(f"rows {y.min()} to {y.max()}, columns {x.min()} to {x.max()} of {galaxy.shape[1]}")

# %%
# A real galaxy
# -------------
# The largest spiral of the Hubble eXtreme Deep Field. The same pixels speak for "spiral" and
# against "smooth".

import matplotlib.pyplot as plt
from skimage.data import hubble_deep_field

spiral = hubble_deep_field()[345:457, 68:180][None]
figure, axes = plt.subplots(2, 2, figsize=(7.4, 6.4), layout="constrained")
for answer, row in zip(
    ["t04_spiral_a08_spiral", "t01_smooth_or_features_a01_smooth"], axes, strict=True
):
    SaliencyDisplay.from_estimator(model, spiral, answer, patch_size=8, ax=row)

# %%
# What matters to a model need not be what makes a galaxy what it is, and a patch that hides
# something is a picture that the model has never seen. Smaller patches show more detail, and
# disturb the answer less.

plt.show()
