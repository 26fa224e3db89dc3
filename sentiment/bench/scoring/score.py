"""`sentiment bench score`: `sentiment score` beside a plain loop, Ray and Hugging Face's pipeline.

See `ways` for what each does. Each is measured in a process of its own, so its peak memory can be told.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from sentiment import atomic
from sentiment.bench.data import read_sizes
from sentiment.bench.scoring import paper
from sentiment.bench.scoring.measure import RAY_PYTHON, Measured, make_archive, measure
from sentiment.bench.scoring.models import Measurable, of_folder, of_shape
from sentiment.bench.scoring.table import draw, table_of
from sentiment.bench.scoring.ways import AROUND, PIPELINE, PREDICT, RAY, SCORE, WAYS
from sentiment.bench.speed import tools
from sentiment.bench.speed.machine import this_processor
from sentiment.bench.speed.train import ShapeType
from sentiment.data.posts import named_rows
from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.settings import read_settings
from sentiment.step import Result, step

SHAPES = "2x128,4x312,12x768"  # scratch/tiny's, ckiplab/albert-tiny-chinese's, BERT-base's
FIRST_ROWS, MOST_ROWS = 300, 200_000  # of a comparison: to find out how fast a model is; at most


def missing_of(asked: Sequence[str], python: Path | None) -> dict[str, str]:
    """Returns the ways that cannot be measured here, with what to do."""
    reasons = {}
    if RAY in asked and not RAY_PYTHON.is_file():
        reasons[RAY] = "`make score-environment` installs Ray"
    if PIPELINE in asked and python is None:
        reasons[PIPELINE] = tools.HOW
    return reasons


def compare(model: Measurable, texts: Sequence[str], ways: Sequence[str], work: Path, seconds: float,
            python: Path | None) -> tuple[list[Measured], list[Measured]]:  # fmt: skip
    """Has all ways score the same posts: as many as the plain loop answers in about `seconds`.

    Returns what they took, and what Ray takes for a few posts, which is nearly all its start.
    """
    few = make_archive(work / "few", texts, FIRST_ROWS)
    rows = int(min(max(measure(PREDICT, model, few, None).rate * seconds, FIRST_ROWS), MOST_ROWS))
    archive = make_archive(work / "compared", texts, rows)
    found = [measure(way, model, archive, python) for way in ways if way != PIPELINE or model.theirs]
    return found, [measure(RAY, model, few, None)] if RAY in ways else []


def grow(
    model: Measurable, texts: Sequence[str], sizes: Sequence[int], ways: Sequence[str], work: Path
) -> list[Measured]:
    """Scores archives of these sizes, and does all around the model alone, if these are among the ways."""
    found = []
    for size in sizes:
        archive = make_archive(work / f"grown-{size}", texts, size)
        found += [measure(way, model, archive, None) for way in (SCORE, AROUND) if way in ways]
        shutil.rmtree(archive.folder)
    return found


@contextmanager
def _empty(work: Path) -> Iterator[Path]:
    """Yields an empty folder, and removes it afterwards."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ways_of(text: str) -> list[str]:
    """Returns the ways that a list names, in their order. Raises: InputError for another name."""
    asked = {name.strip() for name in text.split(",")}
    if unknown := asked - set(WAYS):
        raise InputError(f"--ways must be of {', '.join(WAYS)}", found=", ".join(sorted(unknown)), do="Correct it.")
    return [way for way in WAYS if way in asked]


@click.command("score")
@click.option("--model", "folders", multiple=True, type=click.Path(path_type=Path), help="A model folder; repeatable.")
@click.option("--shapes", default=SHAPES, show_default=True, help="Random BERTs, layers × width; empty: none.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Posts to draw from (TSV). [default: the frozen test set]"
)
@click.option("--seconds", type=click.FloatRange(0.1), default=20, show_default=True, help="Of each way, about.")
@click.option("--growth", default="1e4,1e5", show_default=True, help="Rows of the first model's memory; empty: none.")
@click.option("--ways", default=",".join(WAYS), show_default=True, help="Which ways, comma-separated.")
@click.option("--tools", "named", type=click.Path(path_type=Path), help=tools.HELP)
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/score]")
@step
def command(
    folders: tuple[Path, ...], shapes: str, data: Path | None, seconds: float, growth: str, ways: str,
    named: Path | None, output: Path | None,
) -> Result:  # fmt: skip
    """Time `sentiment score` beside a plain loop and Hugging Face's pipeline: rows a second, memory, the engine's cost.

    Also says what that means for archives of 100 million and 10 billion posts, in machines and hours.
    """
    settings, python, asked = read_settings(), tools.python_of(named), ways_of(ways)
    kinds = [ShapeType().convert(shape, None, None) for shape in shapes.split(",") if shape]
    sizes = read_sizes(growth) if growth else []
    texts = [fields["text"] for _, fields in named_rows(data or settings.base_data / "test.tsv") if fields["text"]]
    missing = missing_of(asked, python)
    asked = [way for way in asked if way not in missing]
    folder = results.folder_for(settings, "score", output, ["work"])
    compared, started = list[Measured](), list[Measured]()
    with atomic.exclusive_lock(folder / results.LOCK), _empty(folder / "work") as work:
        models = [of_folder(path, work) for path in folders]
        models += [of_shape(kind, texts, settings.label_set, work) for kind in kinds]
        for model in models:
            found, start = compare(model, texts, asked, work / f"runs-{model.ours.name}", seconds, python)
            compared, started = compared + found, started + start
        grown = grow(models[0], texts, sizes, asked, work) if models else []
        notes = [this_processor().told(), *(f"{way} was left out: {why}" for way, why in missing.items())]
        notes += [f"pipeline was left out for {one.name}: not a BERT as theirs" for one in models if not one.theirs]
        table = table_of(compared, started, grown, notes)
        result = results.keep(folder, _kept(compared, [*started, *grown], notes), table, draw(compared))
    table.show()
    return result


def _kept(compared: Sequence[Measured], others: Sequence[Measured], notes: Sequence[str]) -> Result:
    rates = {one.model: one.rate for one in compared if one.way == SCORE}
    return {
        "compared": [asdict(one) for one in compared],
        "others": [asdict(one) for one in others],
        "on_paper": [asdict(one) for model, rate in rates.items() for one in paper.estimates(model, rate)],
        "notes": list(notes),
    }
