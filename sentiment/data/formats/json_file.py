"""Reads JSON Lines, and JSON files that are a list of objects (or one object after the other), piece by piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from sentiment.data.file_lines import LONGEST_SHOWN, bounded_lines, shown
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.json_elements import CUT_OFF, LARGEST_ELEMENT, elements
from sentiment.data.formats.labelled import TELLING, item_of, record_of_item
from sentiment.data.formats.labelled_json import object_of
from sentiment.data.formats.opened import Opened
from sentiment.data.formats.record import MOST_COLUMNS, Record
from sentiment.data.formats.survey import Survey
from sentiment.labels import Labels

_TELLING = re.compile(rb'"\s*(?:' + "|".join(TELLING).encode() + rb')\s*"|\.responses"', re.IGNORECASE)
_PIECE = 1 << 20
_LONGEST_NAME = 64  # bytes of a telling name in quotes, which may lie across two pieces

OpenFile = Callable[[], Opened]


class Element(NamedTuple):
    """An element of a file: its number, its bytes, and why it cannot be read."""

    number: int
    raw: bytes
    reason: str


def read_json_lines(
    open_file: OpenFile, allowed: Allowance, encoding: str, labels: Labels, label_field: str
) -> Iterator[Record]:
    """Yields one row per line; a broken line spoils only itself."""
    return _read(open_file, _lines, allowed, encoding, labels, label_field)


def read_json(
    open_file: OpenFile, allowed: Allowance, encoding: str, labels: Labels, label_field: str
) -> Iterator[Record]:
    """Yields the elements of the list in the file, or the values in the file; their numbers count from 1."""
    return _read(open_file, _elements, allowed, encoding, labels, label_field)


def _lines(opened: Opened) -> Iterator[Element]:
    for number, line, reason in bounded_lines(opened.file, LARGEST_ELEMENT, opened.broken):
        if reason or line.strip():
            yield Element(number, line, reason)


def _elements(opened: Opened) -> Iterator[Element]:
    number, reason = 0, ""
    for number, (element, reason) in enumerate(elements(opened.file), 1):
        yield Element(number, element, (opened.broken() or reason) if reason == CUT_OFF else reason)
    if opened.broken() and reason != CUT_OFF:
        yield Element(number + 1, b"", opened.broken())


def _read(
    open_file: OpenFile,
    split: Callable[[Opened], Iterator[Element]],
    allowed: Allowance,
    encoding: str,
    labels: Labels,
    label_field: str,
) -> Iterator[Record]:
    survey = Survey(labels, label_field)
    if label_field or _is_telling(open_file()):
        parsed = (_parsed(element, encoding) for element in allowed.first(split(open_file())))
        survey.take(item_of(value, labels, label_field) for value, _, error in parsed if not error)
    for element in split(open_file()):
        value, raw, error = _parsed(element, encoding)
        if error:
            yield Record(element.number, raw, error=error)
        else:
            yield record_of_item(element.number, raw, item_of(value, labels, label_field), survey, labels)


def _is_telling(opened: Opened) -> bool:
    """Tells whether there is anything in the file for which one row is not enough."""
    tail = b""
    for piece in iter(partial(opened.file.read, _PIECE), b""):
        if _TELLING.search(tail + piece):
            return True
        tail = piece[-_LONGEST_NAME:]
    return False


def _parsed(element: Element, encoding: str) -> tuple[dict[str, Any], str, str]:
    """Returns an element's value, its text and the reason why there is no value."""
    if element.reason:
        return {}, shown(element.raw[:LONGEST_SHOWN]), element.reason
    try:
        raw = element.raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return {}, shown(element.raw), f"not {encoding}"
    value, error = object_of(raw)
    if len(value) > MOST_COLUMNS:
        return {}, raw, f"a JSON object of more than {MOST_COLUMNS:,} fields"
    return value, raw, error
