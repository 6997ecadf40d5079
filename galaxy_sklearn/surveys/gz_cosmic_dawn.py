"""The decision tree of Galaxy Zoo: Cosmic Dawn."""

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

__all__ = ["GZ_COSMIC_DAWN"]

GZ_COSMIC_DAWN = DecisionTree(
    "Galaxy Zoo: Cosmic Dawn",
    (
        question(
            "smooth-or-featured",
            ("smooth", "how-rounded"),
            ("featured-or-disk", "disk-edge-on"),
            ("problem", "problem"),
        ),
        *BRANCHES,
        question("bulge-size", (BULGE_SIZES, "clumps")),
        ROUNDNESS,
        # Not verified: that edge-on galaxies, too, are asked about clumps.
        question("edge-on-bulge", (EDGE_ON_BULGES, "clumps")),
        *SPIRAL,
        MERGING,
        question("clumps", (("yes", "no"), "merging")),
        # Not verified: that galaxies with a problem are not asked about merging.
        question("problem", ("star", None), ("artifact", "artifact"), ("zoom", None)),
        question(
            "artifact",
            (("satellite", "scattered", "diffraction", "ray", "saturation", "other"), None),
        ),
    ),
    labels=labels("smooth-or-featured_problem"),
    kaggle_reach=False,
    campaign="-cd",
)
"""The decision tree of Galaxy Zoo: Cosmic Dawn (Pearson et al. 2025, arXiv:2509.22311).

Questions and answers are those of the survey's software; which question follows was inferred, in
the marked places, from numbers of votes and from `GZ_EUCLID`. Not verified: the names of the
columns of the published table, which are taken to be ``smooth-or-featured-cd_smooth``, with
fractions ending in ``_fraction``. The check boxes of rare features are left out.
"""
