import hypothesis.extra.numpy as npst
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given as over
from trees import TWO_ANSWERS

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
    with pytest.raises(ValueError, match="^form must be .*, got 'debiased'"):
        check_votes(conditional, form="debiased")


def test_columns_in_any_order(conditional):
    shuffled = conditional[np.random.default_rng(0).permutation(conditional.columns)]
    np.testing.assert_array_equal(check_votes(shuffled).fractions, conditional)


@pytest.mark.parametrize(("value", "found"), [(np.inf, "inf"), (-0.25, "-0.25"), (1.5, "1.5")])
def test_impossible_fraction_is_named(conditional, value, found):
    votes = conditional.set_index(np.arange(1000, 1024))
    votes.iloc[3, 5] = value
    with pytest.raises(ValueError) as error:
        check_votes(votes)
    message = str(error.value)
    assert message.startswith("Vote fractions, row 3 (index ") and "1003" in message
    assert votes.columns[5] in message
    assert message.endswith(f"found {found}.")


@pytest.mark.parametrize("column", [0, 5])
def test_what_is_no_number_is_named(conditional, column):
    votes = conditional.astype(object)
    votes.iloc[3, column] = "0,25"
    name = votes.columns[column]
    with pytest.raises(ValueError, match=f"row 3 .*, column '{name}': .*a number, found 0,25"):
        check_votes(votes)


def test_names_decide_whatever_the_sums(conditional):
    """Debiased questions of the real catalogue sum to anything from 0.1 to 2.5."""
    votes = conditional.copy()
    for q, factor in enumerate((0.17, 1.2, 0.9, 0.6, 0.7, 0.9, 0.12, 0.19, 1.7, 0.8, 0.4)):
        votes.iloc[:, GZ2.slices[q]] *= factor
    votes = votes.clip(upper=1)
    found = check_votes(votes)
    assert found.form == "conditional"
    np.testing.assert_array_equal(found.conditional(), votes)
    np.testing.assert_allclose(found.cumulative(), GZ2.to_cumulative(GZ2.normalize(votes)))
    kaggle = renamed(GZ2.to_cumulative(conditional), GZ2.kaggle_columns)
    kaggle.loc[2, "Class2.1"] += 0.2
    assert check_votes(kaggle).form == "cumulative"
    assert check_votes(kaggle.to_numpy(), form="cumulative").form == "cumulative"


def test_an_array_is_judged_as_a_whole(conditional):
    """Where nearly all rows are as they should be, it is the other row that is named."""
    votes = conditional.to_numpy().copy()
    votes[7, 0:3] = 0.9, 0.9, 0.9
    with pytest.raises(ValueError, match=r"row 7: the answers of question 't01.*sum to 2\.7"):
        check_votes(votes)
    cumulative = GZ2.to_cumulative(conditional)
    cumulative[11, 3] += 0.1
    with pytest.raises(ValueError, match=r"row 11: .*'t02_edgeon'.*most rows are cumulative"):
        check_votes(cumulative)
    noise = np.random.default_rng(0).random((20, 37))
    with pytest.raises(ValueError, match=r"row 0: the answers of question .*Expected about 1"):
        check_votes(noise)


def test_rows_that_fit_both_forms_have_no_say(conditional):
    """Who saw an artifact was asked nothing else."""
    votes = np.zeros((9, 37))
    votes[:, 2] = 1
    votes[4] = conditional.iloc[0]
    assert check_votes(votes).form == "conditional"
    assert check_votes(GZ2.to_cumulative(votes)).form == "cumulative"


def test_sums_far_off_are_accepted_in_half_of_the_rows(conditional):
    """Of an array that is not exact, as debiased fractions are; but not in more of them."""
    votes = conditional.to_numpy() * 0.8
    votes[:12, :3] *= 0.05
    assert check_votes(votes).form == "conditional"
    votes[12, :3] *= 0.05
    with pytest.raises(ValueError, match=r"row 0: .*'t01_smooth_or_features' sum to 0\.04"):
        check_votes(votes)


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


# ---------------------------------------------------------------------- unknown


def test_a_question_is_unknown_as_a_whole(conditional):
    votes = conditional.astype(object)
    votes.iloc[3, 5], votes.iloc[4, 0], votes.iloc[5, 20] = np.nan, None, pd.NA
    found = check_votes(votes)
    expected = conditional.to_numpy().copy()
    expected[3, 5:7] = expected[4, 0:3] = expected[5, GZ2.slices[7]] = np.nan
    np.testing.assert_array_equal(found.fractions, expected)
    for frame in (conditional.convert_dtypes(), pl.from_pandas(conditional)):
        np.testing.assert_array_equal(check_votes(frame).fractions, conditional)
    nullable = votes.astype("Float64")
    np.testing.assert_array_equal(check_votes(nullable).fractions, expected)
    np.testing.assert_array_equal(check_votes(pl.from_pandas(nullable)).fractions, expected)
    np.testing.assert_array_equal(check_votes(expected).fractions, expected)
    # A child of an unknown question is known among those who were asked, not among all.
    cumulative = found.cumulative()
    assert np.isnan(cumulative[4, GZ2.slices[1]]).all() and not np.isnan(cumulative[3, 7]).any()


