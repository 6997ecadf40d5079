import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st
from trees import REPEATED, ROADS, TWO_ANSWERS, random_trees
from trees import fractions as fractions_of

from galaxy_sklearn import GZ2, DecisionTree
from galaxy_sklearn.decision_tree import Answer, Question

COLUMN = [answer.name[:3] for question in GZ2.questions for answer in question.answers]
ANSWERS = {name: i for i, name in enumerate(COLUMN)}


def fractions(seed, n_galaxies=5, sparse=False):
    rng = np.random.default_rng(seed)
    values = rng.random((n_galaxies, 37)) ** 3
    if sparse:
        values *= rng.random((n_galaxies, 37)) > 0.6
    return GZ2.normalize(values)


def test_names_and_order():
    assert len(GZ2.answer_names) == len(set(GZ2.answer_names)) == 37
    assert GZ2.debiased_columns[0] == "t01_smooth_or_features_a01_smooth_debiased"
    assert GZ2.kaggle_columns[0] == "Class1.1"
    assert GZ2.kaggle_columns[-1] == "Class11.6"
    # The dust lane follows the merger, not the last arm.
    assert GZ2.answer_names[24] == "t08_odd_feature_a38_dust_lane"
    assert GZ2.kaggle_columns[24] == "Class8.7"
    assert "a35" not in ANSWERS


def test_parents_are_kaggles_weights():
    parents = {
        question.name[:3]: " ".join(GZ2.kaggle_columns[parent] for parent in parents)
        for question, parents in zip(GZ2.questions, GZ2.parents, strict=True)
    }
    assert parents == {
        "t01": "",
        "t02": "Class1.2",
        "t03": "Class2.2",
        "t04": "Class2.2",
        "t05": "Class2.2",
        "t06": "",
        "t07": "Class1.1",
        "t08": "Class6.1",
        "t09": "Class2.1",
        "t10": "Class4.1",
        "t11": "Class4.1",
    }


@given(seed=st.integers(0, 2**32 - 1), sparse=st.booleans())
def test_forms_round_trip(seed, sparse):
    conditional = fractions(seed, sparse=sparse)
    cumulative = GZ2.to_cumulative(conditional)
    reach = GZ2.reach(conditional, form="conditional")
    np.testing.assert_allclose(reach, GZ2.reach(cumulative, form="cumulative"))
    back = GZ2.to_conditional(cumulative)
    for q, columns in enumerate(GZ2.slices):
        reached = reach[:, q] > 0
        np.testing.assert_allclose(back[reached, columns], conditional[reached, columns])
        assert not back[~reached, columns].any()
        answered = conditional[:, columns].any(axis=1)
        np.testing.assert_allclose(
            cumulative[:, columns].sum(axis=1)[answered], reach[answered, q], atol=1e-12
        )


def test_unknown_is_not_zero():
    conditional = fractions(0, 4)
    conditional[1, ANSWERS["a05"]] = np.nan  # edge-on or not
    conditional[2, GZ2.slices[2]] = np.nan  # barred or not
    cumulative = GZ2.to_cumulative(conditional)
    unknown = np.isnan(cumulative)
    below_edge_on = [1, 2, 3, 4, 8, 9, 10]
    for q, columns in enumerate(GZ2.slices):
        assert unknown[1, columns].all() == unknown[1, columns].any() == (q in below_edge_on)
        assert unknown[2, columns].all() == unknown[2, columns].any() == (q == 2)
    reach = GZ2.reach(conditional, form="conditional")
    assert np.isnan(reach[1, [2, 3, 4, 8, 9, 10]]).all() and not np.isnan(reach[2]).any()
    np.testing.assert_array_equal(reach[:, [0, 1, 5, 6, 7]] >= 0, True)


def test_cumulative_fractions_tell_their_own_reach():
    """What is known below an unknown question can be brought to either form."""
    conditional = fractions(0, 3)
    cumulative = GZ2.to_cumulative(conditional)
    reach = GZ2.reach(cumulative, form="cumulative")
    cumulative[:, GZ2.slices[1]] = np.nan  # the parent of many
    np.testing.assert_allclose(
        GZ2.reach(cumulative, form="cumulative"), reach, err_msg="by the sums of the answers"
    )
    back = GZ2.to_conditional(cumulative)
    assert np.isnan(back[:, GZ2.slices[1]]).all()
    known = ~np.isnan(cumulative)
    np.testing.assert_allclose(back[known], conditional[known])


