"""`sentiment bench data`: measures speed, memory and growth of ingest, prepare and mix on made-up deliveries.

Each step is the real command in a process of its own, so its peak memory can be measured. For each number of rows:

    ingest       takes in all rows, in deliveries of at most a million
    prepare      prepares a full training: every row goes into train.tsv, shuffled
    small        takes in one more delivery, of 1,000 rows, beside all known ones
    warm         prepares with those 1,000 as the new rows, and draws old rows from the rest
    mix          mixes the train.tsv of the full training into the 1,000, from file to file

Seconds include the start of the process, and memory is at least that of this experiment, which starts it.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic, processes
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError, SentimentError
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.serving.change import changing
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("rows", "step", "seconds", "processor", "rows/s", "MB")
STEPS = ("ingest", "prepare", "small", "warm", "mix")
LARGEST_DELIVERY = 1_000_000  # rows
SMALL_DELIVERY = 1_000  # rows
MEMORY_MB = 4_096  # every step must use less
SMALL_SECONDS = 60.0  # the small delivery must take less: seconds, not minutes
STEEPEST = 1.2  # seconds ~ rows^k: up to this k, growth counts as linear (1 is proportional)
STAY_SMALL = ("small",)  # steps whose time need not grow with the rows
CHARACTERS = "火鍋手搖飲電影遊戲手機車站夜市餐廳店員服務好壞大小新舊快慢香臭甜苦我你他覺得很不推噓"


@dataclass(frozen=True)
class Measured:
    """One step at one size. `handled` is the number of rows for its rate; `cpu_seconds` exclude other processes."""

    step: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    handled: int

    @property
    def rate(self) -> float:
        return self.handled / self.seconds


class Failed(SentimentError):
    """A step failed, and its own message was shown."""


def posts(first: int, number: int) -> Iterator[Post]:
    """Yields made-up posts, all different and about a hundred bytes long; the same numbers give the same posts."""
    chance = random.Random(first)
    pool = "".join(chance.choices(CHARACTERS, k=100_000))
    for index in range(first, first + number):
        begin = chance.randrange(len(pool) - 30)
        yield Post(f"{pool[begin : begin + 27]}第{index}篇", index % 3, source=f"論壇{index % 30}")


def make_home(home: Path, rows: int) -> Settings:
    """Makes the base data and an inbox with `rows` rows in `home`."""
    settings = Settings(home=home)
    for name, first, number in (("train", -9_000, 3_000), ("test", -6_000, 300), ("latest_test", -3_000, 300)):
        write_posts(settings.base_data / f"{name}.tsv", posts(first, number))
    for number, first in enumerate(range(0, rows, LARGEST_DELIVERY), 1):
        deliver(settings, number, first, min(LARGEST_DELIVERY, rows - first))
    return settings


def deliver(settings: Settings, number: int, first: int, rows: int) -> None:
    write_posts(Path(settings.source_folder) / f"{number:04}.tsv", posts(first, rows), ["source"])


def measure(settings: Settings, rows: int) -> Iterator[Measured]:
    """Yields the measurement of each step at `rows` rows."""
    first, second = (settings.runs / name for name in ("first", "second"))
    mixed = settings.home / "mixed.tsv"
    yield run(settings, "ingest", rows, "ingest")
    yield run(settings, "prepare", rows, "prepare", "--run", first.name)
    _make_stable(settings, math.ceil(rows / LARGEST_DELIVERY))
    deliver(settings, 9_999, rows, SMALL_DELIVERY)
    yield run(settings, "small", SMALL_DELIVERY, "ingest")
    yield run(settings, "warm", rows, "prepare", "--run", second.name)
    files = ("--old", str(first / "train.tsv"), "--new", str(second / "batch.tsv"), "--output", str(mixed))
    yield run(settings, "mix", rows, "mix", *files)


def run(settings: Settings, name: str, handled: int, *arguments: str) -> Measured:
    """Runs a verb in `settings.home` and measures it. Raises: Failed."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SENTIMENT_")}
    environment = {**inherited, "SENTIMENT_HOME": str(settings.home), "SENTIMENT_SETTLE_SECONDS": "0"}
    began = time.monotonic()
    with Path(os.devnull).open("w") as nowhere:
        process = processes.start_module("sentiment", arguments, env=environment, stdout=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"`sentiment {' '.join(arguments)}` ended with {process.returncode}")
    seconds, processor = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    measured = Measured(name, round(seconds, 3), round(processor, 3), round(usage.ru_maxrss / 1024, 1), handled)
    say(f"{name}: {seconds:,.1f} s ({processor:,.1f} s of CPU time), {measured.peak_mb:,.0f} MB")
    return measured


