"""What a model costs: its size, and its time for a post, as a step measured it on one machine."""

from __future__ import annotations

from typing import Annotated

import msgspec

from sentiment.results.record import Count, Record

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
SHORTEST = 1e-4  # milliseconds
Milliseconds = Annotated[float, msgspec.Meta(ge=SHORTEST, le=1e9)]


class Machine(Record, frozen=True):
    """Where something was timed: two times are comparable only on the same machine, at the same moment."""

    processor: str  # its name; that of the GPU, where there is one
    cores: Count  # of the CPU, that the process could use
    precision: str  # of the arithmetic


class Pace(Record, frozen=True):
    """How long a model takes for a post: the median of full batches, without the first, which compiles."""

    milliseconds: Milliseconds
    batch: Positive  # posts in a batch
    batches: Positive  # that were timed


class Timed(Record, frozen=True):
    """A model's pace, and where it was measured."""

    pace: Pace
    machine: Machine


class ModelCost(Record, frozen=True):
    """One model; what is not known is null."""

    parameters: Positive
    pace: Pace | None = None
    export_bytes: Count | None = None  # of what is served; a candidate is exported later


class Costs(Record, frozen=True):
    """Candidate and stable, timed in turn on the same rows; without a stable model `stable` is null."""

    at: str  # ISO 8601, UTC
    machine: Machine
    candidate: ModelCost
    stable: ModelCost | None = None
