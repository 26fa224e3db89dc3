"""The lines of a file, however long, broken or badly encoded: bounded, numbered, and each with its own error."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple, Protocol

MAXIMUM_LINE_BYTES = 262_144
BLOCK = 1 << 16  # bytes that are read and decoded at once
LONGEST_SHOWN = 4_000  # bytes kept of a row that cannot be read
BOM = b"\xef\xbb\xbf"
_TRANSLATED = re.compile(rb"\xed[\xb0-\xb3][\x80-\xbf]")  # a byte that was no character of the file's encoding


class Line(NamedTuple):
    """One line without its end, or as far as it can be shown and why it cannot be read."""

    number: int
    text: str
    ending: str = "\n"  # none at the end of the file, and where the line is cut: no row goes on behind it
    error: str = ""


class Readable(Protocol):
    """What lines are read from."""

    def readline(self, most: int, /) -> bytes: ...


class Lines:
    """The lines of a file in UTF-8, one after the other; `encoding` is the name of what it was translated from.

    Nearly every line is whole, and so are its neighbours. Those are decoded together, and may be taken from `plain`
    instead, as numbers and texts, each of which `ending` ends.
    """

    def __init__(self, handle: BinaryIO, encoding: str, broken: Callable[[], str]) -> None:
        self._handle, self._encoding, self._broken = handle, encoding, broken
        self.plain: Iterator[tuple[int, str]] = iter(())
        self.ending = "\n"
        self._careful: Iterator[Line] = iter(())  # the lines of a block of which not every one is whole
        self._number = 0  # of lines in the blocks so far
        self._is_last = False

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        while True:
            for number, text in self.plain:
                return Line(number, text, self.ending)
            for line in self._careful:
                return line
            if self._is_last:
                raise StopIteration
            self._read()

    def _read(self) -> None:
        block = self._handle.read(BLOCK)
        if not block.endswith(b"\n"):
            block += self._handle.readline(MAXIMUM_LINE_BYTES + 1)
        first = self._number
        if not block.endswith(b"\n") or len(block) > MAXIMUM_LINE_BYTES:
            # The file's end, which may have come too soon, or a line that is too long.
            self._is_last = True
            rest = bounded_lines(_Joined(block, self._handle), MAXIMUM_LINE_BYTES, self._broken)
            self._careful = self._decoded((first + number, line, reason) for number, line, reason in rest)
            return
        count, ended_by_crlf = block.count(b"\n"), block.count(b"\r\n")
        self._number += count
        try:
            text = block.decode()
        except UnicodeDecodeError:
            text = ""
        if not text or ended_by_crlf not in (0, count):
            lines = enumerate(block.split(b"\n")[:-1], first + 1)
            self._careful = self._decoded((number, line + b"\n", "") for number, line in lines)
            return
        self.ending = "\r\n" if ended_by_crlf else "\n"
        texts = (text.removeprefix("\ufeff") if first == 0 else text).split(self.ending)
        texts.pop()
        self.plain = enumerate(texts, first + 1)

    def _decoded(self, lines: Iterable[tuple[int, bytes, str]]) -> Iterator[Line]:
        for number, line, reason in lines:
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
                yield Line(number, shown(content), ending or "\n", f"not {self._encoding}")


class _Joined:
    """A file whose beginning has been read already."""

    def __init__(self, beginning: bytes, rest: Readable) -> None:
        self._beginning, self._rest = io.BytesIO(beginning), rest

    def readline(self, most: int) -> bytes:
        line = self._beginning.readline(most)
        if line.endswith(b"\n") or len(line) == most:
            return line
        return line + self._rest.readline(most - len(line))


def bounded_lines(
    handle: Readable, longest: int, broken: Callable[[], str] = lambda: ""
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
