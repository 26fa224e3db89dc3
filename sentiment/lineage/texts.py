"""The texts to forget, and how each is recognised: as a text of its own, within another one, or by its bytes."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from sentiment.data.identity import RULES, VERSION, identity, words_of
from sentiment.text.cells import escaped
from sentiment.text.harmless import visible_in_json

LONG_ENOUGH = 8  # characters of a normalised text from which it is also searched within other texts
Confirm = Callable[[Path, BinaryIO], None]  # is called with the file and its replacement, just before the replacement


class Texts:
    """The texts to forget. A text is recognised by its identity, even when it is written a little differently.

    Within other texts it is found by its words alone. What version 1 of the identity left knows it by `identities[1]`.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = {text.strip() for text in texts if text.strip()}
        self.identities = {version: frozenset(map(rule, self._words)) for version, rule in RULES.items()}
        forms = {words_of(text) for text in self._words}
        self._long = sorted(form for form in forms if len(form) >= LONG_ENOUGH)

    def __len__(self) -> int:
        return len(self.identities[VERSION])

    def has(self, text: str) -> bool:
        """Tells whether `text` is one of them."""
        text = text.encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair
        return bool(text) and identity(text) in self.identities[VERSION]

    def quoted_in(self, text: str) -> bool:
        """Tells whether `text` is one of them, quotes a long one, or is the beginning of one that was cut short."""
        if not text or self.has(text):
            return bool(text)
        form = words_of(text)
        is_cut = text.rstrip().endswith(("…", "...")) and len(form) >= LONG_ENOUGH
        return any(word in form or (is_cut and word.startswith(form)) for word in self._long)

    def patterns(self) -> list[bytes]:
        """Returns the bytes that a file holds if it quotes one of the texts word for word."""
        words = [word for word in self._words if len(words_of(word)) >= LONG_ENOUGH]
        as_written = (str, html.escape, escaped, _in_json, lambda word: visible_in_json(_in_json(word, False)))
        return [spelt.encode() for spelt in sorted({write(word) for word in words for write in as_written})]


def _in_json(word: str, ascii_only: bool = True) -> str:
    return json.dumps(word, ensure_ascii=ascii_only)[1:-1]
