"""The decision tree of Galaxy Zoo JWST for CEERS."""

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

__all__ = ["GZ_JWST_CEERS"]

GZ_JWST_CEERS = DecisionTree(
    "Galaxy Zoo JWST: CEERS",
    (
        question(
            "smooth-or-featured",
            ("smooth", "how-rounded"),
            ("featured-or-disk", "disk-edge-on"),
            ("star-artifact-zoom", "problem"),
        ),
        *BRANCHES,
        question("bulge-size", (BULGE_SIZES, "clumps")),
        ROUNDNESS,
        question("edge-on-bulge", (EDGE_ON_BULGES, "clumps")),
        *SPIRAL,
        question("clumps", (("yes", "no"), "merging")),
        MERGING,
        question("problem", (("star", "artifact", "bad-zoom"), None)),
    ),
    labels=labels("star-artifact-zoom"),
    kaggle_reach=False,
    campaign="-jwst",
)
"""The decision tree of Galaxy Zoo JWST for CEERS, which ran in 2023.

There is no published table of votes yet, and no paper of the survey; bars are in Géron et al. 2025
(arXiv:2505.01421). Questions and answers are those of the survey's software, and what follows them
agrees with the numbers of its votes. Not verified: the order of the columns, which may be called
``smooth-or-featured-jwst_smooth``. The check boxes of rare features are left out.
"""
