"""Characters that follow each other in Unicode, as the ranges of a character class have them."""

from __future__ import annotations

from collections.abc import Iterable


def runs(characters: Iterable[str]) -> list[list[str]]:
    """Returns the first and the last of each run of characters that follow each other in Unicode, as they do here."""
    found: list[list[str]] = []
    for character in characters:
        if found and ord(character) == ord(found[-1][1]) + 1:
            found[-1][1] = character
        else:
            found.append([character, character])
    return found


def escaped(characters: Iterable[str]) -> str:
    """Returns the characters, which come in their order, as they stand in the brackets of a class of Python's `re`."""
    return "".join(f"\\U{ord(first):08x}-\\U{ord(last):08x}" for first, last in runs(characters))
