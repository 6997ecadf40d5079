"""The directive ``command-help``: what ``galaxy-sklearn COMMAND --help`` prints."""

import os
import subprocess
import sys

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class CommandHelp(SphinxDirective):
    """Show the help of the command line, or of one of its commands."""

    optional_arguments = 1

    def run(self):
        """Ask the command."""
        shown = subprocess.run(
            [sys.executable, "-m", "galaxy_sklearn.cli", *self.arguments, "--help"],
            capture_output=True,
            check=True,
            env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
            text=True,
        )
        return [nodes.literal_block(shown.stdout, shown.stdout, language="text")]


def setup(app):
    """Add the directive to Sphinx."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
