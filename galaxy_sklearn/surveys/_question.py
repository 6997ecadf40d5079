"""A short way to write down a question."""

from galaxy_sklearn.decision_tree import Answer, Question

__all__ = ["question"]


def question(name, *answers):
    """Make a question.

    Parameters
    ----------
    name : str
        Name of the question.
    *answers : tuple of (str or tuple of str, str or None)
        An answer, or several that lead to the same question, and the name of that question.

    Returns
    -------
    Question
        The question.
    """
    return Question(
        name,
        tuple(
            Answer(answer, leads_to)
            for group, leads_to in answers
            for answer in ((group,) if isinstance(group, str) else group)
        ),
    )
