"""The decision tree of Galaxy Zoo DESI."""

from dataclasses import replace

from galaxy_sklearn.surveys.gz_decals import GZ_DECALS

__all__ = ["GZ_DESI"]

GZ_DESI = replace(GZ_DECALS, name="Galaxy Zoo DESI", campaign="-dr8")
"""The decision tree of Galaxy Zoo DESI (Walmsley et al. 2023, MNRAS 526, 4768).

It is that of `GZ_DECALS`. The published fractions are a network's predictions, not votes. In the
smaller ("friendly") table they are NaN where a question does not matter for a galaxy; from which
threshold on is not verified. Volunteers' votes on the images of DR8 have the columns
``smooth-or-featured-dr8_smooth``.
"""
