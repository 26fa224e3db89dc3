"""`sentiment serve`: runs the embedded model server until it is told to stop."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.serving.server.ports import require_free
from sentiment.settings import read_settings
from sentiment.step import Result, say, step

if TYPE_CHECKING:
    from sentiment.serving.server.model_server import ModelServer, ServerOptions


def serve(options: dict[str, Any], ready_file: Path | None) -> Result:
    """Serves until SIGTERM or SIGINT; returns what was served.

    A second signal ends it at once.
    """
    began = time.monotonic()
    stop = threading.Event()
    _on_first_signal(stop.set)
    server = _start(options)
    _announce(server, ready_file, time.monotonic() - began)
    stop.wait()
    say("stopping: requests in flight finish first")
    served = _describe(server)
    server.stop()
    if ready_file:
        ready_file.unlink(missing_ok=True)
    return {**served, "seconds": round(time.monotonic() - began, 1)}


def _on_first_signal(action: Callable[[], None]) -> None:
    """Has SIGTERM and SIGINT do `action` once; the next one does what it always did."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(*_: object) -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        action()

    for number in before:
        signal.signal(number, handle)


def _start(options: dict[str, Any]) -> ModelServer:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("sentiment").setLevel(logging.INFO)
    from sentiment.serving.server.model_server import ModelServer

    gc.freeze()  # so that the collection after an unload walks over the models only, not over all of TensorFlow
    return ModelServer(_server_options(**options))


def _server_options(
    *,
    batching: dict[str, int] | None,
    max_retries: int,
    retry_interval: float,
    **rest: Any,
) -> ServerOptions:
    from sentiment.serving.server.batching import Batching
    from sentiment.serving.server.model_server import ServerOptions
    from sentiment.serving.server.versions import LoadRules

    return ServerOptions(
        batching=Batching(**batching) if batching else None,
        load_rules=LoadRules(max_retries, retry_interval),
        **rest,
    )


def _describe(server: ModelServer) -> Result:
    return {"grpc": server.grpc_address, "rest": server.rest_url, "available": server.core.available()}


def _announce(server: ModelServer, ready_file: Path | None, seconds: float) -> None:
    description = _describe(server)
    models = [f"{name} {versions or '(no version)'}" for name, versions in description["available"].items()]
    say(f"gRPC at {server.grpc_address}, REST at {server.rest_url}, ready after {seconds:.1f} s")
    say(f"serving {', '.join(models) or 'no model yet'}")
    if ready_file:
        atomic.write_json(ready_file, {**description, "pid": os.getpid()})


@click.command("serve")
@click.option("--model-config-file", type=click.Path(path_type=Path), help="Default: serving/models/models.config.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", "grpc_port", default=8500, show_default=True, help="The gRPC port; 0: any free one.")
@click.option("--rest-api-port", "rest_port", default=8501, show_default=True, help="The REST port; 0: any free one.")
@click.option(
    "--model-config-file-poll-wait-seconds",
    "config_poll_seconds",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="How often the configuration is read again; 0: never.",
)
@click.option(
    "--file-system-poll-wait-seconds",
    "file_system_poll_seconds",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="How often the version folders are looked at; 0: never.",
)
@click.option("--max-num-load-retries", "max_retries", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--load-retry-interval-seconds", "retry_interval", type=click.FloatRange(0), default=60.0, show_default=True
)
@click.option(
    "--allow-version-labels-for-unavailable-models/--no-allow-version-labels-for-unavailable-models",
    "allow_labels_for_unavailable",
    default=True,
    show_default=True,
    help="Needed to start with labels in the file: nothing is loaded yet when they are checked.",
)
@click.option("--enable-batching/--no-enable-batching", default=False, show_default=True)
@click.option("--max-batch-size", type=click.IntRange(1), default=32, show_default=True)
@click.option("--batch-timeout-micros", type=click.IntRange(0), default=2000, show_default=True)
@click.option("--max-enqueued-batches", type=click.IntRange(1), default=100, show_default=True)
@click.option("--num-batch-threads", type=click.IntRange(1), default=2, show_default=True)
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="Written, as JSON, when the server is ready; removed after."
)
@step
def command(
    model_config_file: Path | None,
    enable_batching: bool,
    max_batch_size: int,
    batch_timeout_micros: int,
    max_enqueued_batches: int,
    num_batch_threads: int,
    ready_file: Path | None,
    **options: Any,
) -> Result:
    """Run the embedded model server; it behaves as TensorFlow Serving does."""
    config_file = (model_config_file or _own_config()).absolute()
    _require_config(config_file)
    for port in filter(None, {options["grpc_port"], options["rest_port"]}):
        require_free(options["host"], port)
    limits = {
        "max_batch_size": max_batch_size,
        "batch_timeout_micros": batch_timeout_micros,
        "max_enqueued_batches": max_enqueued_batches,
        "num_batch_threads": num_batch_threads,
    }
    return serve({**options, "config_file": config_file, "batching": limits if enable_batching else None}, ready_file)


def _own_config() -> Path:
    """Returns this home's models.config, rendered from the history if it is not there yet."""
    from sentiment.serving.history import changing

    settings = read_settings()
    if not settings.models_config.exists():
        with changing(settings):
            say(f"{settings.models_config} is rendered from the history")
    return settings.models_config


def _require_config(config_file: Path) -> None:
    if not config_file.is_file():
        raise InputError(
            "the model configuration must exist",
            found=f"no {config_file}",
            do="Publish a model first (`sentiment publish`, `sentiment canary`), or name one with --model-config-file.",
        )
