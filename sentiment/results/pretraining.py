"""What a pretraining leaves: the result of `pretrain`, which is the card of its encoder too."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentiment.results.record import Count, StepResult


class Counted(msgspec.Struct, frozen=True):
    """The lines of a corpus, each counted in one of the others."""

    lines: Count
    empty: Count
    too_long: Count
    repeated: Count  # of an earlier line
    of_tests: Count  # texts of a test set
    learnt: Count
    held_out: Count


class Judged(msgspec.Struct, frozen=True):
    """How well hidden pieces of the held-out posts were said, at some moment."""

    passes: float
    steps: Count
    loss: float  # mean cross-entropy a hidden piece, in nats
    perplexity: float  # e to the loss
    accuracy: float


class Pretraining(StepResult, frozen=True):
    """A pretrained encoder."""

    STEP: ClassVar[str] = "pretrain"

    encoder: str  # its folder
    made: str  # when, ISO 8601
    corpus: Counted
    pieces: Count  # of the vocabulary
    rows: Count
    tokens: Count  # of all rows, once
    unknown_share: float  # of the tokens, that the vocabulary has no piece for
    parameters: Count
    passes: float
    steps: Count
    seconds: float  # of all the processes that worked on it
    tokens_per_second: float
    resumed: bool
    judged: list[Judged]  # as it went on; the last is the encoder's
    devices: list[str]
    options: dict[str, float | int | str | bool]
