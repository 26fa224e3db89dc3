"""The catalogue of a language, as gettext reads it: English sentences and their translations."""

from __future__ import annotations

import gettext
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ENGLISH, TAIWANESE = "en", "zh-TW"
LANGUAGES = (ENGLISH, TAIWANESE)
NAMES = {ENGLISH: "English", TAIWANESE: "繁體中文"}  # as those who read it call it
TAGS = {ENGLISH: "en", TAIWANESE: "zh-Hant"}  # of the `lang` of a page
DOMAIN = "sentiment"
FOLDER = Path(__file__).parent


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Returns a language's catalogue; English, and a language that there is none of, is what stands in the code."""
    if language not in LANGUAGES or language == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language.replace("-", "_")])


@cache
def sentences(language: str) -> dict[str, str]:
    """Returns every sentence of a language's catalogue with its translation, of a plural one both English forms."""
    found = gettext.find(DOMAIN, FOLDER, [language.replace("-", "_")]) if language != ENGLISH else None
    return dict(_in_mo(Path(found).read_bytes())) if found else {}


def _in_mo(content: bytes) -> Iterator[tuple[str, str]]:
    """Yields what a compiled catalogue holds (GNU gettext manual, "The Format of GNU MO Files").

    gettext itself keeps of a plural sentence the form for one alone.
    """
    number, *tables = struct.unpack_from("<3I", content, 8)
    for entry in range(number):
        english, translated = (_text_at(content, table + 8 * entry) for table in tables)
        if english:
            yield from ((form, translated.split("\0")[0]) for form in english.split("\0"))


def _text_at(content: bytes, place: int) -> str:
    length, begin = struct.unpack_from("<2I", content, place)
    return content[begin : begin + length].decode()
