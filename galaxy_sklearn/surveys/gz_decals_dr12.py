"""The decision tree of Galaxy Zoo DECaLS for the images of DECaLS DR1 and DR2."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

__all__ = ["GZ_DECALS_DR12"]

GZ_DECALS_DR12 = DecisionTree(
    "Galaxy Zoo DECaLS DR1/DR2",
    (
        question(
            "smooth-or-featured",
            ("smooth", "how-rounded"),
            ("featured-or-disk", "disk-edge-on"),
            ("artifact", None),
        ),
        question("how-rounded", (("completely", "in-between", "cigar-shaped"), "merging")),
        question("disk-edge-on", ("yes", "edge-on-bulge"), ("no", "bar")),
        question("edge-on-bulge", (("rounded", "boxy", "none"), "merging")),
        question("bar", (("yes", "no"), "has-spiral-arms")),
        question("has-spiral-arms", ("yes", "spiral-winding"), ("no", "bulge-size")),
        question("spiral-winding", (("tight", "medium", "loose"), "spiral-arm-count")),
        question("spiral-arm-count", (("1", "2", "3", "4", "more-than-4"), "bulge-size")),
        question("bulge-size", (("none", "obvious", "dominant"), "merging")),
        question("merging", (("merger", "tidal-debris", "both", "neither"), None)),
    ),
    labels=(
        ("star or artifact", ("artifact",)),
        ("merger", ("merger",)),
        ("merger", ("both",)),
        ("disturbed", ("tidal-debris",)),
        ("edge-on disk", ("disk-edge-on_yes",)),
        ("barred spiral", ("bar_yes", "has-spiral-arms_yes")),
        ("spiral", ("has-spiral-arms_yes",)),
        ("barred disk", ("bar_yes",)),
        ("disk", ("featured-or-disk",)),
        ("cigar-shaped", ("cigar-shaped",)),
        ("elliptical", ("smooth",)),
    ),
    kaggle_reach=False,
    campaign="-dr12",
)
"""The decision tree of Galaxy Zoo DECaLS, GZD-1 and GZD-2 (Walmsley et al. 2022, MNRAS 509, 3966).

The published table has votes (without an ending), fractions and, in its later release, debiased
ones. The check boxes of odd features are left out.
"""