def test_label_of_what_is_unknown():
    """Only what lies on the path matters."""
    votes = np.zeros((5, 37))
    votes[:, [ANSWERS[name] for name in ("a01", "a16", "a15")]] = 1
    votes[1, GZ2.slices[2]] = np.nan  # no bar is asked for in smooth galaxies
    votes[2, GZ2.slices[6]] = np.nan  # roundness is
    votes[3, GZ2.slices[0]] = np.nan
    votes[4, :3], votes[4, 3:] = (0, 0, 1), np.nan
    assert GZ2.label(votes).tolist() == [
        *("elliptical", "elliptical", "unknown", "unknown", "star or artifact")
    ]


@given(seed=st.integers(0, 2**32 - 1), sparse=st.booleans())
def test_walk_gives_one_possible_path(seed, sparse):
    conditional = fractions(seed, sparse=sparse)
    conditional[:, 1] += 1e-3  # somebody answered the first question
    path = GZ2.walk(conditional)
    np.testing.assert_array_equal(path, GZ2.walk(GZ2.to_cumulative(conditional)))
    np.testing.assert_array_equal(path, GZ2.walk(path))
    assert set(np.unique(path)) <= {0, 1}
    counts = np.stack([path[:, columns].sum(axis=1) for columns in GZ2.slices], axis=1)
    assert counts.max() <= 1
    assert (counts[:, 0] == 1).all()
    assert not (path[:, ANSWERS["a04"]] & path[:, ANSWERS["a08"]]).any()
    if not sparse:  # then every question asked has votes
        t06 = counts[:, 5]
        np.testing.assert_array_equal(t06, 1 - path[:, ANSWERS["a03"]])
        np.testing.assert_array_equal(counts[:, 7], path[:, ANSWERS["a14"]])


def test_walk_takes_the_most_voted_answer():
    votes = np.full(37, 0.1)
    best = ["a02", "a05", "a07", "a08", "a29", "a33", "a12", "a15"]
    votes[[ANSWERS[name] for name in best]] = 0.9
    assert set(np.flatnonzero(GZ2.walk(votes))) == {ANSWERS[name] for name in best}


def test_walk_of_an_artifact_ends_at_once():
    votes = fractions(0, 1)[0]
    votes[:3] = 0.1, 0.1, 0.8
    assert np.flatnonzero(GZ2.walk(votes)).tolist() == [ANSWERS["a03"]]


def test_walk_passes_a_question_without_votes_if_it_makes_no_difference():
    votes = np.zeros(37)
    votes[[ANSWERS[name] for name in ("a02", "a05", "a08", "a15")]] = 1
    # Nobody said anything about the bar, the winding, the number of arms or the bulge.
    assert np.flatnonzero(GZ2.walk(votes)).tolist() == [1, 4, 7, 14]
    votes[[ANSWERS["a04"], ANSWERS["a05"]]] = 0
    # Edge-on or not decides what is asked next.
    assert np.flatnonzero(GZ2.walk(votes)).tolist() == [1]


@pytest.mark.parametrize(
    ("answers", "label"),
    [
        ("a01 a16 a15", "elliptical"),
        ("a01 a18 a15", "cigar-shaped"),
        ("a02 a04 a25 a15", "edge-on disk"),
        ("a02 a05 a06 a08 a28 a32 a11 a15", "barred spiral"),
        ("a02 a05 a07 a08 a28 a32 a11 a15", "spiral"),
        ("a02 a05 a06 a09 a11 a15", "barred disk"),
        ("a02 a05 a07 a09 a11 a15", "disk"),
        ("a02 a05 a07 a08 a28 a32 a11 a14 a24", "merger"),
        ("a02 a05 a07 a09 a10 a14 a22", "irregular"),
        ("a01 a16 a14 a21", "disturbed"),
        ("a03", "star or artifact"),
        ("", "unknown"),
    ],
)
def test_label(answers, label):
    votes = np.zeros((2, 37))
    votes[:, [ANSWERS[name] for name in answers.split()]] = 1
    assert GZ2.label(votes).tolist() == [label, label]
    assert GZ2.label(votes[0]) == label


