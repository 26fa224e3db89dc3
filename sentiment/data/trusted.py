"""Whose rows may be tested on: a person says which sources are trusted; those of others can only be trained on."""

from __future__ import annotations

from collections.abc import Collection

from sentiment.settings import Settings


def is_trusted(source: str, settings: Settings) -> bool:
    """Tells whether rows of a source may be in a test set; "" are rows without a source."""
    return is_one_of(source, settings.trusted_sources)


def is_one_of(source: str, trusted: Collection[str]) -> bool:
    """Tells the same of a list of trusted sources; an empty list is all of them."""
    return not trusted or source in trusted
