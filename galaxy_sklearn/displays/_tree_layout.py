"""Where the questions and branches of a decision tree stand in a drawing.

A layered drawing of a graph (Sugiyama, Tagawa & Toda 1981, IEEE Trans. Syst. Man Cybern. 11, 109):
each question stands in the column after the last question that leads to it, and a branch that
passes columns has a lane in each of them. The parts of a column are ordered by the mean height of
what leads to them.
"""

from typing import NamedTuple

import numpy as np

# In columns: the width of a question, and the length of a branch that ends.
WIDTH, END = 0.68, 0.1
# In rows: the title of a question, and the distance between two questions.
TITLE, GAP = 1.0, 0.7


class Layout(NamedTuple):
    """Places in columns, from the left, and rows, from the top."""

    corners: np.ndarray  # of each question: left and top
    sizes: np.ndarray  # height of each question; its width is WIDTH
    rows: np.ndarray  # height of each answer
    routes: list[list[tuple[float, float]]]  # the places that each answer's branch goes through


def lay_out(tree) -> Layout:
    """Place the questions, answers and branches of a `DecisionTree`."""
    position = {question.name: i for i, question in enumerate(tree.questions)}
    following = [
        [position.get(answer.leads_to) for answer in question.answers]
        for question in tree.questions
    ]
    columns = [0] * len(following)
    for i in tree.order:
        for j in _distinct(following[i]):
            columns[j] = max(columns[j], columns[i] + 1)

    sizes = np.array([TITLE + len(answers) for answers in following])
    middles, rows = [0.0] * len(following), np.zeros(len(tree.answer_names))
    lanes: dict = {}  # the height of a bundle of branches, (from question, to question), by column
    for column in range(max(columns) + 1):
        arriving = {
            (i, j): lanes[i, j][column - 1]
            if columns[i] < column - 1
            else np.mean(
                [row for row, k in zip(rows[tree.slices[i]], following[i], strict=True) if k == j]
            )
            for i in range(len(following))
            for j in _distinct(following[i])
            if columns[i] < column <= columns[j]
        }
        wanted: dict = {  # height and size
            pair: (height, 1.0) for pair, height in arriving.items() if column < columns[pair[1]]
        }
        for j in np.flatnonzero(np.equal(columns, column)).tolist():
            sources = [height for (_, to), height in arriving.items() if to == j]
            wanted[j] = (np.mean(sources or 0), sizes[j])
        for part, height in _spread(wanted).items():
            if isinstance(part, tuple):
                lanes.setdefault(part, {})[column] = height
            else:
                middles[part] = height
                n_answers = len(following[part])
                top = height - sizes[part] / 2 + TITLE
                rows[tree.slices[part]] = top + 0.5 + np.arange(n_answers)

    routes = []
    for i, answers in enumerate(following):
        for j, row in zip(answers, rows[tree.slices[i]], strict=True):
            start = columns[i] + WIDTH
            route = [(start, row)]
            for column, height in lanes.get((i, j), {}).items():
                route += [(column, height), (column + WIDTH, height)]
            route.append((start + END, row) if j is None else (columns[j], middles[j]))
            routes.append(route)
    corners = np.column_stack([columns, np.subtract(middles, sizes / 2)])
    return Layout(corners, sizes, rows, routes)


def _distinct(positions):
    return sorted({i for i in positions if i is not None})


def _spread(wanted):
    """Move the parts of a column apart, as little as possible from where they were wanted."""
    placed, bottom = {}, -np.inf
    for part, (height, size) in sorted(wanted.items(), key=lambda entry: entry[1][0]):
        placed[part] = max(height, bottom + GAP + size / 2)
        bottom = placed[part] + size / 2
    down = np.mean([placed[part] - height for part, (height, _) in wanted.items()])
    return {part: height - down for part, height in placed.items()}