def test_tables_are_matched_by_name():
    votes = pd.DataFrame(fractions(1), columns=list(GZ2.debiased_columns))
    shuffled = votes[np.random.default_rng(0).permutation(votes.columns)]
    np.testing.assert_array_equal(GZ2.to_cumulative(shuffled), GZ2.to_cumulative(votes.to_numpy()))
    row = pd.Series(GZ2.to_cumulative(votes)[0], index=list(GZ2.kaggle_columns))
    np.testing.assert_allclose(GZ2.to_conditional(row[::-1]), votes.iloc[0])


@pytest.mark.parametrize("make", [pl.from_pandas, pa.Table.from_pandas, Table.from_pandas])
def test_tables_of_other_makes(make):
    votes = pd.DataFrame(fractions(1), columns=list(GZ2.debiased_columns))
    table = make(votes[votes.columns[::-1]])
    np.testing.assert_array_equal(GZ2.to_cumulative(table), GZ2.to_cumulative(votes))


def test_forms_are_never_mixed():
    votes = pd.DataFrame(fractions(1), columns=list(GZ2.debiased_columns))
    message = r"Expected cumulative .*\('t01\w+a01_smooth_debiased', ...\) are those of conditional"
    with pytest.raises(ValueError, match=message):
        GZ2.to_conditional(votes)
    with pytest.raises(ValueError, match="form must be"):
        GZ2.reach(votes, form="debiased")


def test_wrong_columns():
    columns = list(GZ2.kaggle_columns)
    with pytest.raises(ValueError, match=r"'Class3.2' is missing"):
        GZ2.match_columns([c for c in columns if c != "Class3.2"])
    positions, form = GZ2.match_columns([c for c in columns if not c.startswith("Class3")])
    assert form == "cumulative"
    assert positions.tolist() == [*range(5), -1, -1, *range(5, 35)]
    with pytest.raises(ValueError, match=r"'Class3.2' stands in the table more than once"):
        GZ2.match_columns([*columns, "Class3.2"])
    message = r"'Class12.1' is no answer .* expected only 'Class1.1' to 'Class11.6'\."
    with pytest.raises(ValueError, match=message):
        GZ2.match_columns([*columns, "Class12.1"])
    with pytest.raises(ValueError, match=r"no columns .* expected 'Class1.1' to 'Class11.6'\."):
        GZ2.match_columns([])
    with pytest.raises(ValueError, match="Expected the 37 answers"):
        GZ2.walk(np.zeros((3, 36)))
    with pytest.raises(ValueError, match="is NaN"):
        GZ2.walk(np.full(37, np.nan))


def test_impossible_trees():
    def tree(*questions):
        return DecisionTree(
            "test", tuple(Question(q, tuple(Answer(*a) for a in aa)) for q, aa in questions)
        )

    with pytest.raises(ValueError, match="leads to itself"):
        tree(("q1", [("a", "q2")]), ("q2", [("b", "q1")]))
    with pytest.raises(ValueError, match="leads to 'q3', which is no question"):
        tree(("q1", [("a", "q3")]))
    with pytest.raises(ValueError, match="No answer of tree 'test' leads to question 'q2'"):
        tree(("q1", [("a", None)]), ("q2", [("b", None)]))
    with pytest.raises(ValueError, match="uses the name 'a' twice"):
        tree(("q1", [("a", None), ("a", None)]))
    with pytest.raises(ValueError, match="needs 'z', which is no answer"):
        DecisionTree("test", (Question("q1", (Answer("a", None),)),), labels=(("word", ("z",)),))


# --------------------------------------------------------------- other surveys


def test_questions_may_share_the_names_of_answers():
    assert REPEATED.answer_names[:5] == (
        *("smooth_yes", "smooth_no", "smooth_artifact", "round_yes", "round_no"),
    )
    parents = [[REPEATED.answer_names[p] for p in parents] for parents in REPEATED.parents]
    assert parents == [[], ["smooth_yes"], ["smooth_no"], ["disk_yes"], [], ["smooth_artifact"]]
    votes = pd.DataFrame(fractions_of(REPEATED, 0), columns=list(REPEATED.debiased_columns))
    np.testing.assert_array_equal(
        REPEATED.to_cumulative(votes[votes.columns[::-1]]), REPEATED.to_cumulative(votes.to_numpy())
    )
    assert pickle.loads(pickle.dumps(REPEATED)) == REPEATED


