"""The objects that a bucket lists. What is said of one may be wrong: that one is left, and the others are listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from sentiment.data.source.pages import Extent
from sentiment.data.source.refusal import refused

NO_HEADER = re.compile(r"[\x00-\x1f\x7f]")  # what no tag may hold: it is sent back in a header


class Entry(NamedTuple):
    """An object: its key, tag and size. One with a `fault` cannot be asked for; all without a key are one entry."""

    key: str
    tag: str = ""
    size: int = 0
    fault: str = ""


def entries(client: Any, bucket: str, prefix: str, address: str) -> Iterator[Entry]:
    """Yields the objects whose keys begin with a prefix, the nameless ones together at last. Raises: InputError."""
    nameless, extent = 0, Extent()
    # botocore asks for escaped keys by itself, and then expects that every object has one.
    asked = {"Bucket": bucket, "Prefix": prefix, "EncodingType": "url"}
    with refused(address):
        for page in extent.pages(client.get_paginator("list_objects_v2").paginate(**asked)):
            unescaped = unquote_plus if page.get("EncodingType") == "url" else str
            for item in page.get("Contents", ()):
                entry = _entry(unescaped(item.get("Key") or ""), item.get("ETag"), item.get("Size"))
                extent.add(entry.key)
                nameless += not entry.key
                if entry.key:
                    yield entry
    if nameless:
        yield Entry("", fault=f"the store lists objects ({nameless:,}) without their names")


def _entry(key: str, tag: str | None, size: int | None) -> Entry:
    fault = ""
    if tag is None or NO_HEADER.search(tag):
        fault = "without a tag (ETag)" if tag is None else "with a tag (ETag) that no header can hold"
    elif size is None or size < 0:
        fault = "without its size" if size is None else "with a size below 0"
    if fault:
        return Entry(key, fault=f"the store lists it {fault}")
    return Entry(key, str(tag), size or 0)
