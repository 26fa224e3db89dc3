"""What `export` leaves: which formats were made of a model, and how their answers compare with the model's."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.results.record import Record, Share, StepResult


class Parity(msgspec.Struct, frozen=True):
    """The comparison of two models' answers to the same rows. `agreement` is the share of rows with the same label."""

    rows: int
    largest_difference: float  # of a probability
    labels_equal: bool
    agreement: Share


class Format(Record, frozen=True):
    """One format: where it is, or `why` it is not made here. What a format knows nothing of is left out."""

    made: bool
    path: str | UnsetType = UNSET
    bytes: int | UnsetType = UNSET
    seconds: float | UnsetType = UNSET
    parity: Parity | UnsetType = UNSET
    engines: int | UnsetType = UNSET  # of TensorRT
    plan: dict[str, Any] | UnsetType = UNSET  # of TensorRT: shapes and precision
    select_tf_ops: list[str] | UnsetType = UNSET  # of TFLite: operations that run in TensorFlow's own kernels
    why: str | UnsetType = UNSET


class Export(StepResult, frozen=True):
    """An export; `export`, `graph_bytes` and `parity` are those of the SavedModel, null when it was not asked for."""

    STEP: ClassVar[str] = "export"

    export: str | None  # the version folder
    formats: dict[str, Format]
    weights_bytes: int
    graph_bytes: int | None
    parity: Parity | None
    seconds: float
