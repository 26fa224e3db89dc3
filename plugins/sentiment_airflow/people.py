"""Where what Airflow shows begins to be said in the language of the people who read it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sentiment.language import speaking, tr
from sentiment.settings import language_of_people


def for_people() -> AbstractContextManager[None]:
    """Lets everything inside be said in SENTIMENT_LANGUAGE: a workflow that Airflow reads, a question, a line of a log.

    What a task raises or leaves is not inside: it is recorded, and said again by whoever shows it.
    """
    return speaking(language_of_people())


def shown_as(identifier: str, words: str) -> str:
    """Returns what Airflow shows instead of an id.

    The ids are English words, and what docs, mails and logs call things. So English shows them as they are, and a
    language that has words of its own shows both.
    """
    said = tr(words)
    return identifier if said == words else f"{said} {identifier}"
