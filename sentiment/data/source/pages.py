"""The pages of a bucket's list, as long as it may be one that ends: a store may name another page for ever."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from sentiment.data.formats.allowance import MOST_SECONDS
from sentiment.data.source.refusal import NeverEnds

MOST_OBJECTS = 10_000_000  # hidden ones, too: `score` holds some 700 bytes of each, and its name three times,
MOST_OF_NAMES = 1_000_000_000  # which may have so many characters together, with the tags: some 10 GB in all
MOST_EMPTY = 1_000  # pages in a row without an object, as a store may give where many were deleted


class Extent:
    """How far a list has gone. No rule asks for the order of its keys: not every kind of bucket keeps one."""

    def __init__(self) -> None:
        self._seconds = 0.0  # that were waited for pages; what is done between them does not count
        self._pages = self._empty = self._objects = self._of_names = 0
        self._token = ""  # of a page whose number is 1, 2, 4, 8 …: a list that goes round comes to one of them again

    def pages(self, answers: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yields the pages of a list. Raises: NeverEnds."""
        left = iter(answers)
        while (page := self._timed(left)) is not None:
            self._add_page(page)
            yield page

    def add(self, names: str) -> None:
        """Adds an object's key and tag. Raises: NeverEnds."""
        self._objects += 1
        self._of_names += len(names)
        if self._objects > MOST_OBJECTS:
            raise NeverEnds(what=f"has more than {MOST_OBJECTS:,} objects")
        if self._of_names > MOST_OF_NAMES:
            raise NeverEnds(what=f"has names and tags of more than {MOST_OF_NAMES:,} characters")

    def _timed(self, left: Iterator[dict[str, Any]]) -> dict[str, Any] | None:
        began = time.monotonic()
        page = next(left, None)
        self._seconds += time.monotonic() - began
        if self._seconds > MOST_SECONDS:
            raise NeverEnds(what=f"takes more than {MOST_SECONDS // 60} minutes")
        return page

    def _add_page(self, page: dict[str, Any]) -> None:
        self._pages += 1
        self._empty = 0 if page.get("Contents") else self._empty + 1
        if self._empty > MOST_EMPTY:
            raise NeverEnds(what=f"has more than {MOST_EMPTY:,} pages in a row without an object")
        token = page.get("NextContinuationToken", "") if page.get("IsTruncated") else ""
        if token and token == self._token:
            raise NeverEnds(what="comes back to where it was")
        if self._pages & (self._pages - 1) == 0:
            self._token = token
