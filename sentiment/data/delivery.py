"""Takes in one file: decides which of its rows become posts, and why the others do not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Set
from functools import lru_cache

from sentiment.data.formats.labelled import DISAGREE
from sentiment.data.formats.record import Record
from sentiment.data.formats.votes import TASK_BYTES
from sentiment.data.identity import HEX_DIGITS, is_rolling, of_text, post_identity
from sentiment.data.ledger import Ledger
from sentiment.data.ledger_batch import Accepted, Counts
from sentiment.data.quarantine import Quarantine
from sentiment.data.trusted import is_one_of
from sentiment.data.tsv import Post, one_line
from sentiment.labels import LONGEST_NAME, Labels, folded
from sentiment.text.invisible import is_blank, shown_as, without_invisible
from sentiment.text.normal import most_marks

BATCH_POSTS, BATCH_CHARACTERS = 10_000, 4_000_000  # that go into the ledger together
FORGOTTEN = "forgotten: deleted on request, not taken in again"
MISSING = "empty text: a mark for a missing value"
MISSING_MARKS = frozenset({r"\N", "NULL", "null", "NA", "N/A", "#N/A", "NaN", "nan", "None", "<NA>", "NaT"})
_LONGEST_MARK = max(map(len, MISSING_MARKS))  # characters
NUMBERS = "the labels {} are the numbers of another label table: deliver the names of the labels"
_MINUS = str.maketrans(dict.fromkeys("\u2010\u2012\u2013\u2014\u2212\u2796", "-"))  # which NFKC leaves as they are
_NUMBER = re.compile(r"([+-]?\d{1,4})(?:\.0*)?")  # a longer one is no label of any table
LOST_MANY = 0.2  # share of a text: so much of it could not be read
INVISIBLE = "empty text: nothing but invisible or lost characters"
LONGEST_TEXT = 20_000  # characters: far beyond any post, and beyond what any model reads
MOST_MARKS = 1_000  # in a row: tokenizers sort the marks of a letter, and not all of them quickly
LONGEST_SHOWN = 40  # characters of an unknown label
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def judge(record: Record, labels: Labels) -> Post | str:
    """Returns the post in `record`, or the reason why it goes to quarantine."""
    if record.error:
        return record.error
    text, stated, title, source = record.columns
    text, stated = _cleaned(text), _cleaned(stated)
    title, source = title and _cleaned(title), source and _cleaned(source)
    label = labels.parse(stated)
    if label is None:
        return f"unknown label {stated[:LONGEST_SHOWN]!r}"
    if not text:
        return "empty text"
    if is_blank(text):
        return INVISIBLE
    if len(text) <= _LONGEST_MARK and text in MISSING_MARKS:
        return MISSING
    if "\ufffd" in text and text.count("\ufffd") > LOST_MANY * len(text):
        return "broken character in text: much of it was lost before it came here"
    for name, value in (("text", text), ("title", title), ("source", source)):
        if value and (wrong := fault(value)):
            return wrong.format(name)
    return Post(text, label, title, source)


class OtherNumbers(Exception):
    """The numbers of a file are those of another label table; the message says why."""


@lru_cache(1024)
def stated_number(label: str) -> int | None:
    """Returns the whole number that a label states, spelt `−1`, `１`, `①` or `1.0`, too; None when it states none."""
    if len(label) > LONGEST_NAME:
        return None
    number = _NUMBER.fullmatch(folded(without_invisible(label)).translate(_MINUS))
    return int(number[1]) if number else None


def other_numbers(stated: Set[int], labels: int) -> str:
    """Returns why the whole numbers that a file states cannot be label ids, "" when they can.

    A single wrong number may be a typing mistake. A scale from -1 on, or one that begins at 1 and ends one too high,
    is another table, in which the numbers that both have mean something else.
    """
    found = sorted(stated)
    if found and found[0] == -1 and found[-1] < labels:
        return NUMBERS.format(", ".join(map(str, found)))
    if len(found) > 1 and found[0] > 0 and found[-1] == labels:
        return NUMBERS.format(", ".join(map(str, found)))
    return ""


def post_key(identity_of_post: str) -> int:
    """Returns the part of a post's identity that is kept of every row of an archive, to compare its members."""
    text, title = (identity_of_post[start : start + 2 * TASK_BYTES] for start in (0, HEX_DIGITS))
    return int(text, 16) ^ int(title or "0", 16)


def _cleaned(value: str) -> str:
    return value.strip() if value.isprintable() else one_line(value)


def fault(value: str) -> str:
    """Returns what is wrong with a column's value, with `{}` for the column's name; "" when nothing is wrong."""
    if len(value) <= MOST_MARKS and value.isprintable():  # nearly always: this is asked of every row
        return ""
    if len(value) > LONGEST_TEXT:
        return f"{{}} too long: {len(value):,} characters"
    if len(value) > MOST_MARKS and most_marks(value) > MOST_MARKS:
        return f"more than {MOST_MARKS:,} combining characters in a row in {{}}"
    if _CONTROL.search(value):
        return "control character in {}"
    return "broken character in {}" if _SURROGATE.search(value) else ""


