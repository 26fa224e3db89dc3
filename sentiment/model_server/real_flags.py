"""The flags of TensorFlow Serving 2.17.1, with their types and defaults, and how it reads them.

Source: `main.cc:main` for the names, `server.h:Server::Options` for types and defaults; TensorFlow's
`command_line_flags.cc:Flags::Parse` for what a value may be. An unknown flag is printed and has no effect; a value of
another type ends the process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = str | int | float | bool
_BITS = {"int32": 31, "int64": 63}
_CORES = os.cpu_count() or 1
_FLAGS: dict[str, dict[str, Value]] = {
    "int32": {
        "port": 8500,
        "rest_api_port": 0,
        "rest_api_num_threads": 4 * _CORES,
        "rest_api_timeout_in_ms": 30_000,
        "model_config_file_poll_wait_seconds": 0,
        "num_load_threads": 0,
        "num_unload_threads": 0,
        "max_num_load_retries": 5,
        "file_system_poll_wait_seconds": 1,
        "grpc_max_threads": 4 * _CORES,
        "num_request_iterations_for_warmup": 0,
        "num_tflite_pools": _CORES,
        "num_tflite_interpreters_per_pool": 1,
    },
    "int64": {
        "load_retry_interval_micros": 60_000_000,
        "tensorflow_session_parallelism": 0,
        "tensorflow_intra_op_parallelism": 0,
        "tensorflow_inter_op_parallelism": 0,
    },
    "float": {"per_process_gpu_memory_fraction": 0.0},
    "bool": {
        "rest_api_enable_cors_support": False,
        "enable_batching": False,
        "enable_per_model_batching_parameters": False,
        "allow_version_labels_for_unavailable_models": False,
        "flush_filesystem_caches": True,
        "use_alts_credentials": False,
        "enable_model_warmup": True,
        "version": False,
        "remove_unused_fields_from_bundle_metagraph": True,
        "prefer_tflite_model": False,
        "enable_signature_method_name_check": False,
        "xla_cpu_compilation_enabled": False,
        "xla_gpu_compilation_enabled": False,
        "enable_profiler": True,
        "skip_initialize_tpu": False,
        "enable_grpc_healthcheck_service": False,
        "enable_serialization_as_tensor_content": False,
    },
    "string": {
        "grpc_socket_path": "",
        "batching_parameters_file": "",
        "model_config_file": "",
        "model_name": "default",
        "model_base_path": "",
        "tensorflow_session_config_file": "",
        "ssl_config_file": "",
        "platform_config_file": "",
        "saved_model_tags": "serve",
        "grpc_channel_arguments": "",
        "monitoring_config_file": "",
        "thread_pool_factory_config_file": "",
        "mixed_precision": "",
    },
}
KINDS: Mapping[str, str] = {name: kind for kind, flags in _FLAGS.items() for name in flags}
DEFAULTS: Mapping[str, Value] = {name: value for flags in _FLAGS.values() for name, value in flags.items()}


@dataclass(frozen=True)
class Parsed:
    """Every flag's value, those that are unknown, and a sentence about a value that ends the process ("": none)."""

    values: Mapping[str, Value]
    unknown: tuple[str, ...] = ()
    refused: str = ""


def parse(arguments: Sequence[str]) -> Parsed:
    """Returns what the real server reads in its command line; where a flag is repeated, the last value counts."""
    values, unknown = dict(DEFAULTS), []
    for argument in arguments:
        name, equals, text = argument.removeprefix("--").partition("=")
        kind = KINDS.get(name) if argument.startswith("--") else None
        if kind is None or (not equals and kind != "bool"):
            unknown.append(argument)
            continue
        value = value_of(kind, text if equals else "true")
        if value is None:
            return Parsed(values, tuple(unknown), f"flag --{name} must be {WORDS[kind]}; found {text}")
        values[name] = value
    return Parsed(values, tuple(unknown))


WORDS = {
    "int32": "a whole number of 32 bits",
    "int64": "a whole number of 64 bits",
    "float": "a number",
    "bool": "true or false",
}


def value_of(kind: str, text: str) -> Value | None:
    """Returns the value that `text` stands for, or None when it stands for none."""
    if kind == "string":
        return text
    if kind == "bool":
        return {"": True, "true": True, "false": False}.get(text.lower())
    if kind == "float":
        try:
            return float(text)
        except ValueError:
            return None
    whole = re.fullmatch(r"\s*[+-]?[0-9]+", text) is not None
    return int(text) if whole and -(2 ** _BITS[kind]) <= int(text) < 2 ** _BITS[kind] else None
