"""The servers that a load test asks: a server for each format of an export, or one that is already running."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment import processes
from sentiment.errors import InputError
from sentiment.export.formats import MARKS, SAVED_MODEL, TENSORRT, TFLITE, TFLITE_INT8, batches_itself, folder_of
from sentiment.run_folder import RunFolder
from sentiment.serving.flags import BATCHING, flags_file, overridden, read_flags
from sentiment.serving.history import read_state
from sentiment.settings import Settings
from sentiment.step import say
from sentiment.validation.throwaway import NotServedError, throwaway_server

LABEL = "stable"
GRAPH, SESSION, OFF = BATCHINGS = ("graph", "session", "off")  # who computes requests together: the export, the server
SHOWN = {GRAPH: "batching in the graph", SESSION: "batching by the server", OFF: "no batching"}
# For an export that does not batch itself, as its server once did it.
PARAMETERS = """max_batch_size { value: 1024 } max_execution_batch_size { value: 32 }
enable_large_batch_splitting { value: true } batch_timeout_micros { value: 2000 } max_enqueued_batches { value: 64 }
num_batch_threads { value: 2 } pad_variable_length_inputs: true
allowed_batch_sizes: [1, 2, 4, 8, 16, 32, 1024]
"""
NOT_MADE = {
    TENSORRT: "not exported: it needs a GPU and TensorRT's libraries (`sentiment export --format tensorrt`)",
    TFLITE: "not exported (`sentiment export --format tflite`)",
}
LITE = "not asked: TensorFlow Serving serves it only with --prefer_tflite_model, the embedded server never"
UNFIT = {
    True: "not asked: it batches in its graph (`sentiment export --no-batching` makes one that does not)",
    False: "not asked: it does not batch in its graph (`sentiment export` makes one that does)",
}
ADDRESSES = ("grpc", "rest")


@dataclass(frozen=True)
class Target:
    """One server to ask: a version folder for a new server, or the addresses of a running one, and its process.

    With `padded` it is asked with ids, each row as long as the longest one may be.
    """

    name: str
    folder: Path | None = None
    batching: str = GRAPH
    addresses: tuple[tuple[str, str], ...] = ()
    padded: bool = False
    pid: int | None = None

    def identity(self) -> dict[str, Any]:
        """Returns what decides the server's speed and is in files: each file with its size and time."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file()) if self.folder else []
        known = [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files]
        said = {"name": self.name, "batching": self.batching, "addresses": self.addresses, "files": known}
        return {**said, **({"padded": True} if self.padded else {})}


@dataclass(frozen=True)
class Running:
    """A server that answers. `pid` is None if the load test did not start it: its process cannot be measured."""

    addresses: dict[str, str]
    pid: int | None = None

    def processor(self) -> float | None:
        """Returns the CPU seconds that the server has used so far."""
        return processes.processor_seconds(self.pid) if self.pid else None

    def peak_bytes(self) -> int | None:
        return processes.memory_bytes(self.pid, "VmHWM") if self.pid else None


def exports_of(settings: Settings, named: Sequence[str], runs: Sequence[str], version: str | None) -> dict[str, Path]:
    """Returns name → version folder of all exports that were named. Raises: InputError when one does not exist."""
    found: dict[str, Path] = {}
    for text in named:
        name, equals, folder = text.partition("=")
        if not (name and equals and folder):
            raise InputError(
                "--export must be NAME=FOLDER", found=repr(text), do="Give both, the row's name and the folder."
            )
        found[name] = Path(folder)
    found |= {run: RunFolder.named(settings, run).export for run in runs}
    if version:
        number = read_state(settings).labels.get(version) or version
        found[f"version {number}"] = settings.versions / str(number)
    for name, place in found.items():
        if not (place / MARKS[SAVED_MODEL]).is_file():
            raise InputError(
                f"{name} must be an export, with a {MARKS[SAVED_MODEL]}",
                found=f"none in {place}",
                do="Run `sentiment export` first.",
            )
    return found


def targets_of(exports: dict[str, Path], batching: Sequence[str]) -> tuple[list[Target], list[str]]:
    """Returns a server for each format that can be served, and a line about each one that cannot.

    Of `batching`, an export that batches itself is asked with `graph` alone, any other with the rest.
    """
    found, lines = [], []
    for name, folder in exports.items():
        for kind, row in ((SAVED_MODEL, name), (TENSORRT, f"{name} → tensorRT")):
            place = folder_of(folder, kind)
            if not (place / MARKS[kind]).is_file():
                lines.append(f"{row}: {NOT_MADE[kind]}")
                continue
            fitting = [way for way in batching if (way == GRAPH) == batches_itself(place)]
            named = {way: f"{row}, {SHOWN[way]}" if len(batching) > 1 else row for way in fitting}
            found += [Target(name, place, way) for way, name in named.items()]
            if not fitting:
                lines.append(f"{row}: {UNFIT[batches_itself(place)]}")
        made = [kind for kind in (TFLITE, TFLITE_INT8) if (folder_of(folder, kind) / MARKS[kind]).is_file()]
        lines.append(f"{name} → tflite: {LITE if made else NOT_MADE[TFLITE] + '; ' + LITE}")
    return found, lines


def running_target(text: str) -> Target:
    """Returns the running server at `grpc=HOST:PORT,rest=http://HOST:PORT` (one of the two is enough).

    With TLS they are `grpc=grpcs://HOST:PORT` and `rest=https://HOST:PORT`.
    """
    parts = [part.partition("=") for part in text.split(",")]
    addresses = {key.strip(): value.strip().rstrip("/") for key, _, value in parts}
    rest = addresses.get("rest", "http://")
    if not all(addresses.values()) or set(addresses) - set(ADDRESSES) or not rest.startswith(("http://", "https://")):
        raise InputError(
            "--target must be grpc=HOST:PORT,rest=http://HOST:PORT, or one of the two",
            found=repr(text),
            do="Correct --target.",
        )
    return Target("running server", addresses=tuple(sorted(addresses.items())))


def flags_of(settings: Settings, target: Target, parameters: Path) -> list[str]:
    """Returns production's flags, with the server's batching on, by the file `parameters`, or off."""
    flags = read_flags(flags_file(settings))
    if target.batching == SESSION:
        return overridden(flags, enable_batching="true", **{BATCHING: parameters})
    # The real server refuses batching parameters when batching is off.
    return [flag for flag in flags if not flag.startswith((f"--{BATCHING}=", "--enable_batching="))]


@contextmanager
def running(
    targets: Sequence[Target], settings: Settings, command: Sequence[str] | None
) -> Iterator[tuple[dict[str, Running], list[str]]]:
    """Starts the servers and yields those that answer, by name, with a line about each one that does not."""
    with ExitStack() as stack:
        parameters = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentiment-"))) / "batching.config"
        parameters.write_text(PARAMETERS, encoding="utf-8")
        found: dict[str, Running] = {}
        lines = []
        for target in targets:
            if target.folder is None:
                found[target.name] = Running(dict(target.addresses), target.pid)
                continue
            say(f"bench serve: starting a server for {target.name} …")
            flags, versions, labels = flags_of(settings, target, parameters), {1: target.folder}, {LABEL: 1}
            try:
                own = stack.enter_context(
                    throwaway_server(versions, flags, labels, command, settings.model_name, settings.load_timeout)
                )
            except NotServedError as error:
                lines.append(f"{target.name}: cannot be served on this machine: {error}")
                continue
            lines.append(f"{target.name}: the server was ready after {own.load_seconds:.1f} s")
            found[target.name] = Running({"grpc": own.grpc, "rest": own.rest}, own.pid)
        yield found, lines
