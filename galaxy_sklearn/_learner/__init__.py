"""Networks behind the estimators: what it takes to train them and to ask them.

The kinds of targets have the same methods: ``add_head`` to a network, ``encode`` targets for it,
say how to train (``activation``, ``n_views``, ``keras_loss``, ``make_metrics``, ``class_weights``)
and turn outputs into answers (``probabilities``, ``to_predictions``, ``score``, ``intervals``,
``calibrate``).
"""

from galaxy_sklearn._learner._calibration import FLOOR
from galaxy_sklearn._learner._callbacks import FitTasks
from galaxy_sklearn._learner._labels import LabelTarget
from galaxy_sklearn._learner._learner import Learner, augments
from galaxy_sklearn._learner._loop import batch_as_float32
from galaxy_sklearn._learner._pairs import ViewPairs
from galaxy_sklearn._learner._record import versions
from galaxy_sklearn._learner._votes import VoteTarget

__all__ = [
    "FLOOR",
    "FitTasks",
    "LabelTarget",
    "Learner",
    "ViewPairs",
    "VoteTarget",
    "augments",
    "batch_as_float32",
    "versions",
]