@pytest.mark.parametrize(
    ("answers", "label"),
    [
        ("smooth_artifact artifact_ghost", "artifact"),
        ("smooth_no disk_yes bar_yes odd_no", "barred disk"),
        ("smooth_no disk_yes bar_no odd_no", "disk"),
        ("smooth_no disk_no odd_yes", "odd"),
        ("smooth_yes round_yes odd_no", "smooth"),
        ("smooth_no disk_no odd_no", "unknown"),
    ],
)
def test_labels_name_answers_in_full(answers, label):
    votes = pd.Series(0.0, list(REPEATED.answer_names))
    votes[answers.split()] = 1
    assert REPEATED.label(votes) == label
    np.testing.assert_array_equal(REPEATED.walk(votes), votes)


def test_roads_that_meet():
    """The reach of a question is the sum over them, also if they have an answer in common."""
    votes = pd.Series(0.0, list(ROADS.answer_names))
    votes[["kind_star", "kind_disk", "clumps_yes", "clumps_no", "edge_yes", "edge_no"]] = (
        *(0.2, 0.8, 0.25, 0.75, 0.4, 0.6),
    )
    votes[["arms_yes", "arms_no", "odd_yes", "odd_no"]] = 0.5
    names = ["kind", "clumps", "edge", "arms", "odd"]
    # Arms: of the 0.8, clumps or not edge-on. Odd: the same, edge-on galaxies and no others.
    expected = [1, 0.8, 0.8 * 0.75, 0.8 * (0.25 + 0.75 * 0.6), 0.8]
    assert [question.name for question in ROADS.questions] == names
    np.testing.assert_allclose(ROADS.reach(votes, form="conditional"), expected)
    cumulative = ROADS.to_cumulative(votes)
    np.testing.assert_allclose(ROADS.reach(cumulative, form="cumulative"), expected)
    np.testing.assert_allclose(ROADS.to_conditional(cumulative), votes)
    # It makes no difference what the questions on the way sum to, if all their answers lead on.
    unasked = votes.copy()
    unasked[["arms_yes", "arms_no"]] = 0
    np.testing.assert_allclose(ROADS.reach(unasked, form="conditional"), expected)
    # Half known: the answers of the question itself tell its reach.
    cumulative[[ROADS.answer_names.index(f"clumps_{a}") for a in ("yes", "no")]] = np.nan
    np.testing.assert_allclose(ROADS.reach(cumulative, form="cumulative"), expected)
    # Debiased fractions may sum to anything; no more than all can be asked.
    votes["clumps_yes"] = votes["edge_no"] = votes["kind_disk"] = 1.0
    assert ROADS.reach(votes, form="conditional").tolist() == [1, 1, 0.75, 1, 1]
    assert ROADS.to_cumulative(votes).max() <= 1


def test_kaggles_convention_concerns_roads_without_a_common_answer():
    tree = replace(ROADS, kaggle_reach=True)
    assert tree.parents == ROADS.parents  # all go through disks
    assert REPEATED.parents[4] == ()
    names = [REPEATED.answer_names[p] for p in replace(REPEATED, kaggle_reach=False).parents[4]]
    assert names == ["smooth_yes", "smooth_no"]
    for other in (tree, replace(ROADS, campaign="-dr5")):
        assert other != ROADS and pickle.loads(pickle.dumps(other)) == other


def test_trees_in_files_of_earlier_versions():
    """They hold three fields."""
    assert DecisionTree(*GZ2.__reduce__()[1][:3]) == GZ2


def test_names_that_cannot_be_told_apart():
    def tree(*questions, labels=()):
        questions = ((q, [Answer(a, leads_to) for a, leads_to in aa]) for q, aa in questions)
        return DecisionTree("test", tuple(Question(q, tuple(aa)) for q, aa in questions), labels)

    with pytest.raises(ValueError, match="uses the name 'q' twice"):
        tree(("q", [("yes", "q")]), ("q", [("no", None)]))
    with pytest.raises(ValueError, match="uses the name 'q_a_b' twice"):
        tree(("q", [("a_b", "q_a")]), ("q_a", [("b", None)]))
    both = ("q", [("yes", "r"), ("r", None)]), ("r", [("yes", None), ("r_yes", None)])
    assert tree(*both).answer_names == ("q_yes", "q_r", "r_yes", "r_r_yes")
    with pytest.raises(ValueError, match=r"'yes', which is an answer of 2 .* 'q_yes', 'r_yes'\."):
        tree(*both, labels=(("word", ("yes",)),))
    # What is a column's name is that column.
    assert tree(*both, labels=(("word", ("r_yes",)),)).label([1, 0, 1, 0]) == "word"


