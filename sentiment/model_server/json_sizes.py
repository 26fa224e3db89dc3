"""Counts what a JSON body holds before it is parsed: a small one could become millions of objects. Pure.

The parser keeps Python's lock until it is done: 1.4 million different keys, 3 MB of gzip, took it 1.5 seconds, in which
nobody was answered. Counting bytes takes a hundredth of that, and cannot be deceived: a text may hold commas, brackets
and digits, but a quote only behind a backslash. A large body is counted in parts, between which others have their turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sentiment.model_server.admission import MOST_VALUES
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.wire import MOST_FIELDS

MOST_STRINGS = MOST_FIELDS  # keys and texts: as over gRPC. 1,024 rows of three inputs have 3,072 keys
MOST_LISTS = MOST_FIELDS  # with the objects; each becomes an object, too
# Of a number, one behind the other: a whole one with more is no double. Reading it takes time by their square.
MOST_DIGITS = 309
NO_BURDEN = 3 * MOST_FIELDS  # bytes: a string takes three, with what is behind it. So a smaller body needs no counting
AT_ONCE = 1 << 18  # bytes that are counted before other threads have their turn
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * (MOST_DIGITS + 1)


def require_countable(body: bytes | bytearray) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) when a body holds more than a request may. Damage is not told.

    Commas and brackets of texts count as values. Of keys and texts, up to twice as many pass where all of them end with
    a backslash, since that hides their second quote.
    """
    lists = _count(body, b"[") + _count(body, b"{")
    if (found := lists + _count(body, b",")) > MOST_VALUES:
        raise _too_much(f"a body must have at most {MOST_VALUES} values; found {found}")
    if len(body) <= NO_BURDEN:
        return
    if _count(body, b'"') - _count(body, b'\\"') > 2 * MOST_STRINGS:
        raise _too_much(f"a body must have at most {MOST_STRINGS} keys and texts; it has more")
    if lists > MOST_LISTS and (found := sum(map(_lists, _without_texts(body)))) > MOST_LISTS:
        raise _too_much(f"a body must have at most {MOST_LISTS} lists and objects; found {found}")
    if _has_long_number(_parts(body)) and _has_long_number(_without_texts(body)):
        raise _too_much(f"a number must have at most {MOST_DIGITS} digits in a row; one has more")


def _count(body: bytes | bytearray, sign: bytes) -> int:
    """Returns how often one or two bytes, of which none is the other, stand in the body."""
    beyond = len(sign) - 1
    return sum(body.count(sign, start, start + AT_ONCE + beyond) for start in range(0, len(body), AT_ONCE))


def _parts(body: bytes | bytearray) -> Iterator[bytes | bytearray]:
    return (body[start : start + AT_ONCE] for start in range(0, len(body), AT_ONCE))


def _without_texts(body: bytes | bytearray) -> Iterator[bytes]:
    """Yields a body in parts, with one quote in the place of each key and text."""
    inside, rest = False, b""
    for part in _parts(body):
        whole = rest + part
        rest = whole[-1:] if (len(whole) - len(whole.rstrip(b"\\"))) % 2 else b""  # half of an escaped sign
        plain = whole[: len(whole) - len(rest)].replace(b"\\\\", b"").replace(b'\\"', b"")
        pieces = plain.split(b'"')
        yield b'"'.join([b"", *pieces[1::2]] if inside else pieces[::2])
        inside ^= len(pieces) % 2 == 0


def _lists(part: bytes) -> int:
    return part.count(b"[") + part.count(b"{")


def _has_long_number(parts: Iterable[bytes | bytearray]) -> bool:
    before = b""
    for part in parts:
        digits = before + part.translate(_AS_ZEROS)
        if _LONG in digits:
            return True
        before = digits[-MOST_DIGITS:]
    return False


def _too_much(what: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, f"JSON Parse error: {what}")
