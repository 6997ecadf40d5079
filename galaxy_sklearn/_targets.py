"""Where files of version 0.1.0 look for what they hold."""

from galaxy_sklearn._learner import LabelTarget, VoteTarget
from galaxy_sklearn._learner import ViewPairs as NoTarget

__all__ = ["LabelTarget", "NoTarget", "VoteTarget"]
