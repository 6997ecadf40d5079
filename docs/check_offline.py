"""Refuse pages of the site that would load something from a network when they are opened."""

import sys
from html.parser import HTMLParser
from pathlib import Path

# What a browser fetches by itself. Links that a reader follows may lead anywhere.
FETCHED = {
    "audio": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "script": "src",
    "source": "src",
    "video": "src",
}
NEVER_FETCHED = {"canonical", "next", "prev", "search", "index"}


class Fetched(HTMLParser):
    """Collects the addresses on other hosts that a page loads."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        """Look at one element."""
        given = dict(attrs)
        address = given.get(FETCHED.get(tag)) or ""
        remote = address.startswith(("http:", "https:", "//"))
        if remote and given.get("rel") not in NEVER_FETCHED:
            self.found.append(address)


def main(folder):
    """Return what is wrong with the pages in a folder, an empty text if nothing is."""
    pages = sorted(Path(folder).rglob("*.html"))
    faults = []
    for page in pages:
        parser = Fetched()
        parser.feed(page.read_text())
        faults += [f"{page}: loads {address}" for address in parser.found]
    for sheet in sorted(Path(folder).rglob("*.css")):
        text = sheet.read_text()
        faults += [f"{sheet}: loads from a network"] if "url(http" in text else []
    return "\n".join(faults if pages else [f"{folder} has no pages"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
