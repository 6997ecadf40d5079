"""The decision tree of Galaxy Zoo JWST for COSMOS-Web."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question
from galaxy_sklearn.surveys._recent import (
    BRANCHES,
    BULGE_SIZES,
    EDGE_ON_BULGES,
    MERGING,
    SPIRAL,
    labels,
)

__all__ = ["GZ_JWST_COSMOS"]

GZ_JWST_COSMOS = DecisionTree(
    "Galaxy Zoo JWST: COSMOS",
    (
        question(
            "smooth-or-featured",
            ("smooth", "merging"),
            ("featured-or-disk", "disk-edge-on"),
            ("star-artifact-zoom", "problem"),
        ),
        *BRANCHES,
        question("bulge-size", (BULGE_SIZES, "clumps")),
        question("edge-on-bulge", (EDGE_ON_BULGES, "clumps")),
        *SPIRAL,
        question("clumps", (("yes", "no"), "merging")),
        MERGING,
        question("problem", (("star", "artifact", "bad-zoom"), None)),
    ),
    labels=labels("star-artifact-zoom", roundness=False),
    kaggle_reach=False,
    campaign="-jwst",
)
"""The decision tree of Galaxy Zoo JWST for COSMOS-Web, which began in 2025.

That of `GZ_JWST_CEERS` without the question how round a smooth galaxy is: tables have columns for
it, without votes. There is no paper of the survey yet. Questions and answers are those of its
software, and what follows them agrees with the numbers of its votes. Not verified: the columns of
the published files one by one. The check boxes of rare features are left out.
"""
