"""What a page says: the words in it, and those that only a screen reader reads."""

from __future__ import annotations

import re
from html.parser import HTMLParser

SPOKEN = ("aria-label", "title", "placeholder", "alt")
WORD = re.compile(r"[A-Za-z]{3,}")
ENDLESS = ("input", "br", "rect", "path", "meta")


class PageText(HTMLParser):
    """The words of a page's middle, one line each; without the parts whose class is in `without`."""

    def __init__(self, page: str, *without: str) -> None:
        super().__init__()
        self.without, self.skipped, self.lines = without, list[str](), list[str]()
        self.feed(page.partition("<main>")[2].partition("</main>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if self.skipped or found.get("class") in self.without:
            self.skipped += [tag] * (tag not in ENDLESS)
        else:
            self.lines += [value for name in SPOKEN if (value := found.get(name))]

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            self.skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self.skipped and data.strip():
            self.lines.append(" ".join(data.split()))


def words_left(text: str, *allowed: str) -> list[str]:
    """Returns the English words of three and more letters that are not among those `allowed`."""
    return sorted(set(WORD.findall(text)) - set(allowed))