def fault_of_folder(name: str) -> str:
    """Returns why a folder's name cannot be the source of its rows; "" when it can, or is "" itself.

    A name that is cleaned on the way, as a column's is, would be that of another source in the files of a run, and one
    that only looks like another's would be taken for it by people.
    """
    if _cleaned(name) != name:
        return "its folder's name has white space at an end, or a line break or tab in it: rename the folder"
    if wrong := fault(name).format("its folder's name"):
        return f"{wrong}: rename the folder"
    if shown_as(name) != name:
        return (
            "its folder's name has characters that nobody sees, or accents apart from their letters: rename the folder"
        )
    return ""


class Delivery:
    """One file that is being taken in, within the ledger's transaction; `counts` say what became of its rows."""

    def __init__(
        self,
        ledger: Ledger,
        quarantine: Quarantine,
        number: int,
        labels: Labels,
        rolling_share: float,
        disputed: frozenset[int] = frozenset(),
        source: str | None = None,
        trusted: Collection[str] = (),
    ) -> None:
        """`disputed` are the keys of the texts that another file of the same archive labels differently.

        `source` is the source of every row, unless each says its own. `trusted` are the sources whose rows may be
        tested on; none: all may.
        """
        self.counts = Counts()
        self._source, self._trusted = source, trusted
        self._disputed = disputed
        self._ledger, self._quarantine = ledger, quarantine
        self._number, self._labels, self._rolling_share = number, labels, rolling_share
        self._salt, self._may_forget = ledger.salt(), ledger.may_forget
        self._numbers: set[int | None] = set()  # the labels that were stated as whole numbers, None for all others
        self._waiting: list[Post] = []
        self._waiting_characters = 0

    def take_in(self, records: Iterator[Record]) -> None:
        """Puts every row into the ledger or into quarantine."""
        labels, numbers = self._labels, self._numbers
        for record in records:
            post = judge(record, labels)
            numbers.add(stated_number(record.columns.label))
            if isinstance(post, str):
                self.refuse(record, post)
                if post == DISAGREE and record.columns.text:
                    text, _, title, source = (
                        _cleaned(value).encode("utf-8", "replace").decode() for value in record.columns
                    )
                    self._dispute(post_identity(text, title), source if self._source is None else self._source)
            else:
                self._accept(record, post)
        self._put()
        if other := other_numbers({number for number in self._numbers if number is not None}, len(self._labels)):
            raise OtherNumbers(other)

    def refuse(self, record: Record, reason: str) -> None:
        """Quarantines a row, or a whole file as row 0, but never the words of a text that was deleted on request."""
        if self._may_forget and self._tells_forgotten(record):
            record, reason = Record(record.number, ""), FORGOTTEN
        self._quarantine.add(record, reason, intact=not any(fault(_cleaned(value)) for value in record.columns))
        self.counts.quarantined += 1

    def _tells_forgotten(self, record: Record) -> bool:
        """Tells whether a bad row quotes a text that was deleted on request, as its text or between two delimiters."""
        raw = record.raw[:LONGEST_TEXT]
        parts = (record.columns.text, *raw.split("\t"), *raw.split(","))
        texts = (part.encode("utf-8", "replace").decode() for part in parts if part.strip())
        return any(self._ledger.is_forgotten(text) for text in texts)

    def _accept(self, record: Record, post: Post) -> None:
        """Sees to it that the post gets into the ledger, unless it has a forgotten text or title, or is disputed."""
        if self._may_forget and any(map(self._ledger.is_forgotten, filter(None, (post.text, post.title)))):
            self.refuse(Record(record.number, ""), FORGOTTEN)
            return
        if self._source is not None:
            post = Post(post.text, post.label, post.title, self._source)
        if self._disputed and post_key(whole := post_identity(post.text, post.title)) in self._disputed:
            self.refuse(record._replace(columns=record.columns._replace(label="")), DISAGREE)
            self._dispute(whole, post.source)
            return
        self._waiting.append(post)
        self._waiting_characters += len(post.text) + len(post.title) + len(post.source)
        if len(self._waiting) >= BATCH_POSTS or self._waiting_characters >= BATCH_CHARACTERS:
            self._put()

    def _dispute(self, identity_of_post: str, source: str) -> None:
        """Keeps a post out of training and tests when it was taken in before its annotators disagreed.

        Only the source's own texts: who contradicts himself says nothing about another one's label.
        """
        self._put()
        self._ledger.dispute(identity_of_post, self._number, source)

    def _put(self) -> None:
        """Adds new texts, and hears what is said of known ones."""
        self.counts.add(self._ledger.put(self._accepted()))
        self._waiting, self._waiting_characters = [], 0

    def _accepted(self) -> list[Accepted]:
        """Returns the waiting posts with their identities and sides.

        A text has one side for ever: one that may not be tested on goes to training from the start.
        """
        number, share, salt, trusted = self._number, self._rolling_share, self._salt, self._trusted
        return [
            Accepted(whole, post, number, is_one_of(post.source, trusted) and is_rolling(of_text(whole), share, salt))
            for post in self._waiting
            for whole in (post_identity(post.text, post.title),)
        ]
