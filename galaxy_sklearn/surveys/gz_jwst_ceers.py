"""The decision tree of Galaxy Zoo JWST for CEERS."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

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
        question("disk-edge-on", ("yes", "edge-on-bulge"), ("no", "bar")),
        question("has-spiral-arms", ("yes", "spiral-winding"), ("no", "bulge-size")),
        question("bar", (("strong", "weak", "no"), "has-spiral-arms")),
        question("bulge-size", (("dominant", "large", "moderate", "small", "none"), "clumps")),
        question("how-rounded", (("round", "in-between", "cigar-shaped"), "merging")),
        question("edge-on-bulge", (("boxy", "none", "rounded"), "clumps")),
        question("spiral-winding", (("tight", "medium", "loose"), "spiral-arm-count")),
        question(
            "spiral-arm-count", (("1", "2", "3", "4", "more-than-4", "cant-tell"), "bulge-size")
        ),
        question("clumps", (("yes", "no"), "merging")),
        question("merging", (("none", "minor-disturbance", "major-disturbance", "merger"), None)),
        question("problem", (("star", "artifact", "bad-zoom"), None)),
    ),
    labels=(
        ("star or artifact", ("star-artifact-zoom",)),
        ("merger", ("merger",)),
        ("disturbed", ("major-disturbance",)),
        ("edge-on disk", ("disk-edge-on_yes",)),
        ("barred spiral", ("strong", "has-spiral-arms_yes")),
        ("barred spiral", ("weak", "has-spiral-arms_yes")),
        ("spiral", ("has-spiral-arms_yes",)),
        ("clumpy", ("clumps_yes",)),
        ("barred disk", ("strong",)),
        ("barred disk", ("weak",)),
        ("disk", ("featured-or-disk",)),
        ("cigar-shaped", ("cigar-shaped",)),
        ("elliptical", ("smooth",)),
    ),
    kaggle_reach=False,
    campaign="-jwst",
)
"""The decision tree of Galaxy Zoo JWST for CEERS, which ran in 2023.

There is no published table of votes yet, and no paper of the survey; bars are in Géron et al. 2025
(arXiv:2505.01421). Questions and answers are those of the survey's software, and what follows them
agrees with the numbers of its votes. Not verified: the order of the columns, which may be called
``smooth-or-featured-jwst_smooth``. The check boxes of rare features are left out.
"""
