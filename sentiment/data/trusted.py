"""Whose rows may be tested on: a person says which sources are trusted; those of others can only be trained on."""

from __future__ import annotations

from collections.abc import Collection


def is_one_of(source: str, trusted: Collection[str]) -> bool:
    """Tells whether rows of a source may be in a test set; "" are rows without one. An empty list is all sources."""
    return not trusted or source in trusted