def _make_stable(settings: Settings, watermark: int) -> None:
    with changing(settings, who="bench data") as change:
        for event in ("published", "staged", "canary", "promoted"):
            change.record(event, 1, **({"data": {"watermark": watermark}} if event == "published" else {}))


def growth(sizes: Sequence[int], seconds: Sequence[float]) -> float | None:
    """Returns k of seconds ~ rows^k between the two largest sizes; None for one size."""
    if len(sizes) < 2:
        return None
    return math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])


def judge(measured: Mapping[int, Sequence[Measured]]) -> dict[str, Any]:
    """Returns the growth of each step, and whether memory, growth and the small delivery are within their limits."""
    sizes = sorted(measured)
    by_step = {name: [next(m for m in measured[size] if m.step == name) for size in sizes] for name in STEPS}
    # Growth is measured in CPU time: on a shared machine, the clock includes the work of others.
    grows = {name: growth(sizes, [found.cpu_seconds for found in by_step[name]]) for name in STEPS}
    peak = max(found.peak_mb for steps in measured.values() for found in steps)
    linear = all(k is None or k <= STEEPEST for name, k in grows.items() if name not in STAY_SMALL)
    return {
        "growth": {name: None if k is None else round(k, 2) for name, k in grows.items()},
        "linear": linear if len(sizes) > 1 else None,
        "peak_mb": peak,
        "within_memory": peak < MEMORY_MB,
        "small_seconds": by_step["small"][-1].seconds,
        "small_is_quick": by_step["small"][-1].seconds < SMALL_SECONDS,
    }


def table_of(measured: Mapping[int, Sequence[Measured]], verdict: Mapping[str, Any]) -> Table:
    """Returns one row per size and step."""
    rows = [
        [
            f"{size:,}",
            found.step,
            *(f"{value:,.1f}" for value in (found.seconds, found.cpu_seconds)),
            f"{found.rate:,.0f}",
            f"{found.peak_mb:,.0f}",
        ]
        for size in sorted(measured)
        for found in measured[size]
    ]
    shown = ", ".join(f"{name} {k:.2f}" for name, k in verdict["growth"].items() if k is not None)
    notes = [
        f"peak memory {verdict['peak_mb']:,.0f} MB of {MEMORY_MB:,} MB allowed",
        f"1,000 new rows beside the largest number of known ones: {verdict['small_seconds']:.1f} s",
        *([f"CPU time grows as rows^k, k: {shown}"] if shown else []),
    ]
    return Table("rows through ingest, prepare and mix", HEADINGS, rows, notes=notes)


def draw(measured: Mapping[int, Sequence[Measured]]) -> Callable[[Figure], None]:
    """Returns a function that draws seconds by rows, one line per step."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        sizes = sorted(measured)
        for index, name in enumerate(STEPS):
            seconds = [next(found.seconds for found in measured[size] if found.step == name) for size in sizes]
            axes.plot(sizes, seconds, marker="o", color=results.COLOURS[index], label=name)
        axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="seconds", title="Seconds by rows")
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(frameon=False)

    return fill


def read_sizes(text: str) -> list[int]:
    """Returns the sizes in a list like `1e5,1000000`, smallest first."""
    try:
        sizes = sorted({int(float(part)) for part in text.split(",")})
    except (ValueError, OverflowError):
        sizes = []
    if not sizes or sizes[0] < SMALL_DELIVERY:
        raise InputError(
            f"--rows must be comma-separated numbers of at least {SMALL_DELIVERY:,}",
            found=repr(text),
            do="Try --rows 1e5,1e6.",
        )
    return sizes


@click.command("data")
@click.option(
    "--rows",
    default="1e4,1e5,1e6",
    show_default=True,
    help="Numbers of rows, comma-separated. 1e7 makes 8 GB of files.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/data]")
@step
def command(rows: str, output: Path | None) -> Result:
    """Time ingest, prepare and mix on made-up deliveries: rows per second, memory, growth.

    The files are made in a work folder and removed afterwards.
    """
    sizes = read_sizes(rows)
    folder = results.folder_for(read_settings(), "data", output, ["work"])
    measured: dict[int, list[Measured]] = {}
    with atomic.exclusive_lock(folder / results.LOCK):
        for size in sizes:
            home = folder / "work" / str(size)
            shutil.rmtree(home, ignore_errors=True)
            try:
                say(f"{size:,} rows")
                measured[size] = list(measure(make_home(home, size), size))
            finally:
                shutil.rmtree(home, ignore_errors=True)
        verdict = judge(measured)
        table = table_of(measured, verdict)
        found = [{"rows": size, **asdict(one), "rate": round(one.rate)} for size in sizes for one in measured[size]]
        result = results.keep(folder, {"measured": found, **verdict}, table, draw(measured))
    table.show()
    return result
