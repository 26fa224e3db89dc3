"""The whole server: starts and stops the core, its two ports and its two polls together."""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from sentiment.errors import InputError
from sentiment.model_server.access import Access
from sentiment.model_server.admission import Admission, running
from sentiment.model_server.config import ConfigFile
from sentiment.model_server.connections import Listener
from sentiment.model_server.core import Core
from sentiment.model_server.grpc_calls import Calls
from sentiment.model_server.grpc_service import make_grpc_server
from sentiment.model_server.health import Health
from sentiment.model_server.metrics import Metrics
from sentiment.model_server.parameter_files import Batching
from sentiment.model_server.periodic import Periodic
from sentiment.model_server.ports import ACCEPTED_AT_A_TIME, connections_of, listen, port_is_taken
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.rest_answers import RestAnswers
from sentiment.model_server.rest_app import RestApp
from sentiment.model_server.rest_limits import RestLimits
from sentiment.model_server.servable import Servable, load_servable
from sentiment.model_server.tls import Tls
from sentiment.model_server.versions import LoadRules, Versions
from sentiment.model_server.work import share_of
from sentiment.tensorflow_setup import tf

log = logging.getLogger("sentiment.server")
SECONDS_BETWEEN_SILENT = 5.0
GRACE_SECONDS = 30  # that requests in flight have to finish when the server stops; then their connections end
SECONDS_TO_NOTICE = 5  # that the connections have ended; then uvicorn cancels what is left, with a traceback in the log


@dataclass(frozen=True)
class ServerOptions:
    """What the verb's options say; durations are in seconds, port 0 is any free port."""

    config_file: Path
    host: str = "127.0.0.1"
    grpc_port: int = 0
    rest_port: int = 0
    config_poll_seconds: float = 1.0
    file_system_poll_seconds: float = 1.0
    load_rules: LoadRules = field(default_factory=LoadRules)
    allow_labels_for_unavailable: bool = False
    batching: Batching | None = None
    warm_up: bool = True
    metrics_path: str | None = None  # in addition to /metrics
    rest: RestLimits = field(default_factory=RestLimits)
    grpc_threads: int = 16
    grpc_health: bool = False  # whether gRPC's health service is there
    access: Access = field(default_factory=Access)
    tls: Tls | None = None
    intra_op_threads: int = 0  # a batch's share of the processors
    inter_op_threads: int = 0  # TensorFlow decides


class ModelServer:
    """A running server; the constructor returns when every model has settled and both ports are open."""

    def __init__(self, options: ServerOptions) -> None:
        """Loads what the configuration wants, then opens the ports.

        Raises:
            InputError: the configuration is refused, a model has no version that loads, or a port is in use.
        """
        self._admission = Admission(options.rest.all_bodies_bytes)
        self._calls = Calls(options.access, self._admission, running(options.grpc_threads))
        loader = functools.partial(
            load_servable,
            batching=options.batching,
            session_config=_session_config(options),
            warm_up=options.warm_up,
            admission=self._admission,
        )
        versions: Versions[Servable] = Versions(loader, options.load_rules)
        self.core = Core(versions, allow_labels_for_unavailable=options.allow_labels_for_unavailable)
        self.metrics = Metrics(self.core)
        self._health = Health()
        config = ConfigFile(options.config_file, self.core.apply)
        try:
            _apply_first(config, self.core, options)
            self._open_ports(options)
        except BaseException:
            self.core.close()
            raise
        self._polls = (
            Periodic("poll the configuration", options.config_poll_seconds, config.poll),
            Periodic("poll the version folders", options.file_system_poll_seconds, self.core.poll),
            Periodic("end silent calls", SECONDS_BETWEEN_SILENT, self._calls.end_silent),
        )
        self._health.serving = True

    def _open_ports(self, options: ServerOptions) -> None:
        rest_socket = listen(options.host, options.rest_port)
        try:
            self._grpc, self.grpc_port = make_grpc_server(
                self.core,
                self.metrics,
                self._health if options.grpc_health else None,
                self._calls,
                f"{options.host}:{options.grpc_port}",
                options.tls.for_grpc() if options.tls else None,
            )
        except OSError:
            rest_socket.close()
            raise port_is_taken(options.host, options.grpc_port) from None
        self.rest_port: int = rest_socket.getsockname()[1]
        self.grpc_address = f"{options.host}:{self.grpc_port}"
        self.rest_url = f"{'https' if options.tls else 'http'}://{options.host}:{self.rest_port}"
        self._start_rest(rest_socket, options)
        self._grpc.start()

    def _start_rest(self, rest_socket: Listener, options: ServerOptions) -> None:
        answers = RestAnswers(self.core, self.metrics, options.rest, options.metrics_path, self._admission)
        self._app = RestApp(answers, options.rest, options.access, self._admission, rest_socket.book)
        tls = options.tls
        config = uvicorn.Config(
            self._app,
            http=connections_of(rest_socket),
            loop="asyncio",
            ws="none",  # with a package for them, their connections would be outside the bounds of `ports`
            ssl_context_factory=(lambda *_: tls.for_rest()) if tls else None,
            log_config=None,
            log_level="error",  # it warns of each request that asks for a web socket or is no HTTP: before any token
            access_log=False,
            backlog=ACCEPTED_AT_A_TIME,
            proxy_headers=False,  # otherwise a local client could name another address as its own
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS + SECONDS_TO_NOTICE,
        )
        self._rest = uvicorn.Server(config)
        self._rest_thread = threading.Thread(target=self._rest.run, args=([rest_socket],), name="rest", daemon=True)
        self._rest_thread.start()
        while not self._rest.started:
            time.sleep(0.005)

    def stop(self) -> None:
        """Closes the ports, lets requests in flight finish, and unloads everything."""
        self._health.serving = False
        for poll in self._polls:
            poll.stop()
        self._rest.should_exit = True
        grpc_ends = self._grpc.stop(GRACE_SECONDS)
        self._rest_thread.join(GRACE_SECONDS)
        self._app.end_connections()
        grpc_ends.wait()
        self._calls.threads.close()
        self._rest_thread.join()
        self._app.close()
        self.core.close()


def _session_config(options: ServerOptions) -> Any:
    share = share_of(len(os.sched_getaffinity(0)))
    return tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=options.intra_op_threads or share,
        inter_op_parallelism_threads=options.inter_op_threads,
    )


def _apply_first(config: ConfigFile, core: Core[Servable], options: ServerOptions) -> None:
    """Raises: InputError where the real server would end or, for want of a version, wait without an end."""
    try:
        config.apply()
        if lacking := core.without_versions():
            raise Refusal(Code.NOT_FOUND, f"No versions of servable {', '.join(lacking)} found under base path")
    except (Refusal, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the server must be able to start with {options.config_file}",
            found=str(error).rstrip("."),
            do="Correct that file, or the versions that it names.",
        ) from None
