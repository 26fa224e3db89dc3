"""The demo's background processes: each has a log file, and none is left behind."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from pathlib import Path

from sentiment.errors import SentimentError
from sentiment.processes import end_all, stat_fields

MARK = "SENTIMENT_HOME"  # every process of a demo carries its home folder in its environment …
STARTED = "processes.txt"  # … but one that renames itself loses it, so this file lists what the demo started, too
ATTEMPTS = 20  # to find a free port
GRACE = 10.0  # seconds between asking and killing


class ProcessDied(SentimentError):
    """A background process ended although it should keep running."""


class Processes:
    """The processes that one demo started, by name; each in its own process group."""

    def __init__(self, home: Path, logs: Path) -> None:
        self._home, self._logs = home, logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Starts `command`; its output goes to `<logs>/<name>.log`."""
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment, MARK: str(self._home)},
                start_new_session=True,
            )
        with _started_file(self._home).open("a") as started:
            started.write(f"{process.pid} {_start_time(process.pid)}\n")

    def run(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Runs `command` to its end. Raises: ProcessDied when it fails."""
        self.start(name, command, environment)
        process = self._running.pop(name)
        if process.wait() != 0:
            raise ProcessDied(f"{name} failed with exit code {process.returncode}; its log is {self.log(name)}")

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Raises: ProcessDied when one of the processes has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProcessDied(f"{name} ended with exit code {process.returncode}; its log is {self.log(name)}")

    def explain(self, error: Exception) -> str:
        """Returns what to say about `error`; if a process has ended, that is the better explanation."""
        try:
            self.check()
        except ProcessDied as died:
            return str(died)
        return str(error)

    def stop(self) -> None:
        """Stops every process that carries this demo's home, no matter what started it. It may be called twice."""
        stop_leftovers(self._home)
        for process in self._running.values():
            process.wait()
        self._running.clear()


def stop_leftovers(home: Path) -> int:
    """Stops every process of the demo in `home`, even if that demo was killed; returns how many there were."""
    found = _of_demo(home)
    end_all(lambda: _of_demo(home), GRACE)
    return len(found)


def _of_demo(home: Path) -> set[int]:
    """Returns the processes that carry the home, and those in groups that the demo started."""
    wanted = f"{MARK}={home}".encode()
    groups = _started_groups(home)
    pids = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            status = stat_fields(int(folder.name))
            mine = int(status[2]) in groups or wanted in (folder / "environ").read_bytes().split(b"\0")
            if mine and status[0] != "Z":
                pids.add(int(folder.name))
    return pids


def _started_groups(home: Path) -> set[int]:
    """Returns the groups in the demo's list; a leader's start time tells it from a later process with the same id."""
    groups = set()
    with contextlib.suppress(FileNotFoundError):
        for line in _started_file(home).read_text().splitlines():
            pid, started = line.split()
            if _start_time(int(pid)) in (started, ""):
                groups.add(int(pid))
    return groups


def _started_file(home: Path) -> Path:
    return home.parent / STARTED


def _start_time(pid: int) -> str:
    """Returns when `pid` started, in ticks since boot; "" when there is no such process."""
    try:
        return stat_fields(pid)[19]
    except OSError:
        return ""


def reserve_port(preferred: int) -> socket.socket:
    """Returns what reserves a TCP port on localhost until it is closed: `preferred` if that is free, otherwise any.

    It is a UDP socket with the port's number. A server needs long to start; of two that were given the same free port,
    the later one would end. The reservation is in no server's way, and ends with this process however that ends.
    """
    for port in (preferred, *[0] * ATTEMPTS):
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(reservation.getsockname())
        except OSError:
            reservation.close()
        else:
            return reservation
    raise SentimentError("there is no free port on localhost")
