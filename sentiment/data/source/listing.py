"""The objects that a bucket lists. What is said of one may be wrong: that one is left, and the others are listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from sentiment.data.source.pages import Extent
from sentiment.data.source.refusal import refused
from sentiment.data.source.source import MOST_LEFT

MOST_SIZE = 50_000_000_000_000  # bytes of an object: no store takes more
LONGEST_KEY, LONGEST_TAG = 1_024, 1_024  # bytes, nor a longer key; a tag has some 40
NO_HEADER = re.compile(r"[\x00-\x1f\x7f]")  # what no tag may hold: it is sent back in a header


class Entry(NamedTuple):
    """An object: its key, tag and size. One with a `fault` cannot be asked for; one without a key stands for several.

    Of a key that is too long there is the beginning.
    """

    key: str
    tag: str = ""
    size: int = 0
    fault: str = ""


def entries(client: Any, bucket: str, prefix: str, address: str) -> Iterator[Entry]:
    """Yields the objects whose keys begin with a prefix. Raises: InputError.

    Together at last come the nameless ones, and those with a fault behind the first MOST_LEFT.
    """
    nameless, faulty, extent = 0, 0, Extent()
    # botocore asks for escaped keys by itself, and then expects that every object has one.
    asked = {"Bucket": bucket, "Prefix": prefix, "EncodingType": "url"}
    with refused(address):
        for page in extent.pages(client.get_paginator("list_objects_v2").paginate(**asked)):
            unescaped = unquote_plus if page.get("EncodingType") == "url" else str
            for item in page.get("Contents", ()):
                entry = _entry(unescaped(item.get("Key") or ""), item.get("ETag"), item.get("Size"))
                extent.add(entry.key + entry.tag)
                nameless += not entry.key
                faulty += bool(entry.key and entry.fault)
                if entry.key and not (entry.fault and faulty > MOST_LEFT):
                    yield entry
    if together := _together(nameless, faulty - MOST_LEFT):
        yield Entry("", fault=f"the store lists {together}")


def _together(nameless: int, more: int) -> str:
    found = {"objects ({:,}) without their names": nameless, "more objects ({:,}) wrongly": more}
    return " and ".join(told.format(number) for told, number in found.items() if number > 0)


def _entry(key: str, tag: str | None, size: int | None) -> Entry:
    if fault := _fault_of_key(key) or _fault_of_tag(tag) or _fault_of_size(size):
        return Entry(key.encode()[:LONGEST_KEY].decode(errors="ignore"), fault=f"the store lists it {fault}")
    return Entry(key, tag or "", size or 0)


def _fault_of_key(key: str) -> str:
    return f"with a name of more than {LONGEST_KEY:,} bytes" if len(key.encode()) > LONGEST_KEY else ""


def _fault_of_tag(tag: str | None) -> str:
    if tag is None:
        return "without a tag (ETag)"
    return "with a tag (ETag) that no header can hold" if len(tag) > LONGEST_TAG or NO_HEADER.search(tag) else ""


def _fault_of_size(size: int | None) -> str:
    if size is None:
        return "without its size"
    if size < 0:
        return "with a size below 0"
    return f"with a size above {MOST_SIZE // 10**12} TB" if size > MOST_SIZE else ""
