"""Counts what a JSON body holds before it is parsed: a small one could become millions of objects. Pure.

The parser keeps Python's lock until it is done: 1.4 million different keys, 3 MB of gzip, took it 1.5 seconds, in which
nobody was answered. Counting bytes takes a hundredth of that, and cannot be deceived: a text may hold commas, brackets
and digits, but a quote only behind a backslash.
"""

from __future__ import annotations

from sentiment.model_server.admission import MOST_VALUES
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.wire import MOST_FIELDS

MOST_STRINGS = MOST_FIELDS  # keys and texts: as over gRPC. 1,024 rows of three inputs have 3,072 keys
MOST_LISTS = MOST_FIELDS  # with the objects; each becomes an object, too
# Of a number, one behind the other: a whole one with more is no double. Reading it takes time by their square.
MOST_DIGITS = 309
NO_BURDEN = 3 * MOST_FIELDS  # bytes: a string takes three, with what is behind it. So a smaller body needs no counting
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * (MOST_DIGITS + 1)


def require_countable(body: bytes | bytearray) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) when a body holds more than a request may. Damage is not told.

    Commas and brackets of texts count as values. Of keys and texts, up to twice as many pass where all of them end with
    a backslash, since that hides their second quote.
    """
    if (found := sum(body.count(sign) for sign in (b",", b"[", b"{"))) > MOST_VALUES:
        raise _too_much(f"a body must have at most {MOST_VALUES} values; found {found}")
    if len(body) <= NO_BURDEN:
        return
    if body.count(b'"') - body.count(b'\\"') > 2 * MOST_STRINGS:
        raise _too_much(f"a body must have at most {MOST_STRINGS} keys and texts; it has more")
    if _lists(body) > MOST_LISTS and (found := _lists(_without_texts(body))) > MOST_LISTS:
        raise _too_much(f"a body must have at most {MOST_LISTS} lists and objects; found {found}")
    if _has_long_number(body) and _has_long_number(_without_texts(body)):
        raise _too_much(f"a number must have at most {MOST_DIGITS} digits in a row; one has more")


def _without_texts(body: bytes | bytearray) -> bytes:
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b'"'.join(plain.split(b'"')[::2])


def _lists(body: bytes | bytearray) -> int:
    return body.count(b"[") + body.count(b"{")


def _has_long_number(body: bytes | bytearray) -> bool:
    return _LONG in body.translate(_AS_ZEROS)


def _too_much(what: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, f"JSON Parse error: {what}")
