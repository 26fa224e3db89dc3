"""Finds what is still English in a text that should be Chinese."""

from __future__ import annotations

import re

# What no language changes: addresses, commands and names in backquotes, settings, names with an underscore or a dot.
NAMES = re.compile(r"`[^`]*`|https?://\S+|\b\w*[_@/\\=]\w[\w/.\-=]*|\b\w+\.\w+\b|SENTIMENT_\w+|--[\w-]+")
SENTENCE = re.compile(r"[A-Za-z][A-Za-z'’]+(?:[ ,]+[A-Za-z][A-Za-z'’]+)+")


def english_left(text: str, *allowed: str) -> list[str]:
    """Returns the runs of two and more English words in a text, but for names and for what is `allowed`."""
    for name in allowed:
        text = text.replace(name, " · ")
    return SENTENCE.findall(NAMES.sub(" · ", text))


def english_words(text: str, *allowed: str) -> list[str]:
    """Returns every English word of two and more letters in a text, but for names and for what is `allowed`."""
    for name in sorted(allowed, key=len, reverse=True):
        text = text.replace(name, " · ")
    return re.findall("[A-Za-z]{2,}", NAMES.sub(" · ", text))