def test_a_table_may_lack_questions(conditional):
    kaggle = renamed(GZ2.to_cumulative(conditional), GZ2.kaggle_columns)
    part = kaggle[[c for c in kaggle if c.split(".")[0] in ("Class1", "Class7", "Class3")]]
    votes = check_votes(part.iloc[:, ::-1])
    known = [*range(3), 5, 6, *range(15, 18)]
    assert votes.form == "cumulative"
    np.testing.assert_array_equal(votes.fractions[:, known], kaggle.iloc[:, known])
    assert np.isnan(np.delete(votes.fractions, known, axis=1)).all()
    # The reach of a bar is not in the table, but what its answers sum to.
    np.testing.assert_allclose(votes.conditional()[:, known], conditional.iloc[:, known])
    with pytest.raises(ValueError, match=r"'Class7.2' is missing, the other answers"):
        check_votes(part.drop(columns="Class7.2"))


def test_form_of_a_part_of_the_tree(conditional):
    """Below an unknown question nothing but the sums tells: 1 would be chance if cumulative."""
    part = conditional.rename(columns=lambda name: name.removesuffix("_debiased"))
    part = part[[name for name in part if name.startswith("t04")]]
    asked = part[part.sum(axis=1) > 0]
    assert check_votes(asked).form == "conditional"
    cumulative = asked * np.linspace(0.05, 0.6, len(asked))[:, None]
    with pytest.raises(ValueError, match="Nothing tells the form .* names .* form="):
        check_votes(cumulative)
    assert check_votes(cumulative, form="cumulative").form == "cumulative"


def test_unknown_counts():
    counts = make_galaxies(6, image_size=8, random_state=0, return_X_y=False).counts.astype(float)
    counts[2, 4] = np.nan
    for given in (counts, renamed(counts, [f"{name}_count" for name in GZ2.answer_names])):
        votes = check_votes(given)
        assert np.isnan(votes.counts[2, 3:5]).all() and np.isnan(votes.counts).sum() == 2
        assert np.isnan(votes.fractions[2, 3:5]).all()


def test_known_counts_tell_that_they_are_counts():
    counts = make_galaxies(6, image_size=8, random_state=0, return_X_y=False).counts.astype(float)
    counts[1:, GZ2.slices[6]] = np.nan  # roundness, from which many go on
    np.testing.assert_array_equal(check_votes(counts).counts, counts)


def test_masked_is_unknown(conditional):
    votes = np.ma.masked_array(conditional.to_numpy(), mask=False)
    votes[3, 5:7] = np.ma.masked
    for found in (check_votes(votes).fractions, GZ2.normalize(votes)):
        assert np.isnan(found[3, 5:7]).all() and np.isnan(found).sum() == 2
    assert GZ2.label(conditional.astype(object)).tolist() == GZ2.label(conditional).tolist()


def test_text_is_read_as_numbers(conditional):
    found = check_votes(conditional.to_numpy().astype(str))
    np.testing.assert_allclose(found.fractions, conditional, atol=1e-12)


def test_percentages_are_no_counts(conditional):
    with pytest.raises(ValueError, match="expected a number from 0 to 1"):
        check_votes(GZ2.to_cumulative(conditional) * 99.9)


# ------------------------------------------------------------------ closed under conversion


def assert_closed(table, **kwargs):
    """What the library converts it accepts again, unchanged and in the form that it left."""
    votes = check_votes(table, **kwargs)
    raw, exact = votes.conditional(), GZ2.normalize(votes.conditional())
    for form, fractions, columns in (
        ("conditional", raw, GZ2.debiased_columns),
        ("conditional", exact, GZ2.debiased_columns),
        ("conditional", GZ2.to_conditional(votes.cumulative()), GZ2.debiased_columns),
        ("cumulative", votes.cumulative(), GZ2.kaggle_columns),
        ("cumulative", GZ2.to_cumulative(raw), GZ2.kaggle_columns),
    ):
        for given, form_given in (
            (fractions, form),
            (renamed(fractions, columns), None),
            (fractions, None),
        ):
            try:
                again = check_votes(given, form=form_given)
            except ValueError as error:
                # Of an array in which nothing is known but below unknown questions.
                assert given is fractions and "Nothing tells the form" in str(error)
                continue
            np.testing.assert_array_equal(again.fractions, fractions)
            if given is not fractions or form_given or len(fractions) > 100:
                assert again.form == form
    known = ~np.isnan(votes.cumulative())
    back = GZ2.to_cumulative(GZ2.to_conditional(votes.cumulative()))
    # A rounded Kaggle fraction may say that nobody went where somebody answered.
    both = known & ~np.isnan(back)
    np.testing.assert_allclose(back[both], votes.cumulative()[both], atol=5e-6)


