"""The decision trees of surveys: what all have in common, and what is known of each."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import real_data
from hypothesis import given
from hypothesis import strategies as st
from trees import fractions, volunteers

from galaxy_sklearn import cli, metrics, surveys
from galaxy_sklearn.datasets import load_galaxy_zoo, make_galaxies
from galaxy_sklearn.votes import check_votes

SURVEYS = {name: getattr(surveys, name) for name in surveys.__all__}
# In the files of facts it is named after the data release.
FACTS = {name: name.lower() for name in SURVEYS} | {"GZ_DECALS": "gz_decals_dr5"}
SIMULATED = sorted(set(SURVEYS) - {"GZ_HUBBLE", "GZ_CANDELS"})

each = pytest.mark.parametrize("name", SURVEYS)
any_survey = st.sampled_from(sorted(SURVEYS)).map(SURVEYS.__getitem__)
seeds = st.integers(0, 2**32 - 1)


@each
def test_structure(name):
    """Every question can be reached, and none leads back to an earlier one."""
    tree = SURVEYS[name]
    following = {q.name: {a.leads_to for a in q.answers} - {None} for q in tree.questions}
    generations = [{tree.questions[0].name}]
    while generations[-1]:
        assert len(generations) <= len(following)
        generations.append(set().union(*(following[question] for question in generations[-1])))
    assert set().union(*generations) == set(following)
    assert all(len(question.answers) > 1 for question in tree.questions)
    assert len({column for names, _ in tree.spellings for column in names}) == sum(
        len(names) for names, _ in tree.spellings
    )
    assert pickle.loads(pickle.dumps(tree)) == tree
    assert [other for other in SURVEYS.values() if other == tree] == [tree]
    # Of the Kaggle challenge there is one.
    assert tree.kaggle_reach == (name == "GZ2")


@each
def test_names(name):
    assert cli._survey(name.lower()) is SURVEYS[name]


@given(tree=any_survey, seed=seeds, sparse=st.booleans())
def test_forms_round_trip(tree, seed, sparse):
    conditional = fractions(tree, seed)
    if sparse:  # questions that nobody was asked, and answers that nobody gave
        conditional *= np.random.default_rng(seed).random(conditional.shape) > 0.5
        conditional = tree.normalize(conditional)
    cumulative = tree.to_cumulative(conditional)
    reach = tree.reach(conditional, form="conditional")
    np.testing.assert_allclose(tree.reach(cumulative, form="cumulative"), reach, atol=1e-12)
    back = tree.to_conditional(cumulative)
    for q, columns in enumerate(tree.slices):
        reached = reach[:, q] > 0
        np.testing.assert_allclose(back[reached, columns], conditional[reached, columns])
        assert not back[~reached, columns].any()
    if not sparse:  # which form it is can be told without names
        assert check_votes(conditional, tree=tree).form == "conditional"
        assert check_votes(cumulative, tree=tree).form == "cumulative"
        np.testing.assert_allclose(check_votes(conditional, tree=tree).cumulative(tree), cumulative)


@given(tree=any_survey, seed=seeds)
def test_reach_is_how_many_volunteers_come(tree, seed):
    """A million of them, sent through the tree answer by answer. Their error is below 0.0005."""
    probabilities = fractions(tree, seed, 1)[0]
    counts, asked = volunteers(tree, probabilities, 10**6, np.random.default_rng(seed))
    tree = replace(tree, kaggle_reach=False)
    expected = tree.reach(probabilities, form="conditional")
    np.testing.assert_allclose(asked / 10**6, expected, atol=0.003)
    np.testing.assert_allclose(counts / 10**6, tree.to_cumulative(probabilities), atol=0.003)
    # And their votes, all of which are known, say the same.
    voted = tree.normalize(counts)
    np.testing.assert_allclose(tree.reach(voted, form="conditional"), asked / 10**6)


@given(tree=any_survey, seed=seeds)
def test_walks_obey_the_tree(tree, seed):
    conditional = fractions(tree, seed, 20)
    path = tree.walk(conditional)
    np.testing.assert_array_equal(path, tree.walk(tree.to_cumulative(conditional)))
    np.testing.assert_array_equal(path, tree.walk(path))
    names = [question.name for question in tree.questions]
    for row, chosen in enumerate(path):
        question, passed = tree.questions[0], 0
        while question is not None:
            columns = tree.slices[names.index(question.name)]
            best = conditional[row, columns].argmax()
            assert np.flatnonzero(chosen[columns]).tolist() == [best]
            following, passed = question.answers[best].leads_to, passed + 1
            question = None if following is None else tree.questions[names.index(following)]
        assert chosen.sum() == passed
    # A walk is as good as a vote of all for its answers.
    np.testing.assert_array_equal(tree.label(path), tree.label(conditional))
    assert "unknown" not in tree.label(path)


@each
def test_every_label_occurs(name):
    tree = SURVEYS[name]
    found = set(tree.label(fractions(tree, 0, 3000)))
    assert found == {word for word, _ in tree.labels}


def table(tree, ending, n_galaxies=6, campaign=""):
    """A table of counts or fractions as `ending` says, among other columns."""
    values = fractions(tree, 0, n_galaxies)
    if ending in ("", "_count"):
        rng = np.random.default_rng(0)
        values = np.array([volunteers(tree, row, 40, rng)[0] for row in values])
    names = [f"{q.name}{campaign}_{a.name}{ending}" for q in tree.questions for a in q.answers]
    votes = pd.DataFrame(values, columns=names)
    for question in tree.questions:
        votes[f"{question.name}{campaign}_total-votes"] = 40
    return votes.assign(id_str=[f"{i}_{i}" for i in range(n_galaxies)]).iloc[:, ::-1]


@pytest.fixture
def images(tmp_path):
    """Their names: nothing is read."""
    for i in range(6):
        (tmp_path / f"{i}_{i}.jpg").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "ending", "campaign"),
    [
        ("GZ_HUBBLE", "_weighted_fraction", ""),
        ("GZ_CANDELS", "_weighted_frac", ""),
        ("GZ_CANDELS", "_frac", ""),
        ("GZ_DECALS_DR12", "_debiased", ""),
        ("GZ_DECALS_DR12", "", "-dr12"),
        ("GZ_DECALS", "_debiased", ""),
        ("GZ_DECALS", "_fraction", "-dr5"),
        ("GZ_DECALS", "", ""),
        ("GZ_DESI", "_fraction", ""),
        ("GZ_DESI", "_fraction", "-dr8"),
        ("GZ_UKIDSS", "_fraction", "-ukidss"),
        ("GZ_UKIDSS", "", ""),
        ("GZ_COSMIC_DAWN", "", "-cd"),
        ("GZ_EUCLID", "_fraction", ""),
        ("GZ_EUCLID", "", "-euclid"),
        ("GZ_JWST_CEERS", "", "-jwst"),
        ("GZ_JWST_COSMOS", "", "-jwst"),
    ],
)
def test_tables_are_read(images, name, ending, campaign):
    tree = SURVEYS[name]
    votes = table(tree, ending, campaign=campaign)
    # A pooled table has those of others, too.
    votes = votes.assign(**{"smooth-or-featured-dr0_smooth": 0.1, "bar-dr0_strong_fraction": 0.2})
    data = load_galaxy_zoo(images, votes, tree=tree)
    assert data.form == ("conditional" if ending else "counts")
    assert data.target.columns[0].startswith(f"{tree.questions[0].name}{campaign}_")
    np.testing.assert_array_equal(data.target, votes[data.target.columns])
    assert data.target_names == list(tree.answer_names)
    assert "unknown" not in tree.label(data.target)


def test_questions_that_were_not_asked_may_be_nan(images):
    """As in the smaller table of Galaxy Zoo DESI: of no use for training, no zeros either."""
    tree = SURVEYS["GZ_DESI"]
    votes = table(tree, "_fraction")
    merging = [column for column in votes if column.startswith("merging")]
    votes.loc[0, [c for c in votes if c.endswith("_fraction")]] = np.nan
    votes.loc[0, ["smooth-or-featured_smooth_fraction"]] = 0.1
    votes.loc[0, ["smooth-or-featured_featured-or-disk_fraction"]] = 0.0
    votes.loc[0, ["smooth-or-featured_artifact_fraction"]] = 0.9
    votes.loc[1, [c for c in merging if c.endswith("_fraction")]] = np.nan
    data = load_galaxy_zoo(images, votes, tree=tree)
    labels = tree.label(data.target)
    assert labels[0] == "star or artifact" and labels[1] == "unknown"
    checked = check_votes(data.target, tree=tree)
    assert np.isnan(checked.fractions[0, 3:]).all() and not np.isnan(checked.fractions[0, :3]).any()
    reach = tree.reach(data.target, form="conditional")
    assert reach[0, -1] == pytest.approx(0.1) and np.isnan(reach[0, 2])
    assert metrics.conditional_mse(data.target, fractions(tree, 1, 6), tree=tree) > 0


@each
def test_scores(name):
    tree = SURVEYS[name]
    votes, predicted = fractions(tree, 0, 30), fractions(tree, 1, 30)
    for metric in (metrics.conditional_mse, metrics.cumulative_rmse):
        assert metric(votes, votes, tree=tree) == 0 < metric(votes, predicted, tree=tree)
        assert metric(tree.to_cumulative(votes), predicted, tree=tree) == pytest.approx(
            metric(votes, tree.to_cumulative(predicted), tree=tree)
        )
    scores = metrics.question_scores(votes, predicted, tree=tree)
    reach = tree.reach(votes, form="conditional").mean(axis=0)
    np.testing.assert_allclose(scores["mean_reach"], reach)
    # Unknown answers on the way to a question count as 1 in its weight, all of them together.
    votes[:, tree.slices[0]] = np.nan
    scores = metrics.question_scores(votes, predicted, tree=tree)
    q, last = len(tree.questions) - 1, tree.slices[-1]
    filled = np.where(np.isnan(votes), 1, votes)
    weights = tree.reach(filled, form="conditional")
    assert weights.max() == 1
    squares = ((votes - predicted)[:, last] ** 2).mean(axis=1)
    expected = np.average(squares, weights=weights[:, q])
    assert scores["conditional_mse"].iloc[-1] == pytest.approx(expected)


# --------------------------------------------------------------------- simulated


@pytest.mark.parametrize("name", SIMULATED[1:])  # Galaxy Zoo 2 is tested with the data sets
def test_simulated(name):
    tree = SURVEYS[name]
    data = make_galaxies(
        300, survey=tree, image_size=8, n_volunteers=1000, random_state=0, return_X_y=False
    )
    assert data.target_names == list(tree.answer_names)
    votes = check_votes(data.target, tree=tree)
    np.testing.assert_allclose(tree.normalize(votes.fractions), data.target)
    assert check_votes(pd.DataFrame(data.counts, columns=data.target_names), tree=tree).counts.any()
    # The probabilities are what volunteers follow, through all the questions.
    expected = replace(tree, kaggle_reach=False).to_cumulative(data.probabilities)
    assert np.abs((data.counts / 1000 - expected).mean(axis=0)).max() < 0.003
    # Every answer is the most frequent one or near it somewhere, but for problems, which are rare.
    rare = [column.startswith(("problem", "artifact")) for column in data.target_names]
    assert (data.probabilities.max(axis=0)[~np.array(rare)] > 0.2).all()
    labels = set(tree.label(data.target))
    assert labels >= {"elliptical", "spiral", "barred spiral", "edge-on disk", "star or artifact"}


def test_simulated_surveys_ask_about_the_same_galaxies():
    """What all are asked is answered alike."""
    shares = {
        name: make_galaxies(
            150, survey=SURVEYS[name], image_size=8, random_state=0, return_X_y=False
        ).probabilities[:, :2]
        for name in ("GZ2", "GZ_DECALS", "GZ_DECALS_DR12", "GZ_EUCLID")
    }
    for found in shares.values():
        np.testing.assert_allclose(found.mean(axis=0), shares["GZ2"].mean(axis=0), atol=0.02)
        assert np.corrcoef(found[:, 0], shares["GZ2"][:, 0])[0, 1] > 0.85


def test_surveys_that_are_not_simulated():
    for name in sorted(set(SURVEYS) - set(SIMULATED)):
        with pytest.raises(ValueError, match=f"of '{SURVEYS[name].name}' is not simulated"):
            make_galaxies(1, survey=SURVEYS[name])


# -------------------------------------------------------------------- the facts


@each
def test_facts(name):
    """Questions, answers, what follows them, and columns are those that were found out."""
    tree = SURVEYS[name]
    facts = json.loads(real_data(f"trees/{FACTS[name]}.json").read_text())
    questions = facts["questions"]
    campaign = tree.campaign if questions[0]["name"].endswith(tree.campaign) else ""

    def short(question):
        return question and question.removesuffix(campaign)

    assert [
        (short(q["name"]), [(a["name"], short(a["leads_to"])) for a in q["answers"]])
        for q in questions
    ] == [(q.name, list(map(tuple, q.answers))) for q in tree.questions]
    forms = {
        **dict.fromkeys(("fraction", "weighted_fraction", "predicted_fraction"), "conditional"),
        **{"debiased": "conditional", "count": "counts", "votes": None, "volunteer_votes": None},
    }
    known = [kind for kind in forms if "pattern" in facts["columns"].get(kind, ())]
    assert known
    for kind in known:
        column = facts["columns"][kind]
        if "only_for" in column:  # some answers of a question
            continue
        pattern = column["pattern"].removesuffix(" (and _fraction)")
        names = [
            pattern.format(question=short(q["name"]), answer=a["name"])
            for q in questions
            for a in q["answers"]
        ]
        positions, form = tree.match_columns(names)
        assert positions.tolist() == list(range(len(names))) and form == forms[kind]
