"""The decision tree of Galaxy Zoo Euclid."""

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

__all__ = ["GZ_EUCLID"]

GZ_EUCLID = DecisionTree(
    "Galaxy Zoo Euclid",
    (
        question(
            "smooth-or-featured",
            ("smooth", "how-rounded"),
            ("featured-or-disk", "disk-edge-on"),
            ("problem", "problem"),
        ),
        *BRANCHES,
        question("bulge-size", (BULGE_SIZES, "clumps")),
        # Not verified: that smooth galaxies are not asked about clumps.
        ROUNDNESS,
        question("edge-on-bulge", (EDGE_ON_BULGES, "clumps")),
        *SPIRAL,
        MERGING,
        question("clumps", (("yes", "no"), "merging")),
        question("problem", ("star", None), ("artifact", "artifact"), ("zoom", None)),
        question(
            "artifact",
            (
                (
                    *("satellite", "scattered", "diffraction", "ray", "saturation", "other"),
                    "ghost",
                ),
                None,
            ),
        ),
    ),
    labels=labels("smooth-or-featured_problem"),
    kaggle_reach=False,
    campaign="-euclid",
)
"""The decision tree of Galaxy Zoo Euclid (Walmsley et al. 2025, arXiv:2503.15310).

The published fractions of Q1 are a network's predictions, not votes; its authors advise against the
clumps. Volunteers' votes have the columns ``smooth-or-featured-euclid_smooth``. The check boxes of
rare features are left out.
"""
