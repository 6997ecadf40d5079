import numpy as np
import pandas as pd
import pytest

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.votes import check_votes


@pytest.fixture
def conditional(galaxies):
    return galaxies[1]


def renamed(votes, columns):
    return pd.DataFrame(np.asarray(votes), columns=list(columns))


def test_names_tell_the_form(conditional):
    assert check_votes(conditional).form == "conditional"
    kaggle = renamed(GZ2.to_cumulative(conditional), GZ2.kaggle_columns)
    assert check_votes(kaggle).form == "cumulative"
    np.testing.assert_allclose(check_votes(kaggle).conditional(), conditional, atol=1e-12)
    np.testing.assert_array_equal(check_votes(conditional).cumulative(), kaggle)


def test_sums_tell_the_form_of_an_array(conditional):
    assert check_votes(conditional.to_numpy()).form == "conditional"
    assert check_votes(GZ2.to_cumulative(conditional)).form == "cumulative"
    assert check_votes(renamed(conditional, GZ2.answer_names)).form == "conditional"
    assert check_votes(conditional.to_numpy(), form="conditional").form == "conditional"
    with pytest.raises(ValueError, match="Expected cumulative fractions, but"):
        check_votes(conditional, form="cumulative")


def test_columns_in_any_order(conditional):
    shuffled = conditional[np.random.default_rng(0).permutation(conditional.columns)]
    np.testing.assert_array_equal(check_votes(shuffled).fractions, conditional)


@pytest.mark.parametrize(("value", "found"), [(np.nan, "nan"), (-0.25, "-0.25"), (1.5, "1.5")])
def test_impossible_fraction_is_named(conditional, value, found):
    votes = conditional.set_index(np.arange(1000, 1024))
    votes.iloc[3, 5] = value
    with pytest.raises(ValueError) as error:
        check_votes(votes)
    message = str(error.value)
    assert "row 3 (index " in message and "1003" in message
    assert votes.columns[5] in message
    assert message.endswith(f"found {found}.")


def test_sums_of_neither_form(conditional):
    votes = conditional.to_numpy().copy()
    votes[7, 0:3] = 0.9, 0.9, 0.9
    with pytest.raises(ValueError, match=r"row 7: the answers of question 't01.*sum to 2\.7"):
        check_votes(votes)
    kaggle = renamed(GZ2.to_cumulative(conditional), GZ2.kaggle_columns)
    kaggle.loc[2, "Class2.1"] += 0.2
    with pytest.raises(ValueError, match=r"row 2.*'t02_edgeon'.*cumulative form"):
        check_votes(kaggle)


def test_debiased_sums_need_not_be_one(conditional):
    votes = conditional.copy()
    votes.iloc[:, 0:3] *= 0.8
    assert check_votes(votes).form == "conditional"


def test_shape():
    with pytest.raises(ValueError, match=r"\(n_galaxies, 37\).*got shape \(4, 36\)"):
        check_votes(np.zeros((4, 36)))


def test_a_trailing_axis_is_dropped(conditional):
    votes = check_votes(conditional.to_numpy()[:, :, None])
    np.testing.assert_array_equal(votes.fractions, conditional)


def test_ranks_for_fractions_are_recognized(conditional):
    ranks = np.stack(
        [np.unique(column, return_inverse=True)[1] for column in conditional.to_numpy().T], axis=1
    )
    with pytest.raises(ValueError, match="cross_val_predict"):
        check_votes(ranks)


def test_real_tables_pass(kaggle, catalogue):
    assert check_votes(pd.read_csv(kaggle / "train.csv").iloc[:, 1:]).form == "cumulative"
    votes = pd.read_csv(catalogue, usecols=list(GZ2.catalogue_columns))
    assert check_votes(votes).form == "conditional"
    assert check_votes(pd.read_csv(kaggle / "train.csv").iloc[:, 1:].to_numpy()).form == (
        "cumulative"
    )
    assert check_votes(votes[list(GZ2.catalogue_columns)].to_numpy()).form == "conditional"


def test_counts():
    data = make_galaxies(6, image_size=8, random_state=0, return_X_y=False)
    names = [f"{name}_count" for name in GZ2.answer_names]
    table = pd.DataFrame(data.counts, columns=names)[names[::-1]]
    for given in (table, data.counts, data.counts.astype(float)):
        votes = check_votes(given)
        assert votes.form == "conditional"
        np.testing.assert_array_equal(votes.counts, data.counts)
        np.testing.assert_allclose(votes.fractions, data.target)
    assert check_votes(data.target).counts is None
    # Named, they need not add up; unnamed, what does not is taken for bad fractions.
    table.iloc[:, 0] += 1
    assert check_votes(table).counts is not None
    with pytest.raises(ValueError, match="expected a number from 0 to 1"):
        check_votes(pd.DataFrame(data.counts).rank(method="dense").to_numpy())
    table.iloc[2, 3] = -1
    with pytest.raises(ValueError, match=rf"row 2.*'{names[::-1][3]}'.*from 0 on, found -1"):
        check_votes(table)


def test_real_counts(catalogue):
    columns = [f"{name}_count" for name in GZ2.answer_names]
    table = pd.read_csv(catalogue, usecols=columns)
    for given in (table, table[columns].to_numpy()):
        np.testing.assert_array_equal(check_votes(given).counts, table[columns])
