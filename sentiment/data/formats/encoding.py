"""Detects a text file's encoding from its first megabyte, and translates the file to UTF-8 as it is read.

A file that is not UTF-8 says nowhere what it is, and the double-byte encodings of Chinese, Japanese and Korean accept
each other's bytes. So each candidate reads the sample, and what it read is weighed: how many of the characters are
common in Chinese posts (or in Japanese, or Korean ones), how many are rare, private or none at all. An encoding is
taken only when the evidence for it is strong and far ahead of that for any other; or else the file is refused.

A few broken bytes do not make a UTF-8 file another encoding: they spoil their own lines.
"""

from __future__ import annotations

import codecs
import io
import math
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from sentiment.data.formats import big5
from sentiment.data.formats.common_characters import COMMON
from sentiment.data.formats.record import UnreadableFile


class Encoding(NamedTuple):
    """An encoding: its name for people, Python's codec, and the bytes of its mark at the start of the file."""

    name: str
    codec: str
    mark: bytes = b""


UTF_8 = Encoding("UTF-8", "utf-8")
UTF_16 = (Encoding("UTF-16 LE", "utf-16-le"), Encoding("UTF-16 BE", "utf-16-be"))
MARKED = (
    Encoding("UTF-8 with BOM", "utf-8", codecs.BOM_UTF8),
    Encoding("UTF-32 LE", "utf-32-le", codecs.BOM_UTF32_LE),  # before UTF-16, whose mark it begins with
    Encoding("UTF-32 BE", "utf-32-be", codecs.BOM_UTF32_BE),
    Encoding("UTF-16 LE", "utf-16-le", codecs.BOM_UTF16_LE),
    Encoding("UTF-16 BE", "utf-16-be", codecs.BOM_UTF16_BE),
)
BIG5 = Encoding("Big5", big5.NAME)
GB18030 = Encoding("GB 18030", "gb18030")
EUC_KR = Encoding("EUC-KR", "cp949")
EUC_JP = Encoding("EUC-JP", "euc_jp")
SHIFT_JIS = Encoding("Shift-JIS", "cp932")
READ = (BIG5, GB18030)  # the double-byte encodings that are read; the others are recognised, to be refused
WHOLE_LINES = 0.9  # share of the lines beyond ASCII that must decode
ENOUGH = 3.0  # natural logarithm of how much likelier an encoding must be than chance, and than any other
CERTAIN = 3  # common Chinese characters, nine bytes in the right order: they are not UTF-8 by chance
MOST_CHARACTERS = 100_000  # that are weighed: more would only say the same
# What a character adds: log(share in posts / share in random characters), rounded; about half of the characters of a
# post are common ones, of random Chinese characters one in sixteen.
COMMON_HAN = math.log(0.5 / 0.06)
RARE_HAN = math.log(0.5 / 0.94)
FOREIGN = -1.0  # a letter of another script: a few occur in every language's posts
UNLIKELY = -4.0  # private use, unassigned, a control character

_BROKEN = "sentiment.broken"


def _as_lone_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Keeps bytes that are not a character as U+DC00 + byte, so that only the lines with them are refused later."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_BROKEN, _as_lone_surrogates)


def detect(sample: bytes) -> Encoding:
    """Returns the encoding of a file that begins with `sample`.

    Raises: UnreadableFile when it is not certain, naming what it could be.
    """
    if b"\r" in sample.rstrip(b"\r") and b"\n" not in sample:
        raise UnreadableFile("the file's lines end with CR alone, as on an old Macintosh: save it with LF or CRLF")
    for encoding in MARKED:
        if sample.startswith(encoding.mark):
            return encoding
    if wide := _wide(sample):
        return wide
    return UTF_8 if is_mostly_utf_8(sample) and not _reads_better(sample) else _double_byte(sample)


def _reads_better(sample: bytes) -> bool:
    """Tells whether what is UTF-8, of letters of other scripts, need not be meant so: a short text may be by chance."""
    text = sample.decode("utf-8", "replace")[:MOST_CHARACTERS]
    weight = _weight(text, _chinese)
    if weight >= 0 or sum(character in COMMON for character in text) >= CERTAIN:
        return False
    found = candidates(sample)
    if any(other >= max(ENOUGH, weight + ENOUGH) for other, encoding in found if encoding in READ):
        return True
    letters = {character for character in text if character > "\x7f" and _script(character) != "sign"}
    return bool(found) and not any(_script(letter) != "letter" or _is_latin(letter) for letter in letters)


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _wide(sample: bytes) -> Encoding | None:
    """Returns UTF-16 without a mark, or None: every other byte of ASCII is zero, and a line's end is ASCII."""
    zeros = [byte == 0 for byte in sample[:4]]  # a header, or JSON, begins with ASCII
    if zeros in ([False, True] * 2, [True, False] * 2):
        return UTF_16[0] if zeros[1] else UTF_16[1]
    if b"\0" not in sample:
        return None
    found = [(_weight(sample[: len(sample) & ~1].decode(each.codec, "replace"), _chinese), each) for each in UTF_16]
    weight, encoding = max(found)
    return encoding if weight >= ENOUGH else None


