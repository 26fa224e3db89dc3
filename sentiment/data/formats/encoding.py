"""Detects a text file's encoding from its first megabyte, and translates the file to UTF-8 as it is read.

A few broken bytes do not make a file Big5: they spoil only their own lines. The two Chinese double-byte encodings
accept each other's bytes, so a text counts as Big5 (or GB 18030) only if its characters are in common use: both tables
put such characters first (Big5's level 1, lead bytes A4 to C6; GB 2312's level 1, lead bytes B0 to D7).
"""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO, NamedTuple


class Encoding(NamedTuple):
    """An encoding: its name for people, Python's codec, and the bytes of its mark at the start of the file."""

    name: str
    codec: str
    mark: bytes = b""


UTF_8 = Encoding("UTF-8", "utf-8")
MARKED = (
    Encoding("UTF-8 with BOM", "utf-8", codecs.BOM_UTF8),
    Encoding("UTF-32 LE", "utf-32-le", codecs.BOM_UTF32_LE),  # before UTF-16, whose mark it begins with
    Encoding("UTF-32 BE", "utf-32-be", codecs.BOM_UTF32_BE),
    Encoding("UTF-16 LE", "utf-16-le", codecs.BOM_UTF16_LE),
    Encoding("UTF-16 BE", "utf-16-be", codecs.BOM_UTF16_BE),
)
BIG5 = Encoding("Big5", "cp950")
GB18030 = Encoding("GB 18030", "gb18030")
COMMON_LEADS = {BIG5: (0xA4, 0xC6), GB18030: (0xB0, 0xD7)}
COMMON_SHARE = 0.8  # of a real text's Han characters; other encodings' texts reach 0.55
WHOLE_LINES = 0.9  # share of the lines with Han characters that must decode

_BROKEN = "sentiment.broken"


def _as_lone_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Keeps bytes that are not a character as U+DC00 + byte, so that only the lines with them are refused later."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_BROKEN, _as_lone_surrogates)


def detect(sample: bytes) -> Encoding:
    """Returns the encoding of a file that begins with `sample`; UTF-8 when nothing indicates another."""
    for encoding in MARKED:
        if sample.startswith(encoding.mark):
            return encoding
    # A header, or JSON, begins with ASCII: in UTF-16 every other byte of it is zero.
    zeros = [byte == 0 for byte in sample[:4]]
    if zeros in ([False, True] * 2, [True, False] * 2):
        return Encoding("UTF-16 LE", "utf-16-le") if zeros[1] else Encoding("UTF-16 BE", "utf-16-be")
    if _is_mostly_utf_8(sample):
        return UTF_8
    return next((encoding for encoding in (BIG5, GB18030) if _is_likely(sample, encoding)), UTF_8)


def _is_mostly_utf_8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    # In UTF-8 with some broken bytes, most characters are whole; in another encoding only a few happen to be.
    return broken == 0 or sum(character > "\x7f" for character in text) - broken >= broken


def _is_likely(sample: bytes, encoding: Encoding) -> bool:
    lines = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    texts = [text for text in (_decoded(line, encoding) for line in lines) if text is not None]
    if not lines or len(texts) < WHOLE_LINES * len(lines):
        return False
    low, high = COMMON_LEADS[encoding]
    pairs = (character.encode(encoding.codec) for text in texts for character in text if character > "\x7f")
    han = [pair[0] for pair in pairs if len(pair) == 2 and pair[0] >= low]
    return bool(han) and sum(lead <= high for lead in han) >= COMMON_SHARE * len(han)


def _decoded(line: bytes, encoding: Encoding) -> str | None:
    try:
        return line.decode(encoding.codec)
    except UnicodeDecodeError:
        return None


class AsUtf8(io.RawIOBase):
    """A file in another encoding, read as UTF-8; what is not a character of that encoding is not valid UTF-8 either."""

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding.codec)(_BROKEN)
        self._left = b""
        self._ended = False
        file.read(len(encoding.mark))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills at least a part of `buffer` unless the file is at its end."""
        while not self._left and not self._ended:
            piece = self._file.read(len(buffer))
            self._ended = not piece
            self._left = self._decoder.decode(piece, self._ended).encode("utf-8", "surrogatepass")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
