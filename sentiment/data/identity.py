"""Decides when two posts are the same text, and on which side of the train/test split a text stays for ever."""

from __future__ import annotations

import hashlib
import unicodedata

HEX_DIGITS = 32  # 128 bits: two of a billion posts collide with a chance of 1e-21


class _Kept(dict[int, int | None]):
    """A table for `str.translate` that drops what a re-post changes; it fills itself, one entry per character."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        # Z space, P punctuation, S symbol, Cc/Cf invisible, Me enclosing mark. Variation selectors are left out too:
        # otherwise all that is left of ❤️ and of ☹️ is the same U+FE0F. Private-use characters (old Big5 glyphs) stay.
        dropped = category[0] in "ZPS" or category in ("Cc", "Cf", "Me") or "VARIATION SELECTOR" in _name(code)
        self[code] = None if dropped else code
        return self[code]


def _name(code: int) -> str:
    return unicodedata.name(chr(code), "")


_KEPT = _Kept()


def normalise(text: str) -> str:
    """Returns the form in which texts are compared: NFKC, case folded, no spaces, punctuation or symbols.

    A text that consists of nothing else (`👍`, `!!`) is its own stripped NFKC form.
    """
    form = unicodedata.normalize("NFKC", text)
    folded = unicodedata.normalize("NFKC", form.casefold())
    return folded.translate(_KEPT) or form.strip()


def identity(text: str) -> str:
    """Returns the identity of `text`: the first 32 hex digits of the SHA-256 of its normalised form."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:HEX_DIGITS]


def is_rolling(text_identity: str, share: float) -> bool:
    """Tells whether a text goes to the rolling test set, as `share` (0 to 1) of all texts do.

    Only the identity decides, so a text keeps its side for ever, on every machine; a larger share only adds texts.
    """
    return int(text_identity[:8], 16) < share * 2**32
