"""The decision tree of Galaxy Zoo DECaLS for the images of DECaLS DR5."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question
from galaxy_sklearn.surveys._recent import (
    BRANCHES,
    BULGE_SIZES,
    EDGE_ON_BULGES,
    MERGING,
    ROUNDNESS,
    SPIRAL,
    labels,
)

__all__ = ["GZ_DECALS"]

GZ_DECALS = DecisionTree(
    "Galaxy Zoo DECaLS DR5",
    (
        question(
            "smooth-or-featured",
            ("smooth", "how-rounded"),
            ("featured-or-disk", "disk-edge-on"),
            ("artifact", None),
        ),
        *BRANCHES,
        question("bulge-size", (BULGE_SIZES, "merging")),
        ROUNDNESS,
        question("edge-on-bulge", (EDGE_ON_BULGES, "merging")),
        *SPIRAL,
        MERGING,
    ),
    labels=labels("artifact", clumps=False),
    kaggle_reach=False,
    campaign="-dr5",
)
"""The decision tree of Galaxy Zoo DECaLS, GZD-5 (Walmsley et al. 2022, MNRAS 509, 3966).

The published table has votes (without an ending), fractions and, in its later release, debiased
ones. The questions changed while the survey ran, and these are the last ones: 2.7% of the galaxies
have no votes for this question about merging. The check boxes of rare features are left out.
"""
