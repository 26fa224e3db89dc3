"""`sentiment bench length`: finds, for each sequence length, the largest batch whose training step fits into memory.

Every reported batch was really trained on, in a process with nothing else in its memory. Finished lengths are kept: a
stopped experiment continues where it was when it is started again.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic, processes
from sentiment.bench.search import Search, one_smaller
from sentiment.bench.step_memory import CPU_MEMORY
from sentiment.bench.trials import Trial, Trials
from sentiment.experiments import child, results
from sentiment.experiments.options import Numbers
from sentiment.experiments.table import Table
from sentiment.model import folder as model_folder
from sentiment.model.model_type import require_known_type
from sentiment.settings import read_settings
from sentiment.step import Result, say, step
from sentiment.text.units import bytes_as_text, time_left
from sentiment.training.hyperparameters import choose

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LENGTHS = "64,128,256,320,384,512"  # the older tool's
SHARE_OF_AVAILABLE = 0.8
STEPS = 2  # the second step finds what the first left in memory; it is the one that is timed
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class Memory(click.ParamType[int]):
    """A size in bytes: `6G`, `800M`, `1.5g`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", str(value).strip(), re.IGNORECASE)
        size = float(found[1]) * UNITS[found[2].upper()] if found else 0
        if size < 1:
            self.fail(f"{value!r} must be a size such as 800M or 6G", param, ctx)
        return int(size)


@dataclass(frozen=True)
class Limits:
    """The limits of a step: bytes of the machine's memory, bytes of a GPU's (None: all of it), and rows."""

    machine: int
    gpu: int | None
    batch: int


def measure_length(length: int, arguments: Sequence[str], limits: Limits) -> Result:
    """Returns the row of one length: the largest batch, and its step's peak memory and rows per second.

    Raises: child.Failed when the model cannot be built, or when a step fails for another reason than memory.
    """
    search = Search(limits.batch)
    options = [*arguments, "--max-seq-length", str(length)]
    if limits.gpu:
        options += ["--memory", str(limits.gpu)]
    with Trials(options, limits.machine) as trials:
        while (batch := search.next) is not None:
            search.note(batch, fits=_tried(trials, length, batch, "").fits)
        verified = Trial(search.best)
        while verified.batch and not verified.fits:
            trials.end()
            verified = _tried(trials, length, verified.batch, ", in a process of its own")
            if not verified.fits:  # in the first process, memory was in another state
                verified = Trial(one_smaller(verified.batch))
        return _row(length, verified, trials.about, limits)


def _tried(trials: Trials, length: int, batch: int, how: str) -> Trial:
    trial = trials.measure(batch, STEPS)
    came = f"fits, {bytes_as_text(trial.bytes)}" if trial.fits else "does not fit"
    say(f"bench length: {length} × {batch}{how}: {came}")
    return trial


def _row(length: int, trial: Trial, about: dict[str, Any], limits: Limits) -> Result:
    return {
        "length": length,
        "batch": trial.batch,
        "bytes": trial.bytes,
        "rows_per_second": round(trial.batch / trial.seconds, 1) if trial.seconds else None,
        "reached_largest": trial.batch == limits.batch,
        "limit": limits.machine if about["measured"] == CPU_MEMORY else limits.gpu,
        **about,
    }


def row_file(folder: Path, length: int, identity: dict[str, Any]) -> Path:
    """Returns the file of a length's row; anything that makes it another measurement makes another file name."""
    text = json.dumps({"length": length, **identity}, sort_keys=True)
    return folder / f"{length}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"


def run_lengths(
    lengths: Sequence[int], files: Sequence[Path], measure: Callable[[int], Result]
) -> list[dict[str, Any]]:
    """Measures the lengths that no earlier run has finished; returns one row each, {"length", "why"} on failure."""
    rows = []
    seconds: list[float] = []
    missing = sum(atomic.read_json(file) is None for file in files)
    if missing < len(files):
        say(f"bench length: {len(files) - missing} of {len(files)} lengths are already finished")
    for length, file in zip(lengths, files, strict=True):
        row = atomic.read_json(file)
        if row is None:
            begin = time.monotonic()
            row = _measured(length, file, measure)
            seconds.append(time.monotonic() - begin)
        rows.append(row)
        left = missing - len(seconds)
        when = f"; about {time_left(left * sum(seconds) / len(seconds))} left" if seconds and left else ""
        shown = row.get("why") or f"max batch {cells(row)[1]}, {cells(row)[2]}, {cells(row)[3]} rows/s"
        say(f"bench length: {len(rows)}/{len(files)} length {length}: {shown}{when}")
    return rows


def _measured(length: int, file: Path, measure: Callable[[int], Result]) -> dict[str, Any]:
    try:
        row = measure(length)
    except child.Failed as error:
        return {"length": length, "why": str(error)}
    atomic.write_json(file, row)
    return row


