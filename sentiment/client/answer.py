"""What a client gets: an answer for each text, or one error; and the check that a server's answer is valid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sentiment.errors import SentimentError

STABLE, CANARY = "stable", "canary"
SIGNATURE, OUTPUTS = "text", ("label", "label_id", "probabilities")
ROUNDING = 1e-3  # allowed in the sum of 32-bit (or 16-bit) probabilities


@dataclass(frozen=True)
class Prediction:
    """What the model says about one text."""

    label: str
    label_id: int
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Answer:
    """What the model says about one text, and who said it.

    `version` is the one that answered; None over REST, whose predict answers do not name it.
    `side` is `stable` or `canary`; `fell_back` says that canary was chosen and stable answered.
    `seconds` is the duration of the request that the text was part of, with every try.
    """

    label: str
    label_id: int
    probabilities: tuple[float, ...]
    version: int | None
    side: str
    fell_back: bool
    seconds: float


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


class NoAnswer(Failure):
    """A try got no answer at all: nobody listens, or it took too long."""


def predictions_of(columns: Sequence[Any], texts: int) -> list[Prediction]:
    """Returns an answer's columns label, label_id and probabilities as predictions.

    Raises: Failure (ELSEWHERE) when they are not one label, id and distribution for each of `texts` texts.
    """
    if not all(isinstance(column, list) and len(column) == texts for column in columns):
        raise Failure(f"the answer must hold label, label_id and probabilities of {texts} texts", Then.ELSEWHERE)
    return [_prediction(*row) for row in zip(*columns, strict=True)]


def _prediction(label: Any, label_id: Any, probabilities: Any) -> Prediction:
    is_distribution = (
        isinstance(probabilities, list)
        and all(isinstance(value, int | float) and 0 <= value <= 1 + ROUNDING for value in probabilities)
        and math.isclose(math.fsum(probabilities), 1, abs_tol=ROUNDING)
    )
    has_label = isinstance(label, str) and isinstance(label_id, int) and not isinstance(label_id, bool)
    if not (is_distribution and has_label and 0 <= label_id < len(probabilities)):
        raise Failure(
            f"every text's answer must be a label, its id and a distribution; found {label!r}, {label_id!r}, "
            f"{probabilities!r}",
            Then.ELSEWHERE,
        )
    return Prediction(label, label_id, tuple(map(float, probabilities)))
