"""The directive ``survey``: a decision tree with what is known of it, and its questions."""

import importlib
import inspect

from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

from galaxy_sklearn import surveys


def entry(name):
    """Return the lines of a survey's entry, as reStructuredText."""
    tree = getattr(surveys, name)
    module = f"galaxy_sklearn.surveys.{name.lower()}"
    documented = ModuleAnalyzer.for_module(module).find_attr_docs()
    text = documented.get(("", name)) or inspect.getdoc(importlib.import_module(module)).split("\n")
    yield f".. py:data:: galaxy_sklearn.surveys.{name}"
    yield ""
    yield from (f"   {line}" for line in text)
    yield ""
    yield f"   .. dropdown:: {len(tree.questions)} questions, {len(tree.answer_names)} answers"
    yield ""
    yield "      .. list-table::"
    yield "         :header-rows: 1"
    yield "         :widths: 30 40 30"
    yield ""
    yield from _row("question", "answer", "next question")
    for question in tree.questions:
        name = f"``{question.name}``"
        for answer in question.answers:
            following = f"``{answer.leads_to}``" if answer.leads_to else "(end)"
            yield from _row(name, f"``{answer.name}``", following)
            name = ""


def _row(*cells):
    for i, cell in enumerate(cells):
        yield f"         {'* -' if i == 0 else '  -'} {cell}".rstrip()


class Survey(SphinxDirective):
    """Document a tree of `galaxy_sklearn.surveys`."""

    required_arguments = 1

    def run(self):
        """Parse the entry."""
        return self.parse_text_to_nodes("\n".join(entry(self.arguments[0])))


def setup(app):
    """Add the directive to Sphinx."""
    app.add_directive("survey", Survey)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
