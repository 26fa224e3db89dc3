"""What makes two posts the same, and on which side of the train/test split a text stands for ever.

A post with a title is that text under that title: its identity is the text's, followed by the title's. What must not
be on both sides of the split, and what is to be forgotten, is the text, whatever its title.

The rule has a version, which the ledger keeps. Version 1 left out punctuation and symbols as well, so it took `好吃?`
and `好吃!` for one text. What was written by it (the identities that old runs left, the hashes of deleted texts) is
still read by it: `RULES` has the rule of every version.
"""

from __future__ import annotations

import hashlib
import unicodedata

from sentiment.text.invisible import without_invisible
from sentiment.text.normal import normal
from sentiment.text.parted import PART, parted

VERSION = 2
HEX_DIGITS = 32  # 128 bits: two of a billion posts collide with a chance of 1e-21
# What NFKC makes of the signs of Chinese posts: replacing them first gives the same, for they combine with nothing.
_EVERYDAY = tuple((wide, unicodedata.normalize("NFKC", wide)) for wide in "，！？…：；（）～")
# The same in SQL, where an identity is a BLOB: the part that is the text's, and whether a title's is behind it.
TEXT_IN_SQL, HAS_TITLE = f"substr(identity, 1, {HEX_DIGITS // 2})", f"length(identity) > {HEX_DIGITS // 2}"


def normalise(text: str) -> str:
    """Returns the form in which texts are compared: NFKC, case folded, no white space, no invisible characters.

    Everything that is seen stays: signs, emoji, question and exclamation marks, decimal points change what is meant.
    """
    form = _visible(text)
    folded = form.casefold()
    return form if folded == form else _visible(folded)


def _visible(text: str) -> str:
    """Returns `text` in NFKC without what nobody sees; either may make the other necessary again."""
    form = without_invisible(text)
    if unicodedata.is_normalized("NFKC", form):
        return form
    # Nearly always it is everyday punctuation, each sign by itself. Signs stay signs: nothing new is left out.
    for wide, sign in _EVERYDAY:
        form = form.replace(wide, sign)
    while not unicodedata.is_normalized("NFKC", form):
        form = without_invisible(normal("NFKC", form))
    return form


def identity(text: str) -> str:
    """Returns the identity of `text`: the first 32 hex digits of the SHA-256 of its normalised form."""
    return _identity_if_seen(text)[0]


def post_identity(text: str, title: str = "") -> str:
    """Returns the identity of a post: that of its text, followed by that of its title if it has one that is seen."""
    of_title, is_seen = _identity_if_seen(title) if title else ("", False)
    return identity(text) + (of_title if is_seen else "")


def _identity_if_seen(text: str) -> tuple[str, bool]:
    """Returns the identity of a text, and whether anything of it is seen."""
    if len(text) <= PART:
        form = normalise(text)
        return _hash(form), bool(form)
    hashed, is_seen = hashlib.sha256(), False
    for part in parted(text):  # what takes some ten times the size of a text is done to a part of it at once
        form = normalise(part)
        hashed.update(form.encode())
        is_seen = is_seen or bool(form)
    return hashed.hexdigest()[:HEX_DIGITS], is_seen


def of_text(identity_of_post: str) -> str:
    """Returns the identity of a post's text."""
    return identity_of_post[:HEX_DIGITS]


def _hash(form: str) -> str:
    return hashlib.sha256(form.encode()).hexdigest()[:HEX_DIGITS]


def is_rolling(text_identity: str, share: float, salt: bytes) -> bool:
    """Tells whether a new text goes to the rolling test set; `share` (0 to 1) of all texts do.

    Only the identity and the home's secret `salt` decide: who does not know the salt cannot make a text that goes
    there. A larger share only adds texts.
    """
    digest = hashlib.sha256(salt + text_identity.encode()).digest()
    return int.from_bytes(digest[:4], "big") < share * 2**32


class _Kept(dict[int, int | None]):
    """A table for `str.translate` that leaves only words: it fills itself, one entry a character."""

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


def words_of(text: str) -> str:
    """Returns the words of a text alone: NFKC, case folded, no spaces, punctuation or symbols.

    A text that consists of nothing else (`👍`, `!!`) is its own stripped NFKC form. Texts that quote each other or
    are nearly the same are found by their words.
    """
    form = normal("NFKC", text)
    folded = normal("NFKC", form.casefold())
    return folded.translate(_KEPT) or form.strip()


def identity_1(text: str) -> str:
    """Returns the identity that version 1 of the rule gave: that of the words alone."""
    return _hash(words_of(text))


RULES = {1: identity_1, VERSION: identity}
