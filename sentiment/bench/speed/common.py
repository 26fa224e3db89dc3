"""What the comparisons have in common: their options, their posts, and what they keep."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import click

from sentiment import atomic
from sentiment.bench.speed import products, shown, tools
from sentiment.bench.speed.machine import Processor, this_processor
from sentiment.bench.speed.turns import Done, Rate, compare
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.experiments import results
from sentiment.labels import Labels
from sentiment.model.folder import OpenedModel, installed_versions
from sentiment.step import Result

TRAIN, TEST = "train.tsv", "test.tsv"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that every comparison has."""
    path = click.Path(path_type=Path)
    for add in (
        click.option("--output", type=path, help="Folder of the results. [default: runs/bench/ and the verb's name]"),
        click.option("--tools", "named", type=path, help=tools.HELP),
        click.option("--seed", type=int, default=13, show_default=True, help="Of the first repetition; then the next."),
        click.option("--repetitions", type=click.IntRange(1), default=3, show_default=True, help="Turns of each."),
        click.option("--data", type=path, help="Folder with train.tsv, test.tsv. [default: base data]"),
    ):
        command = add(command)
    return command


@dataclass(frozen=True)
class Bench:
    """The machine, the Python that has the other tools, and the folder of the results."""

    folder: Path
    processor: Processor
    python: Path | None
    versions: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, named: Path | None) -> Bench:
        python = tools.python_of(named)
        return cls(folder, this_processor(), python, tools.versions_of(python) if python else {})

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def notes(self, rates: Mapping[str, float], how: str) -> list[str]:
        """Returns the lines below the table: the machine, its rate, how it was measured, and with which versions."""
        versions = {**installed_versions(), **{f"other {name}": number for name, number in self.versions.items()}}
        told = ", ".join(f"{name} {number}" for name, number in versions.items() if name != "sentiment")
        return [
            self.processor.told(),
            shown.rates_told(rates),
            how,
            f"versions: {told}",
            *([] if self.python else [f"not all are here: {tools.HOW}"]),
        ]


@contextmanager
def workplace(bench: Bench) -> Iterator[Path]:
    """Yields an empty folder to work in, and removes it afterwards; the folder of the results is locked meanwhile."""
    with atomic.exclusive_lock(bench.folder / results.LOCK):
        rmtree(bench.work, ignore_errors=True)
        bench.work.mkdir(parents=True)
        try:
            yield bench.work
        finally:
            rmtree(bench.work, ignore_errors=True)


def posts_of(path: Path, labels: Labels, rows: int | None, seed: int) -> list[Post]:
    """Returns the posts of a file, or so many of them, drawn by the seed; without titles, which not all tools read."""
    posts = [Post(post.text, post.label) for post in read_posts(path, labels)]
    return random.Random(seed).sample(posts, rows) if rows and rows < len(posts) else posts


def lengths_of(opened: OpenedModel, posts: Sequence[Post]) -> list[int]:
    """Returns the pieces of each post."""
    from sentiment.model.batches import encode

    return [int(length) for length in encode(opened.tokenizer, posts).lengths]


def write(work: Path, name: str, posts: Sequence[Post]) -> str:
    """Writes posts for all tools to read, and returns the path."""
    write_posts(work / name, posts)
    return str(work / name)


def conclude(
    bench: Bench, title: str, done: Sequence[Done], rate: Rate, operations: float, how: str
) -> tuple[Result, Any]:
    """Returns the result and its table, after they were written to the folder of the results.

    `rate` gives the rows a second of a turn, `operations` are what one row needs at least.
    """
    rates = products.measured(bfloat16=bench.processor.bfloat16)
    rows = compare(done, rate)
    roof = max(rates.values())
    shares = {row.name: row.rate.median * operations / roof for row in rows}
    notes = bench.notes(rates, how)
    notes += [f"{one.way.name}: failed: {one.why}" for one in done if not one.turns]
    table = shown.table_of(title, rows, shares, notes)
    result: Result = {
        "rows": [{**asdict(row), "share": shares[row.name]} for row in rows],
        "rates": rates,
        "processor": asdict(bench.processor),
        "notes": notes,
    }
    return results.keep(bench.folder, result, table, shown.draw(title, rows)), table
