"""Refuse pages of the site that load something from a network, or link to files that are not there.

Sphinx checks the links that it makes. Diagrams of estimators and notes of the theme have others.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

# What a browser fetches by itself. Links that a reader follows may lead anywhere.
FETCHED = {"audio", "iframe", "img", "link", "script", "source", "video"}
WITH_SCHEME = re.compile(r"(?:[a-z]+:|//)")


class Addresses(HTMLParser):
    """Collects the addresses in a page, each with the name of its element."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        """Look at one element."""
        self.found += [(tag, value) for name, value in attrs if name in ("href", "src") and value]


def faults(page):
    """Yield what is wrong with a page."""
    parser = Addresses()
    parser.feed(page.read_text())
    for tag, address in parser.found:
        if WITH_SCHEME.match(address):
            if tag in FETCHED and not address.startswith("data:"):
                yield f"{page}: loads {address}"
        else:
            target = unquote(re.sub(r"[?#].*", "", address))
            if target and not (page.parent / target).exists():
                yield f"{page}: links to {address}, which is not there"


def main(folder):
    """Return what is wrong with the pages and style sheets in a folder, or an empty text."""
    # `_static` has templates of the theme, which are no pages.
    pages = [p for p in sorted(Path(folder).rglob("*.html")) if p.parent.name != "_static"]
    found = [fault for page in pages for fault in faults(page)]
    for sheet in sorted(Path(folder).rglob("*.css")):
        if re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", sheet.read_text()):
            found.append(f"{sheet}: loads from a network")
    return "\n".join(found if pages else [f"{folder} has no pages"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