def is_unlikely(text: str) -> bool:
    """Tells whether a text of a double-byte file may be one of another encoding: its characters are not for posts.

    Files are put together from pieces, so a line need not be in the encoding that the file shows.
    """
    scripts = Counter(map(_script, filter(lambda character: character > "\x7f", text)))
    return bool(scripts["none"]) or (bool(scripts["han"]) and _weight(text, _chinese) < 0)


def is_mostly_utf_8(sample: bytes) -> bool:
    """Tells whether more characters beyond ASCII are whole UTF-8 than are not: few of another encoding happen to be."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken == 0 or sum(character > "\x7f" for character in text) - broken >= broken


def _double_byte(sample: bytes) -> Encoding:
    found = sorted(candidates(sample), reverse=True)
    weight, best = found[0] if found else (0.0, UTF_8)
    ahead = weight - found[1][0] if len(found) > 1 else math.inf
    if best in READ and weight >= ENOUGH and ahead >= ENOUGH:
        return best
    if not found:
        raise UnreadableFile("the file is in no encoding that is read: deliver UTF-8", repr(sample[:60]))
    could_be = ", ".join(f"could be {encoding.name}" for _, encoding in found[:2])
    raise UnreadableFile(f"the encoding is not certain, {could_be}: deliver UTF-8", repr(sample[:60]))


def candidates(sample: bytes) -> list[tuple[float, Encoding]]:
    """Returns the double-byte encodings in which (nearly all) lines of `sample` are text, each with its weight."""
    lines = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    found = []
    for encoding, weigh in _WEIGHED.items():
        texts = [text for text in (_decoded(line, encoding) for line in lines) if text is not None]
        if lines and len(texts) >= WHOLE_LINES * len(lines):
            found.append((_weight("".join(texts)[:MOST_CHARACTERS], weigh), encoding))
    return found


def _decoded(line: bytes, encoding: Encoding) -> str | None:
    try:
        return line.decode(encoding.codec)
    except UnicodeDecodeError:
        return None


def _weight(text: str, weigh: Callable[[str], float]) -> float:
    return sum(weigh(character) * number for character, number in Counter(text).items() if character > "\x7f")


@lru_cache(maxsize=100_000)
def _script(character: str) -> str:
    """Returns han, kana, hangul, letter (of any other script), none (no character, or private) or sign."""
    category = unicodedata.category(character)
    if category in ("Co", "Cn", "Cc", "Cs") or character == "\ufffd":
        return "none"
    name = unicodedata.name(character, "")
    if name.startswith("CJK "):
        return "han" if category == "Lo" else "sign"
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return "kana"
    if name.startswith("HANGUL"):
        return "hangul"
    return "letter" if category[0] == "L" and not name.startswith("FULLWIDTH") else "sign"


def _chinese(character: str) -> float:
    script = _script(character)
    if script == "han":
        return COMMON_HAN if character in COMMON else RARE_HAN
    return {"none": UNLIKELY, "sign": 0.0}.get(script, FOREIGN)


def _japanese(character: str) -> float:
    return {"kana": 2.0, "han": -0.3, "sign": 0.0, "none": UNLIKELY}.get(_script(character), FOREIGN)


def _korean(character: str) -> float:
    if _script(character) == "hangul":
        return 1.0 if _is_everyday_hangul(character) else -2.0
    return {"sign": 0.0, "none": UNLIKELY}.get(_script(character), -1.5)


def _is_everyday_hangul(character: str) -> bool:
    """Tells whether a syllable is one of the 2,350 of KS X 1001; cp949 has the 8,822 others, which hardly occur."""
    try:
        return len(character.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


_WEIGHED = {BIG5: _chinese, GB18030: _chinese, EUC_KR: _korean, EUC_JP: _japanese, SHIFT_JIS: _japanese}


class AsUtf8(io.RawIOBase):
    """A file in another encoding, read as UTF-8; what is not a character of that encoding is not valid UTF-8 either."""

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)  # a terminal's line at once
        self._decoder = codecs.getincrementaldecoder(encoding.codec)(_BROKEN)
        self._left = b""
        self._ended = False
        file.read(len(encoding.mark))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills at least a part of `buffer` unless the file is at its end."""
        while not self._left and not self._ended:
            piece = self._read(len(buffer))
            self._ended = not piece
            self._left = self._decoder.decode(piece, self._ended).encode("utf-8", "surrogatepass")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
