"""`sentiment predict`: labels and probabilities for a TSV, or for lines on stdin."""

from __future__ import annotations

import csv
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import click
import numpy as np
from numpy.typing import NDArray

from sentiment import atomic
from sentiment.data.posts import named_rows
from sentiment.data.stream import read_stream
from sentiment.data.tsv import Post
from sentiment.model.batches import encode
from sentiment.model.folder import OpenedModel, open_model
from sentiment.step import Result, say
from sentiment.text import cells

ROWS_AT_ONCE = 1024  # read, then answered together: rows of like length share a batch


def read_texts(path: Path) -> Iterator[Post]:
    """Yields the posts of a delimited file, by row: its text, and its title if there is such a column.

    Raises: InputError: no such file, an encoding that is not certain, no column text, or a row that is none (with its
    line).
    """
    for _, fields in named_rows(path):
        yield Post(fields["text"], 0, fields.get("title", ""))


def predictions(opened: OpenedModel, posts: Iterable[Post]) -> Iterator[tuple[Post, NDArray[np.float32]]]:
    """Yields each post with its probabilities, float32 [labels], in order."""
    from sentiment.model.scoring import Scorer

    scorer = Scorer(opened.keras, opened.card.max_seq_length)
    waiting = iter(posts)
    while some := list(itertools.islice(waiting, ROWS_AT_ONCE)):
        yield from zip(some, scorer.probabilities(encode(opened.tokenizer, some), None), strict=True)


def as_json_line(post: Post, chances: NDArray[np.float32], names: Sequence[str]) -> str:
    """Returns `{"text", "label", "label_id", "probabilities"}` on one line."""
    best = int(chances.argmax())
    answer: dict[str, Any] = {"text": post.text, **({"title": post.title} if post.title else {})}
    answer |= {"label": names[best], "label_id": best}
    answer["probabilities"] = {name: round(float(chance), 6) for name, chance in zip(names, chances, strict=True)}
    return json.dumps(answer, ensure_ascii=False) + "\n"


def as_tsv_line(post: Post, chances: NDArray[np.float32], names: Sequence[str]) -> str:
    """Returns text, label, label id, the probability of each label and whether cells are escaped, tab-separated."""
    best = int(chances.argmax())
    (text, name), said = cells.row_of([post.text, names[best]])
    return tsv_line([text, name, best, *(f"{chance:.6f}" for chance in chances), said])


def tsv_line(fields: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter="\t", lineterminator="\n").writerow(fields)
    return line.getvalue()


LINES: dict[str, Callable[[Post, NDArray[np.float32], Sequence[str]], str]] = {
    "jsonl": as_json_line,
    "tsv": as_tsv_line,
}


def write_answers(out: IO[str], opened: OpenedModel, posts: Iterable[Post], form: str) -> list[int]:
    """Writes one line per post (for TSV after a header) and returns how many posts each label got."""
    names = opened.card.labels
    counts = [0] * len(names)
    if form == "tsv":
        out.write(tsv_line(["text", "label", "label_id", *names, cells.COLUMN]))
    for post, chances in predictions(opened, posts):
        out.write(LINES[form](post, chances, names))
        counts[int(chances.argmax())] += 1
    out.flush()
    return counts


@click.command("predict")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="The model folder.")
@click.option("--data", type=click.Path(path_type=Path), help="Posts to classify: a TSV with a column text.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the answers to this file instead of stdout.")
@click.option("--format", "form", type=click.Choice(sorted(LINES)), default="jsonl", show_default=True)
@click.option("--result", "result_file", type=click.Path(path_type=Path), help="Also write the summary to this file.")
def command(model: Path, data: Path | None, output: Path | None, form: str, result_file: Path | None) -> None:
    """Classify a TSV, or lines on stdin.

    Answers go to stdout, one per line; with --output they go to that file, and the last line of stdout is the summary.
    """
    posts: Iterable[Post] = read_texts(data) if data else read_stream(sys.stdin.buffer)
    opened = open_model(model)
    if output:
        with atomic.replacing(output) as temporary, temporary.open("w", encoding="utf-8") as handle:
            counts = write_answers(handle, opened, posts, form)
    else:
        counts = write_answers(sys.stdout, opened, posts, form)
    result: Result = {"model": str(model), "rows": sum(counts), "per_label": counts, "output": str(output or "-")}
    if result_file:
        atomic.write_json(result_file, result)
    if output:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        say(f"predict: {sum(counts)} posts")
