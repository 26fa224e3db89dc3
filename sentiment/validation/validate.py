"""`sentiment validate`: loads and asks an export in a throw-away server before any customer's server sees it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.errors import InputError, NoSuchFile
from sentiment.language import recorded
from sentiment.links import is_within
from sentiment.model.encoder_process import computing
from sentiment.model.folder import read_card, strangers_encoder
from sentiment.results.export import Export
from sentiment.results.record import as_json
from sentiment.results.validation import EMBEDDED, Operations, Validation
from sentiment.run_folder import RunFolder
from sentiment.serving.change import now
from sentiment.serving.flags import flags_file, read_flags
from sentiment.serving.publish import Candidate
from sentiment.serving.records import prepared
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.validation.findings import verdict
from sentiment.validation.trial import Conditions, Trial, try_out


def validate(export: Path, model: Path, posts: Sequence[Post], conditions: Conditions, model_name: str) -> Validation:
    """Tries out the export and returns what was found. A bad export is a result; `try_out` says what is an error."""
    begin = time.monotonic()
    trial = try_out(export, model, posts, conditions, model_name)
    candidate, server = Candidate(export, model, run="", metrics={}), conditions.command or EMBEDDED
    return told(trial, candidate, server, round(time.monotonic() - begin, 3))


def told(trial: Trial, candidate: Candidate, server: str, seconds: float) -> Validation:
    """Returns the result: what was found, and the export's digest if it passed."""
    examination, prepared, export = trial.examination, trial.prepared, candidate.export
    return Validation(
        passed=trial.passed,
        sentence=verdict(trial.checks),
        export=str(export),
        digest=candidate.digest if trial.passed else None,
        checks=trial.checks,
        parity=as_json(examination.parity) if examination and examination.parity else {},
        latency=examination.latencies if examination else [],
        first_request_ms=examination.first_request_ms if examination else {},
        start_seconds=_rounded(trial.start_seconds),
        load_seconds=_rounded(trial.load_seconds),
        peak_memory_bytes=trial.peak_memory_bytes,
        export_bytes=sum(file.stat().st_size for file in export.rglob("*") if file.is_file()),
        warmup_records=trial.warmup_records,
        operations=Operations(
            count=len(prepared.operations) if prepared else 0, unknown=prepared.unknown if prepared else []
        ),
        server=server,
        seconds=seconds,
        at=now(),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _of_run(run: RunFolder) -> tuple[Path, Path, list[Path]]:
    """Returns a run's export, its model, and its test sets."""
    run.read(Export)
    return run.export, run.model, [data for data in (run.frozen, run.rolling) if data.is_file()]


def _require_own_folder(settings: Settings, export: Path) -> None:
    """Raises: InputError when there is no such folder, or it is served: a warm-up file is written into it."""
    if not export.is_dir():
        raise NoSuchFile(
            export, must_hold="an export must be a folder", do="Run `sentiment export` first.", kind="folder"
        )
    served = settings.models_config.parent
    versions = [served.resolve(), *(path.resolve() for path in served.glob("*/*") if path.is_symlink())]
    names = [export.resolve(), *(folder.resolve() for folder in export.absolute().parents)]  # by a link of a version's
    if any(is_within(name, versions) for name in names):
        raise InputError(
            "only an export that is not published yet can be validated",
            found=f"{export}, which is served",
            do="Validate the export that it was published from.",
        )


@click.command("validate")
@click.option("--run", "run_id", help="Validate this run's export, on its frozen and rolling test sets.")
@click.option("--export", type=click.Path(path_type=Path), help="The version folder to validate.")
@click.option("--model", type=click.Path(path_type=Path), help="The model folder it was exported from.")
@click.option("--data", type=click.Path(path_type=Path), multiple=True, help="Labelled posts to ask it (TSV).")
@click.option("--server", help="A tensorflow_model_server to try it in; default: the embedded server.")
@click.option("--gpu-image", is_flag=True, help="Production runs the -gpu image (with TensorRT).")
@click.option("--memory-limit", type=click.FloatRange(0), help="The server's memory limit in MB; default: none.")
@click.option("--latency-limit-ms", type=click.FloatRange(0), help="Limit of the 95th percentile for one post.")
@click.option("--load-timeout", type=click.FloatRange(1), help="Seconds to load it; default: SENTIMENT_LOAD_TIMEOUT.")
@step
def command(
    run_id: str | None,
    export: Path | None,
    model: Path | None,
    data: tuple[Path, ...],
    server: str | None,
    gpu_image: bool,
    memory_limit: float | None,
    latency_limit_ms: float | None,
    load_timeout: float | None,
) -> Validation:
    """Load an export in a throw-away server, ask it, compare and time its answers, and write its warm-up file."""
    settings = read_settings()
    run = prepared(settings, run_id) if run_id else None
    if run and not (export or model):
        export, model, sets = _of_run(run)
        data = data or tuple(sets)
    if not (export and model):
        raise click.UsageError("give --run, or --export and --model")
    _require_own_folder(settings, export)
    labels = read_card(model).label_set
    conditions = Conditions(
        read_flags(flags_file(settings)),
        load_timeout or settings.load_timeout,
        server,
        gpu_image,
        memory_limit,
        latency_limit_ms,
    )
    posts = [post for file in data for post in read_posts(file, labels)]
    with computing(strangers_encoder(model)):
        result = validate(export, model, posts, conditions, settings.model_name)
    with to_people():
        say(f"validate: {recorded(result.sentence)}")
    if run:
        run.write(result)
    return result
