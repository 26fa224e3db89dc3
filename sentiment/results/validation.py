"""What `validate` leaves: an export, as a throw-away server found it."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from sentiment.results.record import Count, Record, StepResult

EMBEDDED = "embedded"  # the server that is part of this system


class ExportCheck(msgspec.Struct, frozen=True):
    """What was found, what is allowed (null: it is only reported), and that in a sentence."""

    name: str
    passed: bool
    value: float | None
    threshold: float | None
    sentence: str


class Latency(msgspec.Struct, frozen=True):
    """The percentiles of the answers to one shape, in milliseconds."""

    signature: str
    batch: int
    length: int
    requests: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Operations(Record, frozen=True):
    """The operations of the graph, and those that the production server does not link."""

    count: Count
    unknown: list[str]


class Validation(StepResult, frozen=True):
    """The verdict on an export. What could not be measured, because it did not load, is null or empty."""

    STEP: ClassVar[str] = "validate"

    passed: bool
    sentence: str
    export: str  # its folder
    digest: str | None  # of every byte that is served; null unless it passed
    checks: list[ExportCheck]
    parity: dict[str, Any]  # as export.Parity; {} when it was not asked
    latency: list[Latency]
    first_request_ms: dict[str, dict[str, float]]  # cold and warm → signature → milliseconds
    start_seconds: float | None
    load_seconds: float | None
    peak_memory_bytes: Count | None
    export_bytes: Count
    warmup_records: Count
    operations: Operations
    server: str  # its command, or EMBEDDED
    seconds: float
    at: str = ""  # when it ended (ISO 8601, UTC); "" in one that is older than this field
