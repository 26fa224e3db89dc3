"""What a verb says to the person who gave it, in the language that they read.

The edge of the terminal: a verb computes and records its result in English, and says it here. What a program started
with `--result` says goes into that program's log, which is in English.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from sentiment.language import recorded, speaking
from sentiment.language.catalogue import ENGLISH
from sentiment.settings import language_of_people
from sentiment.step import say


@contextmanager
def to_people() -> Iterator[None]:
    """Lets what is composed inside be in SENTIMENT_LANGUAGE; in English, where a program reads the verb's result."""
    context = click.get_current_context(silent=True)
    for_a_program = context is not None and context.params.get("result_file") is not None
    with speaking(ENGLISH if for_a_program else language_of_people()):
        yield


def tell(*sentences: str) -> None:
    """Says a result's recorded sentences, one a line, on stderr: stdout belongs to the result itself."""
    with to_people():
        say("\n".join(map(recorded, sentences)))
