"""The decision tree of Galaxy Zoo: Hubble."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

__all__ = ["GZ_HUBBLE"]

GZ_HUBBLE = DecisionTree(
    "Galaxy Zoo: Hubble",
    (
        question(
            "t01_smooth_or_features",
            ("a01_smooth", "t07_rounded"),
            ("a02_features_or_disk", "t12_clumpy"),
            ("a03_star_or_artifact", None),
        ),
        question("t02_edgeon", ("a01_yes", "t09_bulge_shape"), ("a02_no", "t03_bar")),
        question("t03_bar", (("a01_bar", "a02_no_bar"), "t04_spiral")),
        question(
            "t04_spiral",
            ("a01_spiral", "t10_arms_winding"),
            ("a02_no_spiral", "t05_bulge_prominence"),
        ),
        question(
            "t05_bulge_prominence",
            (("a01_no_bulge", "a02_just_noticeable", "a03_obvious", "a04_dominant"), "t06_odd"),
        ),
        question("t06_odd", ("a01_yes", "t08_odd_feature"), ("a02_no", None)),
        question(
            "t07_rounded",
            (("a01_completely_round", "a02_in_between", "a03_cigar_shaped"), "t06_odd"),
        ),
        question(
            "t08_odd_feature",
            (
                (
                    "a01_ring",
                    "a02_lens_or_arc",
                    "a03_disturbed",
                    "a04_irregular",
                    "a05_other",
                    "a06_merger",
                    "a07_dust_lane",
                ),
                None,
            ),
        ),
        question("t09_bulge_shape", (("a01_rounded", "a02_boxy", "a03_no_bulge"), "t06_odd")),
        question("t10_arms_winding", (("a01_tight", "a02_medium", "a03_loose"), "t11_arms_number")),
        question(
            "t11_arms_number",
            (
                ("a01_1", "a02_2", "a03_3", "a04_4", "a05_more_than_4", "a06_cant_tell"),
                "t05_bulge_prominence",
            ),
        ),
        question("t12_clumpy", ("a01_yes", "t16_clumps_count"), ("a02_no", "t02_edgeon")),
        question(
            "t13_bright_clump",
            ("a01_yes", "t14_bright_clump_central"),
            ("a02_no", "t17_clumps_symmetrical"),
        ),
        question("t14_bright_clump_central", (("a01_yes", "a02_no"), "t17_clumps_symmetrical")),
        question(
            "t15_clumps_arrangement",
            (("a01_line", "a02_chain", "a03_cluster"), "t13_bright_clump"),
            # t04_spiral was then not asked, but taken as answered by a01_spiral, which a tree
            # cannot say. It concerns less than 0.5% of the galaxies.
            ("a04_spiral", "t03_bar"),
        ),
        # The published table has its columns in another order, a01_1 last.
        question(
            "t16_clumps_count",
            ("a01_1", "t17_clumps_symmetrical"),
            ("a02_2", "t13_bright_clump"),
            (("a03_3", "a04_4", "a05_more_than_4", "a06_cant_tell"), "t15_clumps_arrangement"),
        ),
        question("t17_clumps_symmetrical", (("a01_yes", "a02_no"), "t18_clumps_embedded")),
        question("t18_clumps_embedded", (("a01_yes", "a02_no"), "t06_odd")),
    ),
    labels=(
        ("star or artifact", ("a03_star_or_artifact",)),
        ("merger", ("a06_merger",)),
        ("irregular", ("a04_irregular",)),
        ("disturbed", ("a03_disturbed",)),
        ("edge-on disk", ("t02_edgeon_a01_yes",)),
        ("barred spiral", ("a01_bar", "a01_spiral")),
        ("barred spiral", ("a01_bar", "a04_spiral")),
        ("spiral", ("a01_spiral",)),
        ("spiral", ("a04_spiral",)),
        ("clumpy", ("t12_clumpy_a01_yes",)),
        ("barred disk", ("a01_bar",)),
        ("disk", ("a02_features_or_disk",)),
        ("cigar-shaped", ("a03_cigar_shaped",)),
        ("elliptical", ("a01_smooth",)),
    ),
    kaggle_reach=False,
)
"""The decision tree of Galaxy Zoo: Hubble (Willett et al. 2017, MNRAS 464, 4176).

The published table has fractions and weighted fractions; debiased ones for two answers of t01 only.
Before 20 May 2010, two clumps also led to t15, and spiral clumps on to t13. The rows of GOODS'
five-epoch images had another interface, with fewer bulges and with t08 as check boxes, whose
fractions do not sum to 1. Not verified on the table itself: that questions that were not asked are
0.
"""
