"""Tries out an export: loads it in a throw-away server, examines it, and loads it again with its warm-up file."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.data.tsv import Post
from sentiment.export import warmup
from sentiment.export.parity import Reference
from sentiment.language import tr
from sentiment.model import piece_trie
from sentiment.model.folder import open_model
from sentiment.results.validation import ExportCheck
from sentiment.step import say
from sentiment.validation import operations
from sentiment.validation.operations import SERVER, way_out
from sentiment.validation.questions import Questions, posts_to_ask, served_batches
from sentiment.validation.throwaway import NotServedError, ThrowawayServer, throwaway_server

if TYPE_CHECKING:
    from sentiment.export.parity import Reference
    from sentiment.validation.examination import Examination

COLD, WARM = 1, 2  # the version without its warm-up file, and with it
MOST_NAMED = 5  # dangers, in a sentence
LAST_LINES = 20  # of the server's log, shown when it does not load a version


@dataclass(frozen=True)
class Conditions:
    """How an export is tried out, and what it must not exceed; without a limit, the value is only reported.

    `flags`: production's. `command`: a tensorflow_model_server; default: the embedded server. `gpu_image`: whether
    production runs the -gpu image, which links TensorRT.
    """

    flags: Sequence[str]
    load_seconds: float
    command: str | None = None
    gpu_image: bool = False
    memory_mb: float | None = None
    latency_ms: float | None = None


@dataclass(frozen=True)
class Prepared:
    """The trained model's side of the comparison, and the operations of the exported graph."""

    reference: Reference
    labels: list[str]
    operations: frozenset[str]
    unknown: list[str]
    dangers: list[str] = field(default_factory=list)
    pieces: Sequence[str] = ()  # of the vocabulary


@dataclass
class Trial:
    """What was found, as far as the trial got."""

    checks: list[ExportCheck]
    prepared: Prepared | None = None
    start_seconds: float | None = None
    load_seconds: float | None = None
    peak_memory_bytes: int | None = None
    warmup_records: int = 0
    examination: Examination | None = field(default=None, repr=False)

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


def try_out(export: Path, model: Path, posts: Sequence[Post], conditions: Conditions, model_name: str) -> Trial:
    """Tries out the export; if nothing is wrong with it, writes its warm-up file, of requests of the same shapes.

    Raises: InputError when the model folder, the flags or the server's command are not usable.
    """
    trial = Trial([complete(export)])
    if trial.passed:
        warmup.remove(export)
        # While the server starts, the background imports TensorFlow and asks the trained model.
        with ThreadPoolExecutor(1) as background:
            prepared = background.submit(_prepare, export, model, posts, conditions.gpu_image)
            _serve(export, prepared, conditions, model_name, trial)
    return trial


def complete(export: Path) -> ExportCheck:
    """Checks that the files of a version exist."""
    missing = [name for name in ("saved_model.pb", "variables/variables.index") if not (export / name).exists()]
    if not any((export / "variables").glob("variables.data-*")):
        missing.append("variables/variables.data-…")
    if missing:
        said = tr("the export has no {name}", name=", no ".join(missing))
        return ExportCheck("files", False, None, None, said)
    return ExportCheck("files", True, None, None, tr("every file of a version is there"))


def links_operations(prepared: Prepared) -> ExportCheck:
    """Checks that production's server links every operation of the graph."""
    if unknown := prepared.unknown:
        said = tr(
            "{server} does not link {operations}; {sentence}",
            server=SERVER,
            operations=", ".join(unknown),
            sentence=way_out(unknown),
        )
        return ExportCheck("operations", False, len(unknown), 0, said)
    count = len(prepared.operations)
    said = tr("{server} links all {operations} operations of the graph", server=SERVER, operations=count)
    return ExportCheck("operations", True, None, None, said)


def only_computes(prepared: Prepared) -> ExportCheck:
    """Checks that the graph touches no file, network, process or Python; one that may is never loaded."""
    dangers = ", ".join(prepared.dangers[:MOST_NAMED])
    said = tr("the export must only compute; it has {quoted}. It was not loaded", quoted=dangers)
    if not prepared.dangers:
        said = tr("the graph only computes: it touches no file but its own, no network, no process, no Python")
    return ExportCheck("computes", not prepared.dangers, None, None, said)


def _prepare(export: Path, model: Path, posts: Sequence[Post], gpu_image: bool) -> Prepared:
    opened = open_model(model)
    used = operations.operations_of(export)
    dangers = operations.dangers(export, used, piece_trie.models(opened.tokenizer.wordpiece), gpu=gpu_image)
    reference = Reference(opened, posts_to_ask(posts, opened))
    unknown = operations.unknown(used, gpu=gpu_image)
    return Prepared(reference, opened.card.labels, used, unknown, dangers, opened.pieces)


def _serve(export: Path, prepared: Future[Prepared], conditions: Conditions, model_name: str, trial: Trial) -> None:
    command = [conditions.command] if conditions.command else None
    say(f"validate: {export} in a throw-away server")
    with throwaway_server(
        {}, conditions.flags, command=command, model_name=model_name, timeout=conditions.load_seconds
    ) as server:
        trial.start_seconds = server.load_seconds
        trial.prepared = prepared.result()
        trial.checks.append(only_computes(trial.prepared))
        if not trial.passed:
            return
        loads = _loads(server, export)
        trial.checks += [links_operations(trial.prepared), loads]
        if loads.passed:
            _examine(server, trial.prepared, export, conditions, trial)


def _loads(server: ThrowawayServer, export: Path) -> ExportCheck:
    try:
        server.add(COLD, export)
    except NotServedError as error:
        say("\n".join(["validate: the server's last lines:", *server.last_lines(LAST_LINES)]))
        said = tr("the server did not load it: {error}", error=error.found)
        return ExportCheck("loads", False, None, server.timeout, said)
    return ExportCheck("loads", True, None, server.timeout, tr("the server loads it"))


def _examine(server: ThrowawayServer, prepared: Prepared, export: Path, conditions: Conditions, trial: Trial) -> None:
    from sentiment.validation.asking import Version, connected
    from sentiment.validation.examination import Examination, tolerance_of

    questions = Questions(prepared.reference, served_batches(conditions.flags))
    tolerance = tolerance_of(prepared.operations)
    with connected(server) as channel:
        cold = Version(server, COLD, channel)
        examination = Examination(cold, prepared.reference, questions, prepared.labels, tolerance)
        trial.examination = examination
        examination.run()
        examination.limit_latency(conditions.latency_ms)
        if all(check.passed for check in (*trial.checks, *examination.checks)):
            say("validate: keeping answers, and writing a warm-up file of the same shapes")
            examination.keep_answers(export, prepared.pieces)
            trial.warmup_records = warmup.write(export, examination.warm_up_requests())
            trial.load_seconds = examination.load_warm(server, export, Version(server, WARM, channel))
        if peak := server.peak_memory_bytes():
            trial.peak_memory_bytes = peak
            examination.limit_memory(peak, conditions.memory_mb)
    trial.checks += examination.checks
