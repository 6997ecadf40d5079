"""The decision tree of Galaxy Zoo DECaLS for the images of DECaLS DR5."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

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
        question("disk-edge-on", ("yes", "edge-on-bulge"), ("no", "bar")),
        question("has-spiral-arms", ("yes", "spiral-winding"), ("no", "bulge-size")),
        question("bar", (("strong", "weak", "no"), "has-spiral-arms")),
        question("bulge-size", (("dominant", "large", "moderate", "small", "none"), "merging")),
        question("how-rounded", (("round", "in-between", "cigar-shaped"), "merging")),
        question("edge-on-bulge", (("boxy", "none", "rounded"), "merging")),
        question("spiral-winding", (("tight", "medium", "loose"), "spiral-arm-count")),
        question(
            "spiral-arm-count", (("1", "2", "3", "4", "more-than-4", "cant-tell"), "bulge-size")
        ),
        question("merging", (("none", "minor-disturbance", "major-disturbance", "merger"), None)),
    ),
    labels=(
        ("star or artifact", ("artifact",)),
        ("merger", ("merger",)),
        ("disturbed", ("major-disturbance",)),
        ("edge-on disk", ("disk-edge-on_yes",)),
        ("barred spiral", ("strong", "has-spiral-arms_yes")),
        ("barred spiral", ("weak", "has-spiral-arms_yes")),
        ("spiral", ("has-spiral-arms_yes",)),
        ("barred disk", ("strong",)),
        ("barred disk", ("weak",)),
        ("disk", ("featured-or-disk",)),
        ("cigar-shaped", ("cigar-shaped",)),
        ("elliptical", ("smooth",)),
    ),
    kaggle_reach=False,
    campaign="-dr5",
)
"""The decision tree of Galaxy Zoo DECaLS, GZD-5 (Walmsley et al. 2022, MNRAS 509, 3966).

The published table has votes (without an ending), fractions and, in its later release, debiased
ones. The questions changed while the survey ran, and these are the last ones: 2.7% of the galaxies
have no votes for this question about merging. The check boxes of rare features are left out.
"""
