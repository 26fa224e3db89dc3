"""What nobody sees of a text, and whether anything is left without it."""

from __future__ import annotations

import re
import unicodedata

# Characters that nobody sees: controls, Unicode's default-ignorable ones, annotation marks, the object that is not
# there, the blank of Braille. They are listed, not asked of Unicode's tables, which grow with every Python.
_INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
AT_ONCE = 1 << 16  # characters
_ANY_INVISIBLE = re.compile(f"[{_INVISIBLE}]")
# The flags of England and of Scotland are a black flag with different tags behind it, which nobody sees by themselves.
_FLAG = "\U0001f3f4"
_FLAG_OR_INVISIBLE = re.compile(f"({_FLAG}[\U000e0020-\U000e007e]+\U000e007f)|[{_INVISIBLE}]+")
# What makes one picture of several characters is seen where it stands between pictures.
_PICTURE = r"[\u2190-\u2bff\U0001f000-\U0001faff]"
_JOINED = re.compile(f"(?<={_PICTURE})\ufe0f?(?:\u200d(?={_PICTURE}))?")
_LOST = "\ufffd"  # stands where a character could not be read


def without_invisible(text: str) -> str:
    """Returns `text` without white space and without characters that nobody sees."""
    if len(text) <= AT_ONCE or _FLAG in text:
        return _without_invisible(text)
    # Without flags each character counts by itself, and in parts a text of many words takes no fifty times its size.
    return "".join(_without_invisible(text[start : start + AT_ONCE]) for start in range(0, len(text), AT_ONCE))


def _without_invisible(text: str) -> str:
    joined = "".join(text.split())
    if _ANY_INVISIBLE.search(joined) is None:
        return joined
    return _FLAG_OR_INVISIBLE.sub(r"\1", joined)


def is_blank(text: str) -> bool:
    """Tells whether nothing can be read in `text`: only white space, invisible characters, lost ones (U+FFFD)."""
    if "!" <= text[:1] <= "~" or "一" <= text[:1] <= "鿿":  # nearly always: this is asked of every row
        return False
    return not without_invisible(text).strip(_LOST)


def shown_as(name: str) -> str:
    """Returns a name without what nobody sees, in Unicode's composed form: names that look alike are then the same."""
    pictures = _JOINED.sub("", name)
    seen = name if without_invisible(pictures) == "".join(pictures.split()) else without_invisible(name)
    return unicodedata.normalize("NFC", " ".join(seen.split()))
