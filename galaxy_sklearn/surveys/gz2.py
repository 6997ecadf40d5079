"""The decision tree of Galaxy Zoo 2."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys._question import question

__all__ = ["GZ2"]

GZ2 = DecisionTree(
    "Galaxy Zoo 2",
    (
        question(
            "t01_smooth_or_features",
            ("a01_smooth", "t07_rounded"),
            ("a02_features_or_disk", "t02_edgeon"),
            ("a03_star_or_artifact", None),
        ),
        question(
            "t02_edgeon",
            ("a04_yes", "t09_bulge_shape"),
            ("a05_no", "t03_bar"),
        ),
        question(
            "t03_bar",
            ("a06_bar", "t04_spiral"),
            ("a07_no_bar", "t04_spiral"),
        ),
        question(
            "t04_spiral",
            ("a08_spiral", "t10_arms_winding"),
            ("a09_no_spiral", "t05_bulge_prominence"),
        ),
        question(
            "t05_bulge_prominence",
            ("a10_no_bulge", "t06_odd"),
            ("a11_just_noticeable", "t06_odd"),
            ("a12_obvious", "t06_odd"),
            ("a13_dominant", "t06_odd"),
        ),
        question(
            "t06_odd",
            ("a14_yes", "t08_odd_feature"),
            ("a15_no", None),
        ),
        question(
            "t07_rounded",
            ("a16_completely_round", "t06_odd"),
            ("a17_in_between", "t06_odd"),
            ("a18_cigar_shaped", "t06_odd"),
        ),
        question(
            "t08_odd_feature",
            ("a19_ring", None),
            ("a20_lens_or_arc", None),
            ("a21_disturbed", None),
            ("a22_irregular", None),
            ("a23_other", None),
            ("a24_merger", None),
            # Out of order: the answer was added while the survey ran.
            ("a38_dust_lane", None),
        ),
        question(
            "t09_bulge_shape",
            ("a25_rounded", "t06_odd"),
            ("a26_boxy", "t06_odd"),
            ("a27_no_bulge", "t06_odd"),
        ),
        question(
            "t10_arms_winding",
            ("a28_tight", "t11_arms_number"),
            ("a29_medium", "t11_arms_number"),
            ("a30_loose", "t11_arms_number"),
        ),
        question(
            "t11_arms_number",
            ("a31_1", "t05_bulge_prominence"),
            ("a32_2", "t05_bulge_prominence"),
            ("a33_3", "t05_bulge_prominence"),
            ("a34_4", "t05_bulge_prominence"),
            # There is no a35.
            ("a36_more_than_4", "t05_bulge_prominence"),
            ("a37_cant_tell", "t05_bulge_prominence"),
        ),
    ),
    labels=(
        ("star or artifact", ("a03_star_or_artifact",)),
        ("merger", ("a24_merger",)),
        ("irregular", ("a22_irregular",)),
        ("disturbed", ("a21_disturbed",)),
        ("edge-on disk", ("a04_yes",)),
        ("barred spiral", ("a06_bar", "a08_spiral")),
        ("spiral", ("a08_spiral",)),
        ("barred disk", ("a06_bar",)),
        ("disk", ("a02_features_or_disk",)),
        ("cigar-shaped", ("a18_cigar_shaped",)),
        ("elliptical", ("a01_smooth",)),
    ),
)
"""The decision tree of Galaxy Zoo 2 (Willett et al. 2013, table 2), in Kaggle's column order."""
