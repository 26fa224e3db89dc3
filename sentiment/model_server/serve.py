"""`sentiment serve`: runs the embedded model server until a signal stops it."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.model_server import confined, open_files
from sentiment.model_server.command_line import ServeCommand, server_flags, server_options
from sentiment.model_server.following import SECONDS_BETWEEN_LOOKS, Following
from sentiment.model_server.periodic import Periodic
from sentiment.model_server.ports import require_free
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step

SECONDS_TO_UNLOAD = 10.0  # that a server which stops has behind the time for requests in flight

if TYPE_CHECKING:
    from sentiment.model_server.model_server import ModelServer


def serve(
    config_file: Path,
    flags: dict[str, Any],
    ready_file: Path | None,
    following: Following | None = None,
    folders: Collection[Path] = (),
) -> Result:
    """Serves until SIGTERM or SIGINT; returns what was served. `following` gives the server what it serves next.

    The process reads no models but those below `folders`, if there is one, and starts nothing. A second signal ends it
    at once, and so does the first one without `drain`.
    """
    began = time.monotonic()
    stop = threading.Event()
    _on_first_signal(stop.set)
    written = [ready_file.absolute().parent] if ready_file else []
    server = _start(
        config_file, flags, folders, [*written, *filter(None, [following.make_folder() if following else None])]
    )
    looks = (
        Periodic("follow models.config", SECONDS_BETWEEN_LOOKS, lambda: following.look(server.core.have_settled))
        if following
        else None
    )
    _announce(server, ready_file, time.monotonic() - began)
    stop.wait()
    if following and looks:
        looks.stop()
        following.stopped()
    if not flags["drain"]:
        _end_at_once(ready_file)
    say("stopping: requests in flight finish first")
    served = _describe(server)
    overdue = _end_when_overdue(ready_file)
    server.stop()
    overdue.cancel()
    if ready_file:
        ready_file.unlink(missing_ok=True)
    return {**served, "seconds": round(time.monotonic() - began, 1)}


def _on_first_signal(action: Callable[[], None]) -> None:
    """Makes the first SIGTERM or SIGINT do `action`; the next one does what it did before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(*_: object) -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        action()

    for number in before:
        signal.signal(number, handle)


def _end_when_overdue(ready_file: Path | None) -> threading.Timer:
    """Ends the process some seconds after the time for requests: no computation or load can be stopped otherwise."""
    from sentiment.model_server.model_server import GRACE_SECONDS

    def end() -> None:
        say("what is still computed, or loaded, does not end: the process ends without it")
        if ready_file:
            ready_file.unlink(missing_ok=True)
        os.kill(os.getpid(), signal.SIGTERM)  # the second one, which does what it did before

    timer = threading.Timer(GRACE_SECONDS + SECONDS_TO_UNLOAD, end)
    timer.daemon = True
    timer.start()
    return timer


def _end_at_once(ready_file: Path | None) -> None:
    """Ends the process, with the requests that it has, as a signal ends TensorFlow Serving, which handles none."""
    if ready_file:
        ready_file.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)


def _start(config_file: Path, flags: dict[str, Any], served: Collection[Path], writes: Iterable[Path]) -> ModelServer:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("sentiment").setLevel(logging.INFO)
    # gRPC's core writes a line of each request that is none, before anybody asks for the token: megabytes a second. It
    # looks at this when it is imported; what the server itself has to say, it says by Python's log.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    options = server_options(config_file, flags)
    from sentiment.model_server.model_server import ModelServer

    open_files.allow_many()
    confined.to_files_of(served, writes)
    gc.freeze()  # so that a collection after an unload visits only the models, not all of TensorFlow
    return ModelServer(options)


def _describe(server: ModelServer) -> Result:
    return {"grpc": server.grpc_address, "rest": server.rest_url, "available": server.core.available()}


def _announce(server: ModelServer, ready_file: Path | None, seconds: float) -> None:
    description = _describe(server)
    models = [f"{name} {versions or '(no version)'}" for name, versions in description["available"].items()]
    say(f"gRPC at {server.grpc_address}, REST at {server.rest_url}, ready after {seconds:.1f} s")
    say(f"serving {', '.join(models) or 'no model yet'}")
    if ready_file:
        atomic.write_json(ready_file, {**description, "pid": os.getpid()})


@click.command("serve", cls=ServeCommand)
@server_flags
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="A JSON file that exists while the server is ready."
)
@step
def command(ready_file: Path | None, **flags: Any) -> Result:
    """Run the embedded model server, which behaves like TensorFlow Serving and takes its flags."""
    for port in filter(None, {flags["port"], flags["rest_api_port"]}):
        require_free(flags["host"], port)
    with confined.private_folder() as private:
        if named := flags["model_config_file"]:
            _require_config(named)
            return serve(named.absolute(), flags, ready_file)
        return _serve_home(flags, ready_file, private)


def _serve_home(flags: dict[str, Any], ready_file: Path | None, private: Path) -> Result:
    """Serves this home: starts with the stable version alone, whatever the canary does, then follows models.config."""
    settings = read_settings()
    config, served = _own_config(settings), (settings.models_config.parent, Path(settings.base_path_for_servers))
    if not flags["model_config_file_poll_wait_seconds"]:  # it would never read what it is given
        return serve(config, flags, ready_file, folders=served)
    port = flags["rest_api_port"]
    note = settings.servers_notes / f"{socket.gethostname()}-{port}" if port else None
    given = private / config.name
    return serve(given, flags, ready_file, Following(settings, given, note), served)


def _own_config(settings: Settings) -> Path:
    """Returns this home's models.config; renders it from the history if it does not exist yet."""
    from sentiment.serving.change import changing

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
