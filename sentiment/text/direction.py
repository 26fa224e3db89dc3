"""Text that is written from right to left, kept from turning round what stands beside it."""

from __future__ import annotations

import re

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_RIGHT_TO_LEFT = (
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"  # Hebrew, Arabic …
)
# From the first such letter to the last one before any other letter; or what is isolated already.
_RUN = re.compile(
    rf"{FIRST_STRONG_ISOLATE}[^{POP_ISOLATE}]*{POP_ISOLATE}|{_RIGHT_TO_LEFT}+(?:[\W\d_]*{_RIGHT_TO_LEFT}+)*"
)


def isolated(text: str) -> str:
    """Returns `text` with an isolate around each run that is written from right to left.

    Without it, the figures and signs behind a name in Hebrew or Arabic letters are shown before it, as parts of it.
    Done twice, it is the same.
    """
    return text if text.isascii() else _RUN.sub(_around, text)


def _around(run: re.Match[str]) -> str:
    found = run[0]
    return found if found[0] == FIRST_STRONG_ISOLATE else f"{FIRST_STRONG_ISOLATE}{found}{POP_ISOLATE}"
