"""The decision tree of Galaxy Zoo: Cosmic Dawn."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

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
        question("disk-edge-on", ("yes", "edge-on-bulge"), ("no", "bar")),
        question("has-spiral-arms", ("yes", "spiral-winding"), ("no", "bulge-size")),
        question("bar", (("strong", "weak", "no"), "has-spiral-arms")),
        question("bulge-size", (("dominant", "large", "moderate", "small", "none"), "clumps")),
        question("how-rounded", (("round", "in-between", "cigar-shaped"), "merging")),
        # Not verified: that edge-on galaxies, too, are asked about clumps.
        question("edge-on-bulge", (("boxy", "none", "rounded"), "clumps")),
        question("spiral-winding", (("tight", "medium", "loose"), "spiral-arm-count")),
        question(
            "spiral-arm-count", (("1", "2", "3", "4", "more-than-4", "cant-tell"), "bulge-size")
        ),
        question("merging", (("none", "minor-disturbance", "major-disturbance", "merger"), None)),
        question("clumps", (("yes", "no"), "merging")),
        # Not verified: that galaxies with a problem are not asked about merging.
        question("problem", ("star", None), ("artifact", "artifact"), ("zoom", None)),
        question(
            "artifact",
            (("satellite", "scattered", "diffraction", "ray", "saturation", "other"), None),
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
    campaign="-cd",
)
"""The decision tree of Galaxy Zoo: Cosmic Dawn (Pearson et al. 2025, arXiv:2509.22311).

Questions and answers are those of the survey's software; which question follows was inferred, in
the marked places, from numbers of votes and from `GZ_EUCLID`. Not verified: the names of the
columns of the published table, which are taken to be ``smooth-or-featured-cd_smooth``, with
fractions ending in ``_fraction``. The check boxes of rare features are left out.
"""
