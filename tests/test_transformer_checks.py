"""scikit-learn's estimator checks on the transformers, on flattened rows."""

import pytest
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from galaxy_sklearn import (
    CenterCrop,
    CropToGalaxy,
    FlattenToTensor,
    Grayscale,
    ImageReader,
    Resize,
    Stretch,
)

# Without ColourComposite, which takes images of three bands only: see test_colour.
TRANSFORMERS = [ImageReader(), Stretch(), CenterCrop(), Grayscale(), Resize(4), FlattenToTensor()]
# Checks that scikit-learn runs on its own estimators only, by hand.
FURTHER_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_get_feature_names_out_error",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_inplace_ensure_writeable",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]
FOUR_DIMENSIONS = "a tensor has four dimensions, a data frame two"
EXPECTED = {
    ("FlattenToTensor", check): FOUR_DIMENSIONS
    for check in FURTHER_CHECKS
    if "pandas" in check or "polars" in check or check == "check_transformer_get_feature_names_out"
}


@parametrize_with_checks(TRANSFORMERS)
def test_estimator_checks(estimator, check):
    check(estimator)


def test_estimator_checks_without_rows():
    """Crops of differing size make no rows: few of the checks are left."""
    with pytest.warns(SkipTestWarning, match="Can't test estimator CropToGalaxy"):
        checks = list(estimator_checks_generator(CropToGalaxy()))
    assert checks
    for estimator, check in checks:
        check(estimator)


# The checks fit on a data frame and transform an array.
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")
@pytest.mark.parametrize("check", FURTHER_CHECKS)
@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=lambda e: type(e).__name__)
def test_further_checks(estimator, check, request):
    name = type(estimator).__name__
    if (name, check) in EXPECTED:
        request.applymarker(pytest.mark.xfail(reason=EXPECTED[name, check], strict=True))
    getattr(estimator_checks, check)(name, clone(estimator))
