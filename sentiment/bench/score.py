"""`sentiment bench score`: rows a second and memory of `sentiment score`, beside a plain loop and without a model.

Each way is measured in a process of its own, so its peak memory can be told:

    predict      the loop of `sentiment predict` over the same posts, which keeps nothing
    score        `sentiment score` with the engine in one process: reads, answers, writes Parquet
    around       the same with a model that answers at once: what reading, ledger and writing cost by themselves
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic, processes
from sentiment.bench.data import Failed, read_sizes
from sentiment.data.posts import named_rows
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.settings import read_settings
from sentiment.step import Result, say, step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WAYS = ("predict", "score", "around")
HEADINGS = ("rows", "way", "seconds", "processor", "rows/s", "rows/s of processor", "MB")
SHARD_ROWS = 20_000
SEED = 7


@dataclass(frozen=True)
class Measured:
    """One way at one size; seconds without the process's start and the model's opening."""

    rows: int
    way: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def make_archive(folder: Path, texts: Sequence[str], rows: int) -> None:
    """Writes `rows` posts, drawn from `texts` with repetition, as one Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    draw = random.Random(SEED)
    folder.mkdir(parents=True)
    schema = pa.schema({"id": pa.string(), "text": pa.string()})
    with parquet.ParquetWriter(folder / "posts.parquet", schema) as writer:
        for first in range(0, rows, SHARD_ROWS):
            ids = [f"post-{number}" for number in range(first, min(first + SHARD_ROWS, rows))]
            writer.write_table(pa.table({"id": ids, "text": draw.choices(texts, k=len(ids))}, schema))


def measure(way: str, model: Path, archive: Path, output: Path, rows: int) -> Measured:
    """Runs one way in a process of its own. Raises: Failed."""
    figures = output.with_suffix(".json")
    arguments = (way, str(model), str(archive), str(output), str(figures))
    process = processes.start_module("sentiment.bench.score", arguments, env=dict(os.environ))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"the way {way} ended with {process.returncode}")
    seconds, cpu_seconds = json.loads(figures.read_text(encoding="utf-8"))
    found = Measured(rows, way, round(seconds, 3), round(cpu_seconds, 3), round(usage.ru_maxrss / 1024, 1))
    say(f"{rows:,} rows, {way}: {seconds:,.1f} s ({cpu_seconds:,.1f} s of CPU time), {found.peak_mb:,.0f} MB")
    return found


def _main(way: str, model: Path, archive: Path, output: Path, figures: Path) -> None:
    """Does one way in this process, and writes what it took."""
    work = (_predict if way == "predict" else _score)(way, model, archive, output)
    next(work)
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in work:
        pass
    atomic.write_json(figures, [time.perf_counter() - begin, time.process_time() - cpu])


def _predict(way: str, model: Path, archive: Path, output: Path) -> Iterator[Any]:
    from pyarrow import parquet

    from sentiment.data.tsv import Post
    from sentiment.evaluation.predict import predictions
    from sentiment.model.folder import open_model

    opened = open_model(model)
    yield from predictions(opened, [Post("暖身", 0)])
    with parquet.ParquetFile(archive / "posts.parquet") as file:
        batches = file.iter_batches(2_048, columns=["text"])
        yield from predictions(opened, (Post(text, 0) for batch in batches for text in batch.column(0).to_pylist()))


def _score(way: str, model: Path, archive: Path, output: Path) -> Iterator[Any]:
    import numpy as np

    from sentiment.data.tsv import Post
    from sentiment.model.folder import read_card
    from sentiment.scoring.archive import known_files, plan_of
    from sentiment.scoring.columns import Columns
    from sentiment.scoring.ledger import Ledger
    from sentiment.scoring.places import place_of
    from sentiment.scoring.scorer import BATCH_SIZE, answers_of
    from sentiment.scoring.work import Answers, Job, Worker

    labels = list(read_card(model).labels)
    answers: Answers
    if way == "around":
        answers = lambda posts: np.full((len(posts), len(labels)), 1 / len(labels), np.float32)  # noqa: E731
    else:
        answers = answers_of(model, BATCH_SIZE, None)
    answers([Post("暖身", 0)])
    yield None
    source, place = place_of(str(archive)), place_of(str(output))
    job = Job(
        source=source.address,
        output=place.address,
        version=1,
        labels=labels,
        columns=Columns(),
        shard_rows=SHARD_ROWS,
    )
    ledger, worker = Ledger.opened(place), Worker(job, answers)
    for portion in plan_of(known_files(source, place), source, {}, SHARD_ROWS).portions:
        for outcome in worker.outcomes(portion):
            if outcome.shard:
                ledger.add(outcome.shard)
            yield outcome
    ledger.write()


def table_of(model: Path, measured: Sequence[Measured]) -> Table:
    rows = [
        [
            f"{one.rows:,}",
            one.way,
            *(f"{value:,.1f}" for value in (one.seconds, one.cpu_seconds)),
            *(f"{one.rows / max(value, 1e-9):,.0f}" for value in (one.seconds, one.cpu_seconds)),
            f"{one.peak_mb:,.0f}",
        ]
        for one in measured
    ]
    return Table(f"posts scored with {model}", HEADINGS, rows)


def draw(measured: Sequence[Measured]) -> Callable[[Figure], None]:
    """Returns a function that draws seconds of processor time by rows, one line per way."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        for index, way in enumerate(WAYS):
            found = [one for one in measured if one.way == way]
            places, seconds = [one.rows for one in found], [one.cpu_seconds for one in found]
            axes.plot(places, seconds, marker="o", color=results.COLOURS[index], label=way)
        axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="seconds", title="Seconds of processor time by rows")
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(frameon=False)

    return fill


@click.command("score")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="The model folder.")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Posts to draw from: a TSV with a text.")
@click.option("--rows", default="1e4,1e5", show_default=True, help="Numbers of rows, comma-separated.")
@click.option("--ways", default=",".join(WAYS), show_default=True, help="Which ways, comma-separated.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/score]")
@step
def command(model: Path, data: Path, rows: str, ways: str, output: Path | None) -> Result:
    """Time `sentiment score` beside a plain loop: rows per second, memory, what the engine itself costs."""
    texts = [fields["text"] for _, fields in named_rows(data) if fields["text"]]
    sizes, asked = read_sizes(rows), [way for way in WAYS if way in ways.split(",")]
    folder = results.folder_for(read_settings(), "score", output)
    measured: list[Measured] = []
    with atomic.exclusive_lock(folder / ".lock"):
        work = folder / "work"
        for size in sizes:
            shutil.rmtree(work, ignore_errors=True)
            try:
                make_archive(work / "archive", texts, size)
                measured += [measure(way, model, work / "archive", work / way, size) for way in asked]
            finally:
                shutil.rmtree(work, ignore_errors=True)
        table = table_of(model, measured)
        result = results.keep(folder, {"measured": [asdict(one) for one in measured]}, table, draw(measured))
    table.show()
    return result


if __name__ == "__main__":
    _main(sys.argv[1], *map(Path, sys.argv[2:]))
