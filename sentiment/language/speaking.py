"""Says a sentence in the language that its reader reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sentiment.language.catalogue import ENGLISH, translations

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Lets everything inside be said in a language, `en` or `zh-TW`; what is not inside any is said in English."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """Returns the language that is spoken now: `en` or `zh-TW`."""
    return _spoken.get()


def tr(sentence: str, /, **values: object) -> str:
    """Returns an English sentence in the language spoken, with the values in its {placeholders}."""
    said = translations(spoken()).gettext(sentence) if sentence else ""  # gettext has the catalogue's head there
    return _filled(said, values)


def tr_many(one: str, many: str, number: int, /, **values: object) -> str:
    """Returns the sentence for one, or for many, in the language spoken; {number} stands for the number."""
    return _filled(translations(spoken()).ngettext(one, many, number), {"number": number, **values})


def marked(sentence: str) -> str:
    """Returns the sentence as it is: one that is a constant, and said where it is used."""
    return sentence


def _filled(sentence: str, values: dict[str, object]) -> str:
    return sentence.format(**values) if values else sentence
