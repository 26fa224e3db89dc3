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


class Changed(Record, frozen=True):
    """A rounded export's answers beside the trained model's, on labelled posts, by the gate's own test."""

    rows: int
    changed: int  # of them have another label
    only_exported: int  # of these are right in the export alone
    only_trained: int  # and of these in the trained model alone
    lower_bound: float  # of the accuracy's difference: with 95 % confidence it is not lower
    margin: float  # how far that may fall: the gate's


class Format(Record, frozen=True):
    """One format: where it is, or `why` it is not made here. What a format knows nothing of is left out."""

    made: bool
    path: str | UnsetType = UNSET
    bytes: int | UnsetType = UNSET
    seconds: float | UnsetType = UNSET
    parity: Parity | UnsetType = UNSET
    engines: int | UnsetType = UNSET  # of TensorRT
    plan: dict[str, Any] | UnsetType = UNSET  # of TensorRT: shapes and precision
    changed: Changed | UnsetType = UNSET  # of a SavedModel with 8-bit products
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
