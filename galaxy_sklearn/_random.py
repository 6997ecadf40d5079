"""Random numbers from scikit-learn's ``random_state``."""

import numpy as np


def draw_seed(rng):
    """Draw a seed from a RandomState."""
    return int(rng.randint(np.iinfo(np.int32).max))
