"""Link names in code, such as `GalaxyClassifier`, to the API reference.

So the pages are plain Markdown, which any viewer shows, and docstrings plain text.
"""

import re
from collections import defaultdict

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

KINDS = {"class", "data", "function", "method", "module", "property"}
NAME = re.compile(r"[A-Za-z_][\w.]*(?=\(|$)")


def targets(domain):
    """Return what names lead to: full names and their ends, where only one object has them."""
    found = defaultdict(set)
    for fullname, entry in domain.objects.items():
        if entry.aliased or entry.objtype not in KINDS:
            continue
        found[fullname].add(entry)
        parts = fullname.split(".")
        # A method is known with its class only: several classes have a `transform`. A module is
        # known with the package: `votes` is a variable.
        shortest = 2 if entry.objtype in {"method", "module", "property"} else 1
        for length in range(shortest, len(parts)):
            found[".".join(parts[-length:])].add(entry)
    return {name: entries.pop() for name, entries in found.items() if len(entries) == 1}


class LinkCode(SphinxPostTransform):
    """Turn literals that begin with the name of a public object into links to its page."""

    default_priority = 20

    def run(self, **kwargs):
        """Link the literals of one page."""
        names = targets(self.env.domains.python_domain)
        here = self.env.docname
        # On the page of a class its methods are known by their names alone.
        page = here.rpartition("/")[2]
        for literal in list(self.document.findall(nodes.literal)):
            match = NAME.match(literal.astext())
            if match is None or _is_linked(literal):
                continue
            target = names.get(match[0]) or names.get(f"{page}.{match[0]}")
            if target is None or target.node_id == page:
                continue
            link = make_refnode(
                self.app.builder, here, target.docname, target.node_id, literal.deepcopy()
            )
            literal.replace_self(link)


def _is_linked(node):
    while node is not None:
        if isinstance(node, nodes.reference | nodes.title):
            return True
        node = node.parent
    return False


def setup(app):
    """Add the transform to Sphinx."""
    app.add_post_transform(LinkCode)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
