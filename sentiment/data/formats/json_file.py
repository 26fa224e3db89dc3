"""Reads JSON Lines, and JSON files that are a list of objects (or one object after the other), piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from sentiment.data.formats.json_elements import CUT_OFF, LARGEST_ELEMENT, elements
from sentiment.data.formats.labelled_json import record_of
from sentiment.data.formats.record import Record
from sentiment.data.rows import LONGEST_SHOWN, bounded_lines, shown
from sentiment.labels import Labels


def read_json_lines(file: BinaryIO, encoding: str, broken: Callable[[], str], labels: Labels) -> Iterator[Record]:
    """Yields one row per line; a broken line spoils only itself."""
    for number, line, reason in bounded_lines(file, LARGEST_ELEMENT, broken):
        if reason or line.strip():
            yield _element(number, line, reason, encoding, labels)


def read_json(file: BinaryIO, encoding: str, broken: Callable[[], str], labels: Labels) -> Iterator[Record]:
    """Yields the elements of the list in the file, or the values in the file; their numbers count from 1."""
    number, reason = 0, ""
    for number, (element, reason) in enumerate(elements(file), 1):
        why = broken() or reason if reason == CUT_OFF else reason
        yield _element(number, element, why, encoding, labels)
    if broken() and reason != CUT_OFF:
        yield Record(number + 1, "", error=broken())


def _element(number: int, raw: bytes, reason: str, encoding: str, labels: Labels) -> Record:
    if reason:
        return Record(number, shown(raw[:LONGEST_SHOWN]), error=reason)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Record(number, shown(raw), error=f"not {encoding}")
    return record_of(number, text.strip(), labels)
