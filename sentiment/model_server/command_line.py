"""The flags of the command line: tensorflow_model_server's own, so that one list of flags starts either server.

`--rest_api_port=8501` and `--rest-api-port 8501` are the same. A flag without a value, such as `--enable_batching`, is
true. Types and defaults are the real server's, except that this one listens on this machine alone, and on a REST port.
What it does not have is checked, and logged as having no effect; an unknown flag is printed, and has none either.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment.errors import InputError
from sentiment.model_server import real_flags
from sentiment.model_server.access import RELOAD_RPC, Access
from sentiment.model_server.parameter_files import read_batching, read_metrics_path
from sentiment.model_server.tls import read_tls
from sentiment.serving.flags import flags_file, read_flags
from sentiment.settings import read_settings
from sentiment.step import say

if TYPE_CHECKING:
    from sentiment.model_server.model_server import ServerOptions

_File = click.Path(path_type=Path)
_Count, _Long = click.IntRange(0, 2**31 - 1), click.IntRange(0, 2**63 - 1)


def _flag(name: str, default: Any, kind: Any, text: str | None = None, shown: str = "") -> Callable[[Any], Any]:
    boolean: dict[str, Any] = {"is_flag": False, "flag_value": "true"} if kind is bool else {}
    spellings = dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}"))
    return click.option(
        *spellings,
        name,
        type=kind,
        default=default,
        show_default=shown or default is not None,
        help=text,
        **boolean,
    )


_FLAGS = [
    _flag("model_config_file", None, _File, "Default: serving/models/models.config, with the flags of serving/flags."),
    _flag("host", "127.0.0.1", str, "The address to listen on."),
    _flag("port", 8500, int, "The gRPC port; 0: any free one."),
    _flag("rest_api_port", 8501, int, "The REST port; 0: any free one."),
    _flag("model_config_file_poll_wait_seconds", 0, _Count, "Seconds between reads of it; 0: never again."),
    _flag("file_system_poll_wait_seconds", 1, _Count, "Seconds between looks at the folders; 0: never again."),
    _flag(
        "allow_version_labels_for_unavailable_models",
        False,
        bool,
        "Needed to start with labels in the file: they are checked before anything is loaded.",
    ),
    _flag("max_num_load_retries", 5, _Count),
    _flag("load_retry_interval_micros", 60_000_000, _Long),
    _flag("enable_batching", False, bool),
    _flag("batching_parameters_file", None, _File, "A BatchingParameters text proto."),
    _flag("monitoring_config_file", None, _File, "A MonitoringConfig text proto; the metrics are on the REST port."),
    _flag("enable_model_warmup", True, bool, "Replay assets.extra/tf_serving_warmup_requests before a version serves."),
    _flag("num_load_threads", 0, _Count, "0 is 1 here."),
    _flag("num_unload_threads", 0, _Count, "0 is 1 here."),
    _flag("rest_api_timeout_in_ms", 30_000, _Count, "A REST request that takes longer gets a 504."),
    _flag("rest_api_num_threads", 4 * (os.cpu_count() or 1), click.IntRange(1), shown="4 for each CPU"),
    _flag("grpc_max_threads", 4 * (os.cpu_count() or 1), click.IntRange(1), shown="4 for each CPU"),
    _flag("enable_grpc_healthcheck_service", False, bool, "Answer gRPC's health check, without the token."),
    _flag("drain", True, bool, "Finish what was asked before a signal ends it; TensorFlow Serving cuts it off."),
    _flag(
        "reload_rpc",
        "off",
        click.Choice(RELOAD_RPC),
        "Who may send HandleReloadConfigRequest: clients of this machine, or (token) any that sends the token.",
    ),
    _flag("ssl_config_file", None, _File, "An SSLConfig text proto: TLS for both ports."),
    _flag("tensorflow_intra_op_parallelism", 0, _Long, "Threads of one operation; 0: half of the processors."),
    _flag("tensorflow_inter_op_parallelism", 0, _Long, "Operations at once; 0: TensorFlow decides."),
]


def server_flags(command: Any) -> Any:
    """Gives all flags of the server to a click callback, under their names with underscores."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


class ServeCommand(click.Command):
    """A command that serves this home as production would: without --model_config_file, serving/flags come first."""

    allow_extra_args = ignore_unknown_options = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names = [argument.partition("=")[0].replace("_", "-") for argument in args]
        if not {"--model-config-file", "--help"} & set(names):
            args = [*read_flags(flags_file(read_settings())), *args]
        super().parse_args(ctx, args)
        without_effect, unknown = _others(ctx.args)
        if unknown:
            say(f"unknown argument, as for TensorFlow Serving: {' '.join(unknown)}")
        if without_effect:
            say(f"without effect here: {' '.join(without_effect)}")
        ctx.args = []
        return []


def _others(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns which arguments the real server knows, and which it only prints. Raises: UsageError for a wrong value."""
    found = real_flags.parse(arguments)
    if found.refused:
        raise click.UsageError(found.refused)
    return [each for each in arguments if each not in found.unknown], list(found.unknown)


def server_options(config_file: Path, flags: dict[str, Any]) -> ServerOptions:
    """Returns what the flags ask for. Raises: InputError when a parameter file is not valid."""
    batching_file = flags["batching_parameters_file"]
    if batching_file and not flags["enable_batching"]:  # server.cc:BuildAndStart
        raise InputError(
            "--batching_parameters_file must come with --enable_batching=true",
            found="it alone, with which TensorFlow Serving does not start",
            do="Add the flag, or leave the file out.",
        )
    batching = read_batching(batching_file) if flags["enable_batching"] else None
    metrics_path = read_metrics_path(flags["monitoring_config_file"])

    from sentiment.model_server.model_server import ServerOptions
    from sentiment.model_server.rest_limits import RestLimits
    from sentiment.model_server.versions import LoadRules

    return ServerOptions(
        config_file=config_file,
        host=flags["host"],
        grpc_port=flags["port"],
        rest_port=flags["rest_api_port"],
        config_poll_seconds=flags["model_config_file_poll_wait_seconds"],
        file_system_poll_seconds=flags["file_system_poll_wait_seconds"],
        load_rules=LoadRules(
            flags["max_num_load_retries"],
            flags["load_retry_interval_micros"] / 1e6,
            max(1, flags["num_load_threads"]),
            max(1, flags["num_unload_threads"]),
        ),
        allow_labels_for_unavailable=flags["allow_version_labels_for_unavailable_models"],
        batching=batching,
        metrics_path=metrics_path,
        warm_up=flags["enable_model_warmup"],
        rest=RestLimits(threads=flags["rest_api_num_threads"], seconds=flags["rest_api_timeout_in_ms"] / 1e3),
        grpc_threads=flags["grpc_max_threads"],
        grpc_health=flags["enable_grpc_healthcheck_service"],
        tls=read_tls(flags["ssl_config_file"]),
        access=Access(read_settings().serving_token, flags["reload_rpc"]),
        intra_op_threads=flags["tensorflow_intra_op_parallelism"],
        inter_op_threads=flags["tensorflow_inter_op_parallelism"],
    )
