"""Surveys for tests: one that repeats names, one of a single question, random ones."""

import hypothesis.strategies as st
import numpy as np

from galaxy_sklearn import DecisionTree
from galaxy_sklearn.decision_tree import Answer, Question


def question(name, **answers):
    return Question(name, tuple(Answer(*answer) for answer in answers.items()))


# Most questions are answered by yes or no; "artifact" is a question and an answer.
REPEATED = DecisionTree(
    "repeated",
    (
        question("smooth", yes="round", no="disk", artifact="artifact"),
        question("round", yes="odd", no="odd"),
        question("disk", yes="bar", no="odd"),
        question("bar", yes="odd", no="odd"),
        question("odd", yes=None, no=None),
        question("artifact", star=None, ghost=None, other=None),
    ),
    labels=(
        ("artifact", ("artifact",)),
        ("odd", ("odd_yes",)),
        ("barred disk", ("disk_yes", "bar_yes")),
        ("disk", ("disk_yes",)),
        ("smooth", ("smooth_yes",)),
    ),
)

# Two roads lead to "arms", all of which go through disks; three to "odd".
ROADS = DecisionTree(
    "roads",
    (
        question("kind", star=None, disk="clumps"),
        question("clumps", yes="arms", no="edge"),
        question("edge", yes="odd", no="arms"),
        question("arms", yes="odd", no="odd"),
        question("odd", yes=None, no=None),
    ),
    labels=(("star", ("star",)), ("odd", ("odd_yes",)), ("disk", ("disk",))),
    kaggle_reach=False,
)

TWO_ANSWERS = DecisionTree(
    "two answers", (question("disk", yes=None, no=None),), labels=(("disk", ("yes",)),)
)


def fractions(tree, seed, n_galaxies=5):
    """Conditional fractions."""
    return tree.normalize(np.random.default_rng(seed).random((n_galaxies, len(tree.answer_names))))


def volunteers(tree, probabilities, n, rng):
    """Send volunteers through a tree: the votes for each answer, and who came to each question."""
    counts = np.zeros(len(probabilities), dtype=int)
    asked = dict.fromkeys([q.name for q in tree.questions], 0)
    asked[tree.questions[0].name] = n
    for i in tree.order:
        votes = rng.multinomial(asked[tree.questions[i].name], probabilities[tree.slices[i]])
        counts[tree.slices[i]] = votes
        for answer, n_votes in zip(tree.questions[i].answers, votes, strict=True):
            if answer.leads_to is not None:
                asked[answer.leads_to] += n_votes
    return counts, np.array(list(asked.values()))


@st.composite
def random_trees(draw):
    """Trees of up to 6 questions with 1 to 4 answers, named alike in all of them."""
    n_questions = draw(st.integers(1, 6))
    leads_to = []
    for i in range(n_questions):
        following = st.one_of(st.none(), *map(st.just, range(i + 1, n_questions)))
        leads_to.append(draw(st.lists(following, min_size=1, max_size=4)))
    for i in range(1, n_questions):
        if not any(i in answers for answers in leads_to[:i]):
            leads_to[draw(st.integers(0, i - 1))].append(i)
    return DecisionTree(
        "random",
        tuple(
            question(f"q{i}", **{f"a{j}": k if k is None else f"q{k}" for j, k in enumerate(led)})
            for i, led in enumerate(leads_to)
        ),
        kaggle_reach=draw(st.booleans()),
    )
