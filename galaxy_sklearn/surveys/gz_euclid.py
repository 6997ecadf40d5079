"""The decision tree of Galaxy Zoo Euclid."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

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
        question("disk-edge-on", ("yes", "edge-on-bulge"), ("no", "bar")),
        question("has-spiral-arms", ("yes", "spiral-winding"), ("no", "bulge-size")),
        question("bar", (("strong", "weak", "no"), "has-spiral-arms")),
        question("bulge-size", (("dominant", "large", "moderate", "small", "none"), "clumps")),
        # Not verified: that smooth galaxies are not asked about clumps.
        question("how-rounded", (("round", "in-between", "cigar-shaped"), "merging")),
        question("edge-on-bulge", (("boxy", "none", "rounded"), "clumps")),
        question("spiral-winding", (("tight", "medium", "loose"), "spiral-arm-count")),
        question(
            "spiral-arm-count", (("1", "2", "3", "4", "more-than-4", "cant-tell"), "bulge-size")
        ),
        question("merging", (("none", "minor-disturbance", "major-disturbance", "merger"), None)),
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
    labels=(
        ("star or artifact", ("smooth-or-featured_problem",)),
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
    campaign="-euclid",
)
"""The decision tree of Galaxy Zoo Euclid (Walmsley et al. 2025, arXiv:2503.15310).

The published fractions of Q1 are a network's predictions, not votes; its authors advise against the
clumps. Volunteers' votes have the columns ``smooth-or-featured-euclid_smooth``. The check boxes of
rare features are left out.
"""
