"""Names of questions and answers as words."""

import re


def words(name):
    """Return a name without Galaxy Zoo 2's number (``a02_``, ``t01_``) and underscores."""
    return re.sub(r"^[at]\d+_", "", name).replace("_", " ")
