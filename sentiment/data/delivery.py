"""One file on its way in: which of its rows become posts, and why the others do not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from sentiment.data.identity import identity, is_rolling
from sentiment.data.ledger import Accepted, Counts, Ledger
from sentiment.data.quarantine import Quarantine
from sentiment.data.rows import Row, join_rows
from sentiment.data.tsv import Header, Post
from sentiment.labels import Labels

LONGEST_TEXT = 20_000  # characters: far beyond any post, and beyond what any model reads
NOT_TEXT = (
    "\\xff\\xfe",
    "\\xfe\\xff",
    "\x1f\\x8b",
)  # UTF-16, either way round, and gzip, as their first bytes are shown


def judge(header: Header, row: Row, labels: Labels) -> Post | str:
    """Returns the post in `row`, or the reason why it goes to quarantine."""
    post = row.error or header.post(row.fields, labels)
    if isinstance(post, str):
        return post
    for name, value in (("text", post.text), ("title", post.title), ("source", post.source)):
        if len(value) > LONGEST_TEXT:
            return f"{name} too long: {len(value):,} characters"
        if any(unicodedata.category(character) == "Cc" for character in value):
            return f"control character in {name}"
    return post


def read_header(first: Row | None) -> Header | str:
    """Returns the header of a file whose first row is `first`, or the reason why the file cannot be read."""
    if first is None:
        return "the file is empty"
    if "\0" in first.raw or first.raw.startswith(NOT_TEXT):
        return "the file is not UTF-8 text"
    header = None if first.error else Header.parse(first.fields)
    return header or "the file has no header with the columns text and label"


class Delivery:
    """One file on its way in, within the ledger's transaction; `counts` say what became of its rows."""

    def __init__(
        self, ledger: Ledger, quarantine: Quarantine, number: int, labels: Labels, rolling_share: float
    ) -> None:
        self.counts = Counts()
        self._ledger, self._quarantine = ledger, quarantine
        self._number, self._labels, self._rolling_share = number, labels, rolling_share

    def take_in(self, lines: Iterator[Row], delimiter: str) -> None:
        """Puts every row into the ledger or into quarantine; a file that cannot be read goes there whole."""
        first = next(lines, None)
        header = read_header(first)
        if isinstance(header, str):
            self._refuse(first.number if first else 0, header, first.raw[:200] if first else "")
            return
        for row in join_rows(lines, delimiter, lambda fields: header.is_complete(fields, self._labels)):
            post = judge(header, row, self._labels)
            if isinstance(post, str):
                self._refuse(row.number, post, row.raw)
            else:
                self._accept(post)

    def _refuse(self, line: int, reason: str, raw: str) -> None:
        self._quarantine.add(line, reason, raw)
        self.counts.quarantined += 1

    def _accept(self, post: Post) -> None:
        """Adds a new text, counts a known one, gives a known one with another label the new label."""
        text_identity = identity(post.text)
        present = self._ledger.label_of(text_identity)
        if present == post.label:
            self.counts.duplicate += 1
            return
        rolling = is_rolling(text_identity, self._rolling_share)
        self._ledger.put(Accepted(text_identity, post, self._number, rolling))
        if present is None:
            self.counts.accepted += 1
        else:
            self.counts.relabelled += 1
