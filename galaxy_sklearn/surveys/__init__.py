"""Decision trees of surveys: the questions that their volunteers answer."""

from galaxy_sklearn.surveys.gz2 import GZ2
from galaxy_sklearn.surveys.gz_candels import GZ_CANDELS
from galaxy_sklearn.surveys.gz_cosmic_dawn import GZ_COSMIC_DAWN
from galaxy_sklearn.surveys.gz_decals import GZ_DECALS
from galaxy_sklearn.surveys.gz_decals_dr12 import GZ_DECALS_DR12
from galaxy_sklearn.surveys.gz_desi import GZ_DESI
from galaxy_sklearn.surveys.gz_euclid import GZ_EUCLID
from galaxy_sklearn.surveys.gz_hubble import GZ_HUBBLE
from galaxy_sklearn.surveys.gz_jwst_ceers import GZ_JWST_CEERS
from galaxy_sklearn.surveys.gz_jwst_cosmos import GZ_JWST_COSMOS
from galaxy_sklearn.surveys.gz_ukidss import GZ_UKIDSS

__all__ = [
    "GZ2",
    "GZ_CANDELS",
    "GZ_COSMIC_DAWN",
    "GZ_DECALS",
    "GZ_DECALS_DR12",
    "GZ_DESI",
    "GZ_EUCLID",
    "GZ_HUBBLE",
    "GZ_JWST_CEERS",
    "GZ_JWST_COSMOS",
    "GZ_UKIDSS",
]
