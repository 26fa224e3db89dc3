"""Reads the text protos that flags name: BatchingParameters, MonitoringConfig and SSLConfig.

The Python package of TensorFlow Serving's interfaces lacks these messages, so this module describes their fields.
Source: `session_bundle_config.proto`, `monitoring_config.proto` and `ssl_config.proto`.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from sentiment.errors import InputError

METRICS_PATH = "/monitoring/prometheus/metrics"  # where a MonitoringConfig names no path
_PACKAGE = "tensorflow.serving"
_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGES = {
    "BatchingParameters": {
        "max_batch_size": "Int64Value",
        "batch_timeout_micros": "Int64Value",
        "max_enqueued_batches": "Int64Value",
        "num_batch_threads": "Int64Value",
        "thread_pool_name": "StringValue",
        "allowed_batch_sizes": _FIELD.TYPE_INT64,  # the only repeated field
        "pad_variable_length_inputs": _FIELD.TYPE_BOOL,
        "enable_large_batch_splitting": "BoolValue",
        "max_execution_batch_size": "Int64Value",
    },
    "PrometheusConfig": {"enable": _FIELD.TYPE_BOOL, "path": _FIELD.TYPE_STRING},
    "MonitoringConfig": {"prometheus_config": "PrometheusConfig"},
    "SSLConfig": {
        "server_key": _FIELD.TYPE_STRING,
        "server_cert": _FIELD.TYPE_STRING,
        "custom_ca": _FIELD.TYPE_STRING,
        "client_verify": _FIELD.TYPE_BOOL,
    },
}


@dataclass(frozen=True)
class Batching:
    """The limits of a queue, one queue for each signature of each version; defaults are the real server's.

    `max_batch_size` is the most rows of a request. With `split_large`, more rows than `max_execution_batch_size` are
    computed in parts; without it, all rows of a request are computed together. `allowed_batch_sizes` end with
    `max_batch_size` in a file; those above `max_execution_batch_size` are never computed.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = os.cpu_count() or 1
    allowed_batch_sizes: tuple[int, ...] = ()
    pad: bool = False
    split_large: bool = False
    max_execution_batch_size: int = 0  # 0: max_batch_size

    @property
    def largest_batch(self) -> int:
        """The most rows that are computed together."""
        return max(self.computed_sizes, default=self._most_rows)

    @property
    def computed_sizes(self) -> tuple[int, ...]:
        """The allowed sizes that batches are filled up to, from the smallest to the largest."""
        return tuple(size for size in self.allowed_batch_sizes if size <= self._most_rows)

    @property
    def _most_rows(self) -> int:
        return (self.split_large and self.max_execution_batch_size) or self.max_batch_size


def read_batching(path: Path | None) -> Batching:
    """Returns the limits in a BatchingParameters file, or the defaults without a file. Raises: InputError."""
    if path is None:
        return Batching()
    message = parse_parameters(path, "BatchingParameters")
    numbers = ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
    given = {name: getattr(message, name).value for name in numbers if message.HasField(name)}
    limits = Batching(
        **given,
        allowed_batch_sizes=tuple(message.allowed_batch_sizes),
        pad=message.pad_variable_length_inputs,
        split_large=message.enable_large_batch_splitting.value,
        max_execution_batch_size=message.max_execution_batch_size.value,
    )
    _require_consistent(limits, path)
    return limits


def read_metrics_path(path: Path | None) -> str | None:
    """Returns the path at which a MonitoringConfig file wants metrics, or None without metrics. Raises: InputError."""
    if path is None:
        return None
    prometheus = parse_parameters(path, "MonitoringConfig").prometheus_config
    return (prometheus.path or METRICS_PATH) if prometheus.enable else None


def last_size_is_the_largest(parameters: Any) -> bool:
    """Returns whether versions load with these BatchingParameters, also where large batches are split.

    Source: `bundle_factory_util.cc:WrapSessionForBatching`.
    """
    sizes, given = parameters.allowed_batch_sizes, parameters.HasField("max_batch_size")
    return not sizes or sizes[-1] == (parameters.max_batch_size.value if given else Batching().max_batch_size)


def parsed(text: str | None, name: str) -> Any:
    """Returns a text proto as a message of that name; None when it is none, or there is no text."""
    try:
        return text_format.Parse(text, _classes()[name]()) if text is not None else None
    except text_format.ParseError:
        return None


def parse_parameters(path: Path, name: str) -> Any:
    """Returns the text proto in `path` as a message of that name. Raises: InputError."""
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), _classes()[name]())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise InputError(
            f"{path} must be a {name} text proto", found=str(error).rstrip("."), do="Correct it."
        ) from None


def _require_consistent(limits: Batching, path: Path) -> None:
    def refuse(must_hold: str, found: object) -> None:
        raise InputError(f"{path}: {must_hold}", found=str(found), do="Correct that value.")

    if min(limits.max_batch_size, limits.max_enqueued_batches, limits.num_batch_threads) < 1:
        refuse("max_batch_size, max_enqueued_batches and num_batch_threads must be at least 1", limits)
    if limits.batch_timeout_micros < 0:
        refuse("batch_timeout_micros must not be negative", limits.batch_timeout_micros)
    if not 0 <= limits.max_execution_batch_size <= limits.max_batch_size:
        refuse("max_execution_batch_size must be at most max_batch_size", limits.max_execution_batch_size)
    sizes = limits.allowed_batch_sizes
    if sizes and (list(sizes) != sorted(set(sizes)) or sizes[0] < 1):
        refuse("allowed_batch_sizes must increase, from at least 1", list(sizes))
    if sizes and sizes[-1] != limits.max_batch_size:  # see last_size_is_the_largest
        raise InputError(
            f"{path}: the last of allowed_batch_sizes must be max_batch_size, {limits.max_batch_size}",
            found=f"{sizes[-1]}, with which TensorFlow Serving loads no model",
            do=f"Add a line `allowed_batch_sizes: {limits.max_batch_size}`; max_execution_batch_size still says how "
            "many rows are computed together.",
        )


@functools.cache
def _classes() -> dict[str, Any]:
    """Returns the message classes by name."""
    file = descriptor_pb2.FileDescriptorProto(name="sentiment/parameters.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), 1):
            label = _FIELD.LABEL_REPEATED if field == "allowed_batch_sizes" else _FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, int):
                added.type = kind
            else:
                package = _PACKAGE if kind in _MESSAGES else "google.protobuf"
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".{package}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    messages = pool.AddSerializedFile(file.SerializeToString()).message_types_by_name
    return {name: message_factory.GetMessageClass(messages[name]) for name in _MESSAGES}
