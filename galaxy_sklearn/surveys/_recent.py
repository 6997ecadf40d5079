"""What the surveys of Galaxy Zoo since DECaLS DR5 ask and call alike."""

from galaxy_sklearn.surveys._question import question

__all__ = ["BRANCHES", "BULGE_SIZES", "EDGE_ON_BULGES", "MERGING", "ROUNDNESS", "SPIRAL", "labels"]

# The first questions about disks, in the order of the columns.
BRANCHES = (
    question("disk-edge-on", ("yes", "edge-on-bulge"), ("no", "bar")),
    question("has-spiral-arms", ("yes", "spiral-winding"), ("no", "bulge-size")),
    question("bar", (("strong", "weak", "no"), "has-spiral-arms")),
)
BULGE_SIZES = ("dominant", "large", "moderate", "small", "none")
ROUNDNESS = question("how-rounded", (("round", "in-between", "cigar-shaped"), "merging"))
EDGE_ON_BULGES = ("boxy", "none", "rounded")
SPIRAL = (
    question("spiral-winding", (("tight", "medium", "loose"), "spiral-arm-count")),
    question("spiral-arm-count", (("1", "2", "3", "4", "more-than-4", "cant-tell"), "bulge-size")),
)
MERGING = question("merging", (("none", "minor-disturbance", "major-disturbance", "merger"), None))


def labels(artifact, *, clumps=True, roundness=True):
    """Return the labels of a tree, given its answer for what is no galaxy.

    Parameters
    ----------
    artifact : str
        Name of the answer.
    clumps, roundness : bool, default=True
        Whether it asks about clumps, and how round smooth galaxies are.

    Returns
    -------
    tuple of (str, tuple of str)
        See `DecisionTree`.
    """
    return (
        ("star or artifact", (artifact,)),
        ("merger", ("merger",)),
        ("disturbed", ("major-disturbance",)),
        ("edge-on disk", ("disk-edge-on_yes",)),
        ("barred spiral", ("strong", "has-spiral-arms_yes")),
        ("barred spiral", ("weak", "has-spiral-arms_yes")),
        ("spiral", ("has-spiral-arms_yes",)),
        *([("clumpy", ("clumps_yes",))] if clumps else []),
        ("barred disk", ("strong",)),
        ("barred disk", ("weak",)),
        ("disk", ("featured-or-disk",)),
        *([("cigar-shaped", ("cigar-shaped",))] if roundness else []),
        ("elliptical", ("smooth",)),
    )
