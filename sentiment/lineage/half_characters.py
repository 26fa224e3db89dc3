"""Halves of characters in JSON that is written again: `\\ud800` may stand in a string, and no UTF-8 can say it."""

from __future__ import annotations

import re

SURROGATE = re.compile("[\ud800-\udfff]")
BYTES = range(0xDC80, 0xDD00)  # what "surrogateescape" makes of a byte that is not UTF-8: 0xDC00 more than the byte


def as_utf_8(shown: str, *, may_be_bytes: bool) -> bytes:
    """Returns JSON as bytes that mean the same: half a character becomes its escape again.

    Where it `may_be_bytes`, a half that stands for a byte becomes that byte. Such a value can also hold the escape of
    that very half, and then this is what becomes of it: both are no text, and refused.
    """
    try:
        return shown.encode()
    except UnicodeEncodeError:
        escaped = SURROGATE.sub(lambda half: _escape(half[0], may_be_bytes), shown)
    return escaped.encode("utf-8", "surrogateescape")


def _escape(half: str, may_be_bytes: bool) -> str:
    return half if may_be_bytes and ord(half) in BYTES else f"\\u{ord(half):04x}"