def cells(row: dict[str, Any]) -> list[str]:
    """Returns a row of the table; a batch that reached --largest-batch gets a `≥`."""
    if row.get("why"):
        return [str(row["length"]), "failed", "", ""]
    batch = f"{'≥ ' if row['reached_largest'] else ''}{row['batch']}"
    rate = "" if row["rows_per_second"] is None else f"{row['rows_per_second']:.1f}"
    return [str(row["length"]), batch, bytes_as_text(row["bytes"]), rate]


def table_of(rows: Sequence[dict[str, Any]], model_name: str) -> Table:
    """Returns the older tool's table with memory and speed added, and notes about what was measured."""
    notes = [*dict.fromkeys(_measured_how(row) for row in rows if not row.get("why"))]
    notes += [f"length {row['length']}: {row['why']}" for row in rows if row.get("why")]
    headings = ("Seq Length", "Max Batch Size", "memory", "rows/s")
    return Table(f"sequence length × largest batch, {model_name}", headings, [cells(row) for row in rows], notes=notes)


def _measured_how(row: dict[str, Any]) -> str:
    limit = "all that the GPU has" if row["limit"] is None else bytes_as_text(row["limit"])
    return (
        f"measured: {row['measured']} ({row['device']}) in one real training step with Adam, {row['precision']};"
        f" limit: {limit}; {row['parameters']:,} parameters"
    )


def draw(rows: Sequence[dict[str, Any]], model_name: str) -> Callable[[Figure], None]:
    """Returns a function that draws the largest batch by length, and beside it the rows per second of its step."""

    def fill(figure: Figure) -> None:
        shown = [row for row in rows if not row.get("why") and row["batch"]]
        sides = figure.subplots(1, 2)
        for axes, key, label, colour in (
            (sides[0], "batch", "largest batch that fits", results.COLOURS[0]),
            (sides[1], "rows_per_second", "rows/s at that batch", results.COLOURS[1]),
        ):
            lengths = [row["length"] for row in shown]
            values = [row[key] for row in shown]
            axes.plot(lengths, values, marker="o", color=colour)
            for length, value in zip(lengths, values, strict=True):
                axes.annotate(f"{value:g}", (length, value), textcoords="offset points", xytext=(6, 6), fontsize=9)
            axes.set(xlabel="sequence length (pieces)", ylabel=label, xticks=lengths)
            axes.set_ylim(bottom=0)
            axes.margins(x=0.1, y=0.15)
            axes.grid(alpha=0.3)
        figure.suptitle(f"Sequence length × batch, {model_name}")

    return fill


@click.command("length")
@click.option("--model-name", default="bert-base-chinese", show_default=True, help="The model to train.")
@click.option("--model-type", default="custom", show_default=True, help="custom, origin or tf-hub.")
@click.option(
    "--lengths", type=Numbers(int), default=LENGTHS, show_default=True, help="In word pieces, comma-separated."
)
@click.option(
    "--memory",
    type=Memory(),
    help="The memory limit of a step: 6G, 800M. [default: all of a GPU's, otherwise 0.8 of the available memory]",
)
@click.option(
    "--largest-batch", type=click.IntRange(1, 4096), default=1024, show_default=True, help="Try at most this many rows."
)
@click.option("--precision", default="auto", show_default=True, help="As in `sentiment train`.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/length]")
@step
def command(
    model_name: str,
    model_type: str,
    lengths: tuple[int, ...],
    memory: int | None,
    largest_batch: int,
    precision: str,
    output: Path | None,
) -> Result:
    """Find the largest batch that fits into memory, by sequence length.

    When started again, it continues where it was stopped.
    """
    folder = results.folder_for(read_settings(), "length", output)
    require_known_type(model_type)
    for length in lengths:
        choose(model_type, model_name, max_seq_length=length, precision=precision)
    lengths = tuple(sorted(set(lengths)))
    identity = {
        **{"model_name": model_name, "model_type": model_type, "precision": precision, "largest_batch": largest_batch},
        **{"memory": memory, "versions": model_folder.installed_versions()},
    }
    files = [row_file(folder / "rows", length, identity) for length in lengths]
    machine = memory or _limit_of(files) or round(processes.available_memory() * SHARE_OF_AVAILABLE)
    limits = Limits(machine, memory, largest_batch)
    arguments = ["--model-type", model_type, "--model-name", model_name, "--precision", precision]
    with atomic.exclusive_lock(folder / ".lock"):
        begin = time.monotonic()
        rows = run_lengths(lengths, files, lambda length: measure_length(length, arguments, limits))
        table = table_of(rows, model_name)
        result = {"rows": rows, "setup": identity, "seconds": round(time.monotonic() - begin, 3)}
        result = results.keep(folder, result, table, draw(rows, model_name))
    table.show()
    return result


def _limit_of(files: Sequence[Path]) -> int | None:
    """Returns the limit that the finished lengths had, because the available memory differs each time."""
    found = [row for row in map(atomic.read_json, files) if row]
    limit: int | None = found[0]["limit"] if found else None
    return limit
