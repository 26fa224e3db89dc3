"""Runs a private model server for a while, on free ports of this machine and in a temporary folder."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sentiment import atomic, processes
from sentiment.errors import InputError
from sentiment.serving import servers
from sentiment.serving.flags import overridden

EMBEDDED = tuple(processes.python_module("sentiment", "serve"))
MODEL_NAME = "sentiment"
START = 120.0  # seconds that a server has to open its ports; the embedded one takes some ten
LOAD_TIMEOUT = 120.0  # seconds that a version has to load
POLL_SECONDS = 1  # of models.config, so that `add` does not wait as long as production's servers do
SECONDS_BETWEEN_QUESTIONS = 0.1


class NotServedError(InputError):
    """A throw-away server did not start, or did not load a version; `found` is the last thing it said."""


@dataclass
class ThrowawayServer:
    """A running server; all its versions are AVAILABLE.

    `load_seconds`: the time from the start of the process until its first versions were AVAILABLE.
    """

    folder: Path
    model_name: str
    grpc: str
    rest: str
    pid: int
    labels: Mapping[str, int]
    timeout: float
    load_seconds: float = 0.0

    def add(self, version: int, source: Path) -> float:
        """Loads the folder `source` as one more version; returns the seconds until it was AVAILABLE.

        Raises: NotServedError.
        """
        (self._versions / str(version)).symlink_to(source.absolute())
        self.configure()
        return self.wait_until_available(version)

    @property
    def _versions(self) -> Path:
        return self.folder / "models" / self.model_name

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def configure(self) -> None:
        """Writes models.config: every version in the folder, by number, and the labels; without versions, no model."""
        from google.protobuf import text_format
        from tensorflow_serving.config import model_server_config_pb2

        config = model_server_config_pb2.ModelServerConfig()
        config.model_config_list.SetInParent()
        if versions := sorted(int(folder.name) for folder in self._versions.iterdir()):
            model = config.model_config_list.config.add(name=self.model_name, base_path=str(self._versions))
            model.model_platform = "tensorflow"
            model.model_version_policy.specific.versions.extend(versions)
            model.version_labels.update(self.labels)
        atomic.write_text(self.folder / "models.config", text_format.MessageToString(config))

    def wait_until_available(self, version: int) -> float:
        """Returns the seconds that it took. Raises: NotServedError when the server ends, fails, or takes too long."""

        def available() -> bool:
            state, error = servers.version_status(self.rest, self.model_name, version)
            if state == "END":
                raise _not_served(f"load version {version}", error)
            return state == "AVAILABLE"

        return self._wait_until(available, f"load version {version}", self.timeout)

    def wait_until_open(self) -> None:
        """Returns when the server answers at all. Raises: NotServedError."""
        self._wait_until(lambda: servers.version_status(self.rest, self.model_name, 0) is not None, "start", START)

    def _wait_until(self, done: Callable[[], bool], what: str, timeout: float) -> float:
        start = time.monotonic()
        while (seconds := time.monotonic() - start) < timeout:
            if not self.is_running():
                raise _not_served(what, self.last_line())
            with suppress(OSError):  # its port is not open yet
                if done():
                    return seconds
            time.sleep(SECONDS_BETWEEN_QUESTIONS)
        raise _not_served(what, f"not in {timeout:g} s; it last said: {self.last_line()}")

    def is_running(self) -> bool:
        return processes.is_running(self.pid)

    def last_lines(self, number: int = 1) -> list[str]:
        """Returns the last lines that the server wrote, except empty ones."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n") if self.log.exists() else []
        return [line.strip() for line in lines if line.strip()][-number:]

    def last_line(self) -> str:
        return "".join(self.last_lines()) or "nothing"

    def peak_memory_bytes(self) -> int:
        """Returns the server's peak resident memory so far (resident); 0 when the server has ended."""
        return processes.memory_bytes(self.pid, "VmHWM")


def _not_served(what: str, found: str) -> NotServedError:
    return NotServedError(
        f"a throw-away server must {what}",
        found=found,
        do="Check the export, the flags in serving/flags and --server.",
    )


@contextmanager
def throwaway_server(
    versions: Mapping[int, Path],
    flags: Sequence[str] = (),
    labels: Mapping[str, int] = {},
    command: Sequence[str] | None = None,
    model_name: str = MODEL_NAME,
    timeout: float = LOAD_TIMEOUT,
) -> Iterator[ThrowawayServer]:
    """Serves these version folders (number → folder) with a new server, for as long as the context lasts.

    The server reads the folders where they are. `flags` are the server's own, without ports, models.config and its poll
    interval; `command` starts it, default: the embedded server. It also ends when this process is killed.

    Raises: NotServedError when not all versions are AVAILABLE after `timeout` seconds; InputError when `command` does
    not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentiment-", ignore_cleanup_errors=True)))
        grpc_port, rest_port = free_ports(2)
        server = ThrowawayServer(
            folder, model_name, f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{rest_port}", 0, dict(labels), timeout
        )
        server._versions.mkdir(parents=True)
        for version, source in versions.items():
            (server._versions / str(version)).symlink_to(source.absolute())
        server.configure()
        own = {"port": grpc_port, "rest_api_port": rest_port, "model_config_file": folder / "models.config"}
        plain = [flag for flag in flags if not flag.replace("_", "-").startswith("--ssl-config-file")]
        arguments = overridden(plain, **own, model_config_file_poll_wait_seconds=POLL_SECONDS)
        start = time.monotonic()
        server.pid = stack.enter_context(_kept([*(command or EMBEDDED), *arguments], folder, server.log))
        server.wait_until_open()
        for version in versions:
            server.wait_until_available(version)
        server.load_seconds = time.monotonic() - start
        yield server


@contextmanager
def _kept(command: Sequence[str], folder: Path, log: Path) -> Iterator[int]:
    """Yields the process id of `command`; when this process ends, `command` ends too, and its folder is deleted."""
    # It listens on this machine alone, and for a moment: it wants no token, and has no TLS.
    open_to_us = {name: value for name, value in os.environ.items() if name != "SENTIMENT_SERVING_TOKEN"}
    open_to_us["TMPDIR"] = str(folder)  # what it leaves when it is killed is deleted with the folder
    with (
        log.open("wb") as output,
        processes.guarded(command, 0, folder, stdout=subprocess.PIPE, stderr=output, env=open_to_us) as guard,
    ):
        assert guard.stdin and guard.stdout
        with closing(guard.stdin):
            first = guard.stdout.readline()
            if not first.strip().isdigit():
                text = log.read_text(encoding="utf-8", errors="replace").strip()
                raise InputError(
                    "a throw-away server must start",
                    found=text.split("\n")[-1] or "no process",
                    do="Check the command of --server.",
                )
            yield int(first)


def free_ports(count: int) -> list[int]:
    """Returns ports of this machine that nobody listens on at the moment."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in taken]