@st.composite
def catalogues(draw):
    """Debiased fractions with the sums, the zeros and the gaps of real ones."""
    n = draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    votes = GZ2.normalize(rng.random((n, 37)) ** draw(st.sampled_from([0.5, 2, 8])))
    kinds = draw(npst.arrays(np.int8, (n, 11), elements=st.integers(0, 5)))
    sums = draw(npst.arrays(float, (n, 11), elements=st.floats(0.12, 2.44)))
    for q, columns in enumerate(GZ2.slices):
        factor = np.select([kinds[:, q] == 0, kinds[:, q] == 1, kinds[:, q] < 4], [0, np.nan, 1])
        votes[:, columns] *= np.where(kinds[:, q] < 4, factor, sums[:, q])[:, None]
    return np.minimum(votes, 1)


@over(catalogues())
def test_conversions_of_any_table_are_accepted(votes):
    assert_closed(votes, form="conditional")


@over(catalogues())
def test_scaling_to_one_is_done_once(votes):
    exact = GZ2.normalize(votes)
    np.testing.assert_array_equal(GZ2.normalize(exact), exact)
    totals = np.stack([exact[:, columns].sum(axis=1) for columns in GZ2.slices], axis=1)
    np.testing.assert_allclose(totals[~(np.isnan(totals) | (totals == 0))], 1)
    np.testing.assert_array_equal(np.isnan(exact), np.isnan(votes))


def test_conversions_of_simulated_galaxies_are_accepted():
    """Of 2,000 some are artifacts to all volunteers: nobody is asked anything else."""
    votes = make_galaxies(2000, image_size=8, random_state=0)[1]
    assert (votes.iloc[:, 2] == 1).any()
    assert_closed(votes)


def test_real_tables_pass(kaggle, catalogue):
    for part in ("train", "test", "train_more", "train_partial"):
        table = pd.read_csv(kaggle / f"{part}.csv").iloc[:, 1:]
        assert check_votes(table).form == "cumulative"
        assert_closed(table)
    assert check_votes(pd.read_csv(kaggle / "train.csv").iloc[:, 1:].to_numpy()).form == (
        "cumulative"
    )
    for suffix in ("debiased", "weighted_fraction", "fraction"):
        columns = [f"{name}_{suffix}" for name in GZ2.answer_names]
        votes = pd.read_csv(catalogue, usecols=columns)[columns]
        assert check_votes(votes.to_numpy()).form == check_votes(votes).form == "conditional"
        assert_closed(votes)


def test_real_main_catalogue_passes(hart16):
    votes = pd.read_csv(hart16, usecols=list(GZ2.debiased_columns))
    sums = votes[[c for c in votes if c.startswith("t08")]].sum(axis=1)
    assert sums.max() > 2.4  # no row is refused for it
    assert_closed(votes)
    assert check_votes(votes[list(GZ2.debiased_columns)].to_numpy()).form == "conditional"


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
    with pytest.raises(
        ValueError, match=rf"^Vote counts, row 2.*'{names[::-1][3]}'.*0 on, found -1\.$"
    ):
        check_votes(table)


def test_counts_of_a_single_question():
    """No question led to another, so that ranks of fractions would look the same."""
    counts = np.array([[3, 5], [10, 2], [0, 7]])
    names = list(TWO_ANSWERS.answer_names)
    for given in (
        pd.DataFrame(counts, columns=[f"{name}_count" for name in names]),
        pd.DataFrame(counts, columns=names),
        counts[:, :, None],
    ):
        np.testing.assert_array_equal(check_votes(given, tree=TWO_ANSWERS).counts, counts)
    assert check_votes(counts, tree=TWO_ANSWERS, form="counts").counts is not None
    with pytest.raises(ValueError, match=r"need names \(disk_yes_count, .*cross_val_predict"):
        check_votes(counts, tree=TWO_ANSWERS)
    votes = check_votes(counts / counts.sum(axis=1, keepdims=True), tree=TWO_ANSWERS)
    assert votes.counts is None


def test_real_counts(catalogue):
    columns = [f"{name}_count" for name in GZ2.answer_names]
    table = pd.read_csv(catalogue, usecols=columns)
    for given in (table, table[columns].to_numpy()):
        np.testing.assert_array_equal(check_votes(given).counts, table[columns])
