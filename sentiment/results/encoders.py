"""Encoders by their bytes: which one a model was made from, and which one of a home's own is current."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentiment.results.record import Count, Record, StepResult


class EncoderPin(Record, frozen=True):
    """Which encoder a model was trained from: where it was, and the sha256 of its files."""

    address: str  # a hub's repository and revision, an https address, or a folder
    sha256: str


class CurrentEncoder(Record, frozen=True):
    """`encoders/current.json`: the number of the encoder that counts, and the sha256 of its files."""

    number: Count
    sha256: str
    since: str  # ISO 8601


class RefreshedEncoder(StepResult, frozen=True):
    """What became of the home's own encoder. `not_set`: no corpus is named, and nothing was done."""

    STEP: ClassVar[str] = "refresh-encoder"

    not_set: bool
    current: bool  # whether the encoder that was made is the current one now
    sentence: str
    number: Count | None = None  # of the encoder that was made
    encoder: str | None = None  # its folder
    before: Count | None = None  # the number of the one that it went on from
    perplexity: float | None = None  # of hidden pieces in held-out posts
    perplexity_before: float | None = None  # of the one before, of the same pieces; null: not comparable
    removed: list[int] = msgspec.field(default_factory=list)  # older encoders
