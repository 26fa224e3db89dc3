"""Finds every word of English that a page shows, in its texts and in what it says to those who do not see it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from support.english_left import NAMES

TOLD = ("title", "aria-label", "alt", "placeholder")  # attributes that people are told
WORD = re.compile(r"[A-Za-z]{2,}")
RUN = re.compile(r"\b[a-z]+-\d+\b")
# Names and units that stay as they are in every language.
KEPT = frozenset({"Airflow", "TensorFlow", "Serving", "sentiment", "validate", "JSON", "HTTP", "MB", "ms", "lr"})


class Shown(HTMLParser):
    """The pieces of text that a page shows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in ("style", "script")
        self.pieces += [value for name, value in attrs if name in TOLD and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.pieces += [] if self._hidden or not data.strip() else [data.strip()]


def english_words(page: str, *allowed: str) -> list[str]:
    """Returns the pieces of a page's text in which there is an English word, but for `allowed` phrases and words."""
    phrases = sorted((one for one in allowed if not WORD.fullmatch(one)), key=len, reverse=True)
    kept, found = KEPT.union(allowed), []
    for piece in Shown(page).pieces:
        text = piece
        for phrase in filter(None, phrases):
            text = text.replace(phrase, " · ")
        if {*WORD.findall(RUN.sub("", NAMES.sub(" · ", text)))} - kept:
            found.append(piece)
    return found
