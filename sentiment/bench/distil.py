"""`sentiment bench distil`: students beside their teacher: right answers, answers that change, time for a post here.

Each answers the same labelled posts. Then they are timed in turn, several times over, so that whatever else the machine
does meanwhile slows all of them; the median counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click
import msgspec
import numpy as np

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.distillation.teacher import teacher_of
from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.model.batches import encode
from sentiment.model.folder import OpenedModel, open_model, read_card
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, say, step
from sentiment.text.costs import machine_told
from sentiment.text.units import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ALONE = 50  # posts that are asked one by one
HEADINGS = ("model", "parameters", "accuracy", "answers that change", "ms a post", "ms a post alone", "times as fast")


class Compared(msgspec.Struct, frozen=True):
    """A model's row; the teacher's is the first, and none of its answers changes."""

    name: str
    parameters: int
    accuracy: float
    changed: float  # share of the posts that the teacher answers otherwise
    together_ms: float  # a post, where many are asked at once
    alone_ms: float  # a post, where each is a question of its own


def compare(models: Sequence[tuple[str, OpenedModel]], posts: Sequence[Post], timed: int, times: int) -> list[Compared]:
    """Returns a row for each model, by its answers to the posts, and its time for the first `timed` of them."""
    from sentiment.model.scoring import Scorer

    asks = [_asks(opened, Scorer(opened.keras, opened.card.max_seq_length)) for _, opened in models]
    answers = [ask(posts) for ask in asks]
    true = np.array([post.label for post in posts])
    some, alone = posts[:timed], [[post] for post in posts[: min(timed, ALONE)]]
    seconds: list[list[tuple[float, float]]] = [[] for _ in models]
    for number in range(times):
        say(f"bench distil: timing {number + 1} of {times}")
        for ask, found in zip(asks, seconds, strict=True):
            found.append((_seconds(ask, [some]) / len(some), _seconds(ask, alone) / len(alone)))
    return [
        Compared(
            name=name,
            parameters=opened.card.parameters,
            accuracy=float((given == true).mean()),
            changed=float((given != answers[0]).mean()),
            together_ms=round(1000 * median(together for together, _ in found), 4),
            alone_ms=round(1000 * median(single for _, single in found), 4),
        )
        for (name, opened), given, found in zip(models, answers, seconds, strict=True)
    ]


def _asks(opened: OpenedModel, scorer: Any) -> Callable[[Sequence[Post]], Any]:
    """Returns a function that gives the likeliest label [posts], with all that a question takes: also the tokenizer."""
    return lambda posts: scorer.probabilities(encode(opened.tokenizer, posts)).argmax(axis=1)


def _seconds(ask: Callable[[Sequence[Post]], Any], questions: Sequence[Sequence[Post]]) -> float:
    begin = time.perf_counter()
    for posts in questions:
        ask(posts)
    return time.perf_counter() - begin


def table_of(rows: Sequence[Compared], data: Path, posts: int, timed: int, times: int, machine: str) -> Table:
    """Returns the table: the teacher first, then each student, and how it was measured."""
    first = rows[0]
    cells = [
        [
            row.name,
            f"{row.parameters:,}",
            f"{row.accuracy:.4f}",
            "" if row is first else f"{row.changed * 100:.1f} %",
            f"{row.together_ms:.2f}",
            f"{row.alone_ms:.2f}",
            f"{first.together_ms / row.together_ms:.1f}",
        ]
        for row in rows
    ]
    notes = [
        f"on {machine}: the median of {counted(times, 'time')}, in turn, of {timed:,} posts that are asked together, "
        f"and of {min(timed, ALONE)} asked one by one; reading a post into word pieces is part of it",
        *(told(first, row) for row in rows[1:]),
    ]
    return Table(f"a teacher and its students on {posts:,} posts of {data}", HEADINGS, cells, notes=notes)


def told(teacher: Compared, student: Compared) -> str:
    """Returns what a student costs and what it saves, as a sentence."""
    points, times = 100 * (student.accuracy - teacher.accuracy), teacher.together_ms / student.together_ms
    said = f"{abs(points):.1f} points {'below' if points < 0 else 'above'} its teacher"
    return (
        f"{student.name}: {said if round(abs(points), 1) else 'as right as its teacher'}, "
        f"{student.changed * 100:.1f} % of the answers change, {times:.1f} times as fast"
    )


def draw(rows: Sequence[Compared]) -> Callable[[Figure], None]:
    """Returns a function that draws each model by its time and its accuracy."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        for index, row in enumerate(rows):
            axes.scatter([row.together_ms], [row.accuracy], color=results.COLOURS[index % len(results.COLOURS)])
            place = (row.together_ms, row.accuracy)
            axes.annotate(Path(row.name).name, place, textcoords="offset points", xytext=(6, 6), fontsize=9)
        axes.set(xlabel="milliseconds a post", ylabel="accuracy", title="Teacher and students")
        axes.set_xlim(left=0)
        axes.margins(0.15)
        axes.grid(alpha=0.3)

    return fill


@click.command("distil")
@click.option("--teacher", required=True, help="stable, canary, previous, a version's number, or a model folder.")
@click.option(
    "--student",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A model folder to compare with it; also one that learned from labels alone.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Labelled posts (TSV). [default: the frozen test set]")
@click.option("--timed", type=click.IntRange(1), default=256, show_default=True, help="Posts that are timed, at most.")
@click.option("--times", type=click.IntRange(1, 1000), default=5, show_default=True, help="How often each is timed.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/distil]")
@step
def command(
    teacher: str, student: tuple[Path, ...], data: Path | None, timed: int, times: int, output: Path | None
) -> Result:
    """Compare students with their teacher: accuracy, answers that change, milliseconds a post on this machine."""
    from sentiment.model.pace import this_machine

    settings = read_settings()
    folders = [teacher_of(settings, teacher).folder, *student]
    cards = [read_card(path) for path in folders]
    for path, card in zip(folders, cards, strict=True):
        if card.labels != cards[0].labels:
            raise InputError(
                f"teacher and students must have the same labels, {'、'.join(cards[0].labels)}",
                found=f"{'、'.join(card.labels)} in {path}",
                do="Leave it out.",
            )
    folder = results.folder_for(settings, "distil", output)
    data = data or settings.base_data / "test.tsv"
    posts = read_posts(data, cards[0].label_set)
    rows = compare([(str(path), open_model(path)) for path in folders], posts, timed, times)
    machine = machine_told(this_machine())
    with atomic.exclusive_lock(folder / ".lock"):
        table = table_of(rows, data, len(posts), min(timed, len(posts)), times, machine)
        result = {"rows": [as_json(row) for row in rows], "data": str(data), "posts": len(posts), "machine": machine}
        result = results.keep(folder, result, table, draw(rows))
    table.show()
    return result
