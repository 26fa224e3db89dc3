"""A request to the engine, taken apart as the rules need it and put together again: never passed on as it came.

The engine's parser is more generous than this one: it takes names in any case, the first or last of several values, and
a form in a body for a query. So what states nothing is left out (`"capdrop": []` would undo a `CapDrop`), and what is
passed on is written anew from what was understood.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

VERSION = re.compile(r"(/v[0-9]{1,2}\.[0-9]{1,3})?(/.*)")


class RefusedError(Exception):
    """Says in one line what must hold of a request that is let through, and with which HTTP status it is refused."""

    def __init__(self, must: str, status: int = 403) -> None:
        super().__init__(must)
        self.status = status


@dataclass(frozen=True)
class Request:
    """`path` is without the `version` ("" or "/v1.41"); `body` is what the JSON object states, {} for none."""

    method: str
    version: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> str:
        query = urlencode(self.query)
        return self.version + self.path + (f"?{query}" if query else "")

    @property
    def content(self) -> bytes:
        return json.dumps(self.body).encode() if self.body else b""


def read(method: str, target: str, content: bytes) -> Request:
    """Returns the request. Raises: RefusedError when it can be read in more than one way."""
    path, _, query = target.partition("?")
    found = VERSION.fullmatch(path)
    pairs = parse_qsl(query, keep_blank_values=True)
    if not found or len(dict(pairs)) < len(pairs):
        raise RefusedError("an address must be a path with every parameter once")
    return Request(method, found[1] or "", found[2], dict(pairs), stated(read_object(content)) if content else {})


def read_object(text: str | bytes) -> dict[str, Any]:
    """Returns a JSON object. Raises: RefusedError when it is none, or has a name twice."""
    try:
        value = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise RefusedError("a body or filter must be JSON") from None
    if not isinstance(value, dict):
        raise RefusedError("a body or filter must be a JSON object")
    return value


def stated(value: Any) -> Any:
    """Returns a value without the names that have an empty value: none of what a step needs is one."""
    if isinstance(value, dict):
        kept = {name: stated(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, False, 0, "", [], {})}
    return [stated(each) for each in value] if isinstance(value, list) else value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise RefusedError("a JSON object must have each name once")
    return dict(pairs)
