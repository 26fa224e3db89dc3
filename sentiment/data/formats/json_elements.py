"""Yields the elements of a JSON document, one at a time: the document may be larger than the memory.

This module looks only at brackets, commas and quotes; its caller parses each element by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

LARGEST_ELEMENT = 1 << 20  # bytes of one row: a task of Label Studio with all its history has a few thousand
CUT_OFF = "the file ends within a JSON value"
TOO_LONG = "JSON value too long"
_PIECE = 1 << 16
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
# Complete strings, and what is between them, are skipped at once. Commas matter only between two elements.
_BETWEEN = re.compile(rb"(?:" + _STRING + rb'[^"{}\[\],]*+)++|"|[{\[]+|[}\]]|,', re.DOTALL)
_WITHIN = re.compile(rb"(?:" + _STRING + rb'[^"{}\[\]]*+)++|"|[{\[]+|[}\]]', re.DOTALL)
_IN_STRING = re.compile(rb'["\\]')
_START = re.compile(rb"[^ \t\r\n,]")


class _Splitter:
    """Cuts a document where an element ends. `_base` is the depth of an element: 1 in a list, None between values."""

    def __init__(self) -> None:
        self._base: int | None = None
        self._depth = 0
        self._in_string = self._escaped = False
        self._element = bytearray()
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, str]]:
        """Yields the elements that end within `piece`, the next bytes of the document."""
        start = at = 0
        if self._escaped:
            self._escaped, at = False, 1
        while at < len(piece):
            if self._base is None:
                first = _START.search(piece, at)
                if not first:
                    return
                start = at = self._begin(first[0], first.start())
            match = self._pattern().search(piece, at)
            if not match:
                break
            at = match.end()
            if self._in_string:
                self._in_string = match[0] == b"\\"
                if self._in_string:
                    at += 1
                    self._escaped = at > len(piece)
                continue
            end = self._end_of_element(match)
            if end is not None:
                self._keep(piece[start:end])
                start = at
                yield from self._taken()
        if self._base is not None:
            self._keep(piece[start:])

    def finish(self) -> Iterator[tuple[bytes, str]]:
        """Yields what is left at the end of the document: a value that needs no bracket, or one that was cut off."""
        whole = self._base is None or (self._base == 0 and self._depth == 0 and not self._in_string)
        if whole:
            yield from self._taken()
        else:
            yield bytes(self._element), CUT_OFF

    def _pattern(self) -> re.Pattern[bytes]:
        if self._in_string:
            return _IN_STRING
        return _BETWEEN if self._depth == self._base else _WITHIN

    def _begin(self, first: bytes, at: int) -> int:
        is_list = first == b"["
        self._base = self._depth = int(is_list)
        return at + 1 if is_list else at

    def _end_of_element(self, match: re.Match[bytes]) -> int | None:
        """Follows quotes and brackets; returns where the element ends, or None when it continues."""
        sign, end = match[0], None
        if sign[:1] == b'"':
            self._in_string = len(sign) == 1
        elif sign == b",":
            end = match.start()
        elif sign[:1] in b"[{":
            self._depth += len(sign)
        else:
            self._depth -= 1
            if self._depth <= 0:
                end = match.start() if self._base and sign == b"]" else match.end()
                self._base, self._depth = None, 0
        return end

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        self._element += part[: LARGEST_ELEMENT - len(self._element)]

    def _taken(self) -> Iterator[tuple[bytes, str]]:
        element, too_long = bytes(self._element).strip(), self._size > LARGEST_ELEMENT
        self._element.clear()
        self._size = 0
        if element:
            yield element, TOO_LONG if too_long else ""


def elements(file: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """Yields every list's elements, and every value outside a list, with the reason why it is broken (or "")."""
    splitter = _Splitter()
    while piece := file.read(_PIECE):
        yield from splitter.feed(piece)
    yield from splitter.finish()
