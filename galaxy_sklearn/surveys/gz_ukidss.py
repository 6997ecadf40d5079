"""The decision tree of Galaxy Zoo UKIDSS."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

__all__ = ["GZ_UKIDSS"]

GZ_UKIDSS = DecisionTree(
    "Galaxy Zoo UKIDSS",
    (
        question(
            "smooth-or-featured",
            ("smooth", "how-rounded"),
            ("featured-or-disk", "disk-edge-on"),
            ("artifact", None),
        ),
        question("how-rounded", (("round", "in-between", "cigar"), "something-odd")),
        question("disk-edge-on", ("yes", "bulge-shape"), ("no", "bar")),
        question("bulge-shape", (("round", "boxy", "no-bulge"), "something-odd")),
        question("bar", (("yes", "no"), "has-spiral-arms")),
        question("has-spiral-arms", ("yes", "spiral-winding"), ("no", "bulge-size")),
        question("spiral-winding", (("tight", "medium", "loose"), "spiral-arm-count")),
        question(
            "spiral-arm-count", (("1", "2", "3", "4", "more-than-4", "cant-tell"), "bulge-size")
        ),
        question("bulge-size", (("no", "just-noticeable", "obvious", "dominant"), "something-odd")),
        question("something-odd", (("yes", "no"), None)),
    ),
    labels=(
        ("star or artifact", ("artifact",)),
        ("edge-on disk", ("disk-edge-on_yes",)),
        ("barred spiral", ("bar_yes", "has-spiral-arms_yes")),
        ("spiral", ("has-spiral-arms_yes",)),
        ("barred disk", ("bar_yes",)),
        ("disk", ("featured-or-disk",)),
        ("cigar-shaped", ("cigar",)),
        ("elliptical", ("smooth",)),
    ),
    kaggle_reach=False,
    campaign="-ukidss",
)
"""The decision tree of Galaxy Zoo UKIDSS (Masters et al. 2024, RNAAS, arXiv:2408.10160).

The published table has votes (without an ending) and fractions. It was written with columns such as
``smooth-or-featured-ukidss_smooth``, while the survey's page describes them without ``-ukidss``;
either is read. The check boxes of odd features are left out.
"""