def test_one_question_of_two_answers():
    votes = np.array([[0.7, 0.3], [0.2, 0.8], [0, 0]])
    np.testing.assert_array_equal(TWO_ANSWERS.to_cumulative(votes), votes)
    np.testing.assert_array_equal(TWO_ANSWERS.to_conditional(votes), votes)
    assert TWO_ANSWERS.walk(votes).tolist() == [[1, 0], [0, 1], [0, 0]]
    assert TWO_ANSWERS.label(votes).tolist() == ["disk", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("ending", "form"),
    [
        ("_debiased", "conditional"),
        ("_weighted_fraction", "conditional"),
        ("_weighted_frac", "conditional"),
        ("_fraction", "conditional"),
        ("_frac", "conditional"),
        ("_debiased_fraction", "conditional"),
        ("_count", "counts"),
        ("", None),
    ],
)
@pytest.mark.parametrize("campaign", ["", "-dr5"])
def test_spellings(ending, form, campaign):
    tree = replace(REPEATED, campaign="-dr5")
    columns = [f"{q.name}{campaign}_{a.name}{ending}" for q in tree.questions for a in q.answers]
    positions, found = tree.match_columns(columns[::-1])
    assert positions.tolist() == list(range(len(columns)))[::-1] and found == form
    with pytest.raises(ValueError, match=r"'round-dr8_yes' is no answer of tree 'repeated'"):
        tree.match_columns([*columns, "round-dr8_yes"])
    if campaign:
        with pytest.raises(
            ValueError, match=r"'smooth-dr5_yes\w*' is no answer of tree 'repeated'"
        ):
            REPEATED.match_columns(columns)


@given(tree=random_trees(), seed=st.integers(0, 2**32 - 1))
def test_any_tree_converts_and_is_walked(tree, seed):
    conditional = fractions_of(tree, seed)
    cumulative = tree.to_cumulative(conditional)
    np.testing.assert_allclose(tree.to_conditional(cumulative), conditional)
    reach = tree.reach(conditional, form="conditional")
    totals = np.stack([cumulative[:, columns].sum(axis=1) for columns in tree.slices], axis=1)
    np.testing.assert_allclose(totals, reach)
    if not tree.kaggle_reach:
        led_here = [cumulative[:, list(leading)].sum(axis=1) for leading in tree.leading[1:]]
        np.testing.assert_allclose(reach.T, [np.ones(5), *led_here], atol=1e-12)
    path = tree.walk(conditional)
    np.testing.assert_array_equal(path, tree.walk(cumulative))
    np.testing.assert_array_equal(path, tree.walk(path))
    for q, columns in enumerate(tree.slices):
        led_here = path[:, list(tree.leading[q])].any(axis=1) if q else True
        np.testing.assert_array_equal(path[:, columns].sum(axis=1), led_here * np.ones(5))


def test_pickle_holds_no_cache():
    fresh = pickle.dumps(DecisionTree(GZ2.name, GZ2.questions, GZ2.labels))
    GZ2.walk(np.ones(37))
    assert pickle.dumps(GZ2) == fresh
    assert pickle.loads(fresh) == GZ2


def test_real_kaggle_rows_come_back(kaggle):
    cumulative = pd.read_csv(kaggle / "test.csv").iloc[:, 1:]
    conditional = GZ2.to_conditional(cumulative)
    np.testing.assert_allclose(GZ2.to_cumulative(conditional), cumulative, atol=2e-6)
    totals = np.stack([conditional[:, s].sum(axis=1) for s in GZ2.slices], axis=1)
    reach = GZ2.reach(cumulative, form="cumulative")
    np.testing.assert_allclose(totals[reach > 1e-3], 1, atol=2e-2)


def test_real_catalogue_rows_come_back(catalogue):
    conditional = pd.read_csv(catalogue, usecols=list(GZ2.debiased_columns))
    reach = GZ2.reach(conditional, form="conditional")
    back = GZ2.to_conditional(GZ2.to_cumulative(conditional))
    ordered = conditional[list(GZ2.debiased_columns)].to_numpy()
    for q, columns in enumerate(GZ2.slices):
        reached = reach[:, q] > 0
        assert reached.sum() > 100
        np.testing.assert_allclose(back[reached, columns], ordered[reached, columns], atol=1e-12)
