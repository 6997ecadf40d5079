"""The decision tree of Galaxy Zoo: CANDELS."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

__all__ = ["GZ_CANDELS"]

GZ_CANDELS = DecisionTree(
    "Galaxy Zoo: CANDELS",
    (
        question(
            "t00_smooth_or_featured",
            ("a0_smooth", "t01_how_rounded"),
            ("a1_features", "t02_clumpy_appearance"),
            ("a2_artifact", None),
        ),
        question(
            "t01_how_rounded",
            (("a0_completely", "a1_inbetween", "a2_cigarshaped"), "t16_merging_tidal_debris"),
        ),
        question(
            "t02_clumpy_appearance",
            ("a0_yes", "t03_how_many_clumps"),
            ("a1_no", "t09_disk_edge_on"),
        ),
        question(
            "t03_how_many_clumps",
            ("a0_1", "t07_galaxy_symmetrical"),
            ("a1_2", "t05_is_one_clump_brightest"),
            (("a2_3", "a3_4", "a4_5_plus", "a5_cant_tell"), "t04_clump_configuration"),
        ),
        question(
            "t04_clump_configuration",
            (
                ("a0_straight_line", "a1_chain", "a2_cluster_or_irregular", "a3_spiral"),
                "t05_is_one_clump_brightest",
            ),
        ),
        question(
            "t05_is_one_clump_brightest",
            ("a0_yes", "t06_brightest_clump_central"),
            ("a1_no", "t07_galaxy_symmetrical"),
        ),
        question(
            "t06_brightest_clump_central",
            ("a0_yes", "t07_galaxy_symmetrical"),
            ("a1_no", "t16_merging_tidal_debris"),
        ),
        question(
            "t07_galaxy_symmetrical", (("a0_yes", "a1_no"), "t08_clumps_embedded_larger_object")
        ),
        question(
            "t08_clumps_embedded_larger_object", (("a0_yes", "a1_no"), "t16_merging_tidal_debris")
        ),
        question("t09_disk_edge_on", ("a0_yes", "t10_edge_on_bulge"), ("a1_no", "t11_bar_feature")),
        question("t10_edge_on_bulge", (("a0_yes", "a1_no"), "t16_merging_tidal_debris")),
        question("t11_bar_feature", (("a0_yes", "a1_no"), "t12_spiral_pattern")),
        question(
            "t12_spiral_pattern",
            ("a0_yes", "t13_spiral_arm_winding"),
            ("a1_no", "t15_bulge_prominence"),
        ),
        question(
            "t13_spiral_arm_winding",
            (("a0_tight", "a1_medium", "a2_loose"), "t14_spiral_arm_count"),
        ),
        question(
            "t14_spiral_arm_count",
            (("a0_1", "a1_2", "a2_3", "a3_4", "a4_5_plus", "a5_cant_tell"), "t15_bulge_prominence"),
        ),
        question(
            "t15_bulge_prominence",
            (("a0_no_bulge", "a1_obvious", "a2_dominant"), "t16_merging_tidal_debris"),
        ),
        question(
            "t16_merging_tidal_debris",
            (("a0_merging", "a1_tidal_debris", "a2_both", "a3_neither"), None),
        ),
    ),
    labels=(
        ("star or artifact", ("a2_artifact",)),
        ("merger", ("a0_merging",)),
        ("merger", ("a2_both",)),
        ("disturbed", ("a1_tidal_debris",)),
        ("edge-on disk", ("t09_disk_edge_on_a0_yes",)),
        ("barred spiral", ("t11_bar_feature_a0_yes", "t12_spiral_pattern_a0_yes")),
        ("spiral", ("t12_spiral_pattern_a0_yes",)),
        ("clumpy", ("t02_clumpy_appearance_a0_yes",)),
        ("barred disk", ("t11_bar_feature_a0_yes",)),
        ("disk", ("a1_features",)),
        ("cigar-shaped", ("a2_cigarshaped",)),
        ("elliptical", ("a0_smooth",)),
    ),
    kaggle_reach=False,
)
"""The decision tree of Galaxy Zoo: CANDELS (Simmons et al. 2017, MNRAS 464, 4420).

The published table has fractions (``*_frac``) and weighted fractions (``*_weighted_frac``).
"""
