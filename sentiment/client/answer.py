"""What a client gets: an answer for each text, or one error; and the check that a server's answer is valid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sentiment.errors import SentimentError

STABLE, CANARY = "stable", "canary"
TEXT, TITLED = "text", "titled"  # the signatures for texts alone, and for texts with their titles
IDS = "serving_default"  # the signature for token ids
OUTPUTS = ("label", "label_id", "probabilities")
NO_TITLES = f'"{TITLED}" not found'  # what a server says of a model that was trained without titles
ROUNDING = 1e-3  # allowed in the sum and the largest of 32-bit (or 16-bit) probabilities


@dataclass(frozen=True)
class Prediction:
    """What the model says about one text."""

    label: str
    label_id: int
    probabilities: tuple[float, ...]
    read_title: bool = False


@dataclass(frozen=True)
class Answer:
    """What the model says about one text, and who said it.

    `version` is the one that answered; None over REST, whose predict answers do not name it.
    `side` is `stable` or `canary`; `fell_back` says that canary was chosen and stable answered.
    `seconds` is the duration of the request that the text was part of, with every try.
    `read_title` says that the text had a title and the model read it; one that was trained without titles reads none.
    """

    label: str
    label_id: int
    probabilities: tuple[float, ...]
    version: int | None
    side: str
    fell_back: bool
    seconds: float
    read_title: bool = False


class ClientError(SentimentError):
    """No server answered. The message says what each of them said."""


class Then(Enum):
    """What may help after a failure."""

    AGAIN = "again"  # transient: the same question, in a moment
    ELSEWHERE = "elsewhere"  # this server cannot; another may
    NEVER = "never"  # the question itself is refused


class Failure(Exception):
    """One try failed."""

    def __init__(self, message: str, then: Then) -> None:
        super().__init__(" ".join(message.split())[:500])
        self.then = then


class NoTitles(Failure):
    """The model was trained without titles: it has no signature for them."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Then.NEVER)


class NoAnswer(Failure):
    """A try got no answer at all: nobody listens, or it took too long."""


def predictions_of(columns: Sequence[Any], texts: int) -> list[Prediction]:
    """Returns an answer's columns label, label_id and probabilities as predictions.

    Raises: Failure (ELSEWHERE) when they are not one label, id and distribution for each of `texts` texts.
    """
    if not all(isinstance(column, list) and len(column) == texts for column in columns):
        raise Failure(f"the answer must hold label, label_id and probabilities of {texts} texts", Then.ELSEWHERE)
    return [_prediction(*row) for row in zip(*columns, strict=True)]


def distributions_of(found: Any, rows: int) -> list[tuple[float, ...]]:
    """Returns what the signature for token ids answered: the probabilities of each of `rows` rows.

    Raises: Failure (ELSEWHERE) when they are not one distribution for each.
    """
    if not (isinstance(found, list) and len(found) == rows and all(map(_is_distribution, found))):
        raise Failure(f"the answer must hold a distribution for each of {rows} rows of token ids", Then.ELSEWHERE)
    return [tuple(map(float, row)) for row in found]


def _is_distribution(found: Any) -> bool:
    return (
        isinstance(found, list)
        and all(isinstance(value, int | float) and 0 <= value <= 1 + ROUNDING for value in found)
        and math.isclose(math.fsum(found), 1, abs_tol=ROUNDING)
    )


def _prediction(label: Any, label_id: Any, probabilities: Any) -> Prediction:
    has_label = isinstance(label, str) and isinstance(label_id, int) and not isinstance(label_id, bool)
    fits = _is_distribution(probabilities) and has_label and 0 <= label_id < len(probabilities)
    if not fits or probabilities[label_id] < max(probabilities) - ROUNDING:
        raise Failure(
            "every text's answer must be a label, its id, which is the likeliest one's, and a distribution; found "
            f"{label!r}, {label_id!r}, {probabilities!r}",
            Then.ELSEWHERE,
        )
    return Prediction(label, label_id, tuple(map(float, probabilities)))
