"""The lines of a file, however long, broken or badly encoded: bounded, numbered, and each with its own error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

MAXIMUM_LINE_BYTES = 262_144
LONGEST_SHOWN = 4_000  # bytes kept of a row that cannot be read
BOM = b"\xef\xbb\xbf"
_TRANSLATED = re.compile(rb"\xed[\xb0-\xb3][\x80-\xbf]")  # a byte that was no character of the file's encoding


class Line(NamedTuple):
    """One line without its end, or as far as it can be shown and why it cannot be read."""

    number: int
    text: str
    ending: str = "\n"  # none at the end of the file, and where the line is cut: no row goes on behind it
    error: str = ""


def decoded_lines(handle: BinaryIO, encoding: str, broken: Callable[[], str]) -> Iterator[Line]:
    """Yields the lines of a file in UTF-8; `encoding` is the name of what it was translated from."""
    for number, line, reason in bounded_lines(handle, MAXIMUM_LINE_BYTES, broken):
        if reason:
            yield Line(number, shown(line[:LONGEST_SHOWN]), "", reason)
            continue
        if number == 1:
            line = line.removeprefix(BOM)
        ending = "\r\n" if line.endswith(b"\r\n") else "\n" if line.endswith(b"\n") else ""
        content = line[: len(line) - len(ending)]
        try:
            yield Line(number, content.decode("utf-8"), ending)
        except UnicodeDecodeError:
            yield Line(number, shown(content), ending or "\n", f"not {encoding}")


def bounded_lines(
    handle: BinaryIO, longest: int, broken: Callable[[], str] = lambda: ""
) -> Iterator[tuple[int, bytes, str]]:
    """Yields each line's number, its bytes (at most `longest` and one more), and a reason to refuse it (or "").

    When `broken` gives a reason at the end of the file, the line cut off there gets it, or else an empty last line.
    """
    number = 0
    while line := handle.readline(longest + 1):
        number += 1
        if len(line) <= longest and line.endswith(b"\n"):  # nearly always
            yield number, line, ""
            continue
        part = line
        while part and not part.endswith(b"\n"):
            part = handle.readline(longest)
        too_long = len(line) > longest
        reason = "line too long" if too_long else broken()
        yield number, line, reason
        if reason and not too_long:
            return
    if reason := broken():
        yield number + 1, b"", reason


def shown(line: bytes) -> str:
    r"""Returns a line that may not be UTF-8 as text, with `\xa4` for a byte that is not a character."""
    return _TRANSLATED.sub(_escaped, line).decode("utf-8", "backslashreplace")


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\\x%02x" % (ord(match[0].decode("utf-8", "surrogatepass")) & 0xFF)
