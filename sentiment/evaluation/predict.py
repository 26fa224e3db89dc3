"""`sentiment predict`: labels and probabilities for a TSV, or for lines on stdin."""

from __future__ import annotations

import csv
import functools
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

from sentiment import atomic
from sentiment.data.posts import NAME_POSTS, named_rows
from sentiment.data.stream import read_stream
from sentiment.data.tsv import Post
from sentiment.errors import NoSuchFile
from sentiment.language import tr, tr_many
from sentiment.model.batches import encode
from sentiment.model.encoder_process import computing
from sentiment.model.folder import OpenedModel, open_model, strangers_encoder
from sentiment.step import Result, json_option, on_terminal, print_result, say
from sentiment.text import cells
from sentiment.text.aloud import to_people
from sentiment.text.harmless import titled, visible

if TYPE_CHECKING:
    from sentiment.model.scoring import Scorer

LONGEST_NAME, LONGEST_TEXT = 40, 60  # characters, on a terminal
ROWS_AT_ONCE = 1024  # read, then answered together: rows of like length share a batch


def read_texts(path: Path) -> Iterator[Post]:
    """Yields the posts of a delimited file, by row: its text, and its title if there is such a column.

    Raises: InputError: no such file, an encoding that is not certain, no column text, or a row that is none (with its
    line).
    """
    for _, fields in named_rows(path):
        yield Post(fields["text"], 0, fields.get("title", ""))


def scorer_of(opened: OpenedModel) -> Scorer:
    """Returns what computes the answers; it knows which shapes of batches come often, and has them compiled."""
    from sentiment.model.scoring import Scorer

    return Scorer(opened.keras, opened.card.max_seq_length)


def predictions(
    opened: OpenedModel, posts: Iterable[Post], scorer: Scorer | None = None
) -> Iterator[tuple[Post, NDArray[np.float32]]]:
    """Yields each post with its probabilities, float32 [labels], in order; a `scorer` may have answered others."""
    scorer, waiting = scorer or scorer_of(opened), iter(posts)
    while some := list(itertools.islice(waiting, ROWS_AT_ONCE)):
        yield from zip(some, scorer.probabilities(encode(opened.tokenizer, some), None), strict=True)


def as_json_line(post: Post, chances: NDArray[np.float32], names: Sequence[str]) -> str:
    """Returns `{"text", "label", "label_id", "probabilities"}` on one line."""
    best = int(chances.argmax())
    answer: dict[str, Any] = {"text": post.text, **({"title": post.title} if post.title else {})}
    answer |= {"label": names[best], "label_id": best}
    answer["probabilities"] = {name: round(float(chance), 6) for name, chance in zip(names, chances, strict=True)}
    return json.dumps(answer, ensure_ascii=False) + "\n"


def as_tsv_line(post: Post, chances: NDArray[np.float32], names: Sequence[str], *, titled: bool = False) -> str:
    """Returns text, title if `titled`, label, label id, probabilities and whether cells are escaped, tab-separated."""
    best = int(chances.argmax())
    (*asked, name), said = cells.row_of([post.text, *([post.title] if titled else []), names[best]])
    return tsv_line([*asked, name, best, *(f"{chance:.6f}" for chance in chances), said])


def as_sentence(post: Post, chances: NDArray[np.float32], names: Sequence[str]) -> str:
    """Returns `label  label 0.982, label 0.010, …  text` on one line, for a person at a terminal."""
    shown = [visible(name, LONGEST_NAME) for name in names]
    table = ", ".join(f"{name} {chance:.3f}" for name, chance in zip(shown, chances, strict=True))
    return f"{shown[int(chances.argmax())]}  {table}  {visible(titled(post.title, post.text), LONGEST_TEXT)}\n"


def tsv_line(fields: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter="\t", lineterminator="\n").writerow(fields)
    return line.getvalue()


LINES: dict[str, Callable[[Post, NDArray[np.float32], Sequence[str]], str]] = {
    "jsonl": as_json_line,
    "lines": as_sentence,
    "tsv": as_tsv_line,
}


def write_answers(out: IO[str], opened: OpenedModel, posts: Iterable[Post], form: str) -> list[int]:
    """Writes one line per post (for TSV after a header) and returns how many posts each label got.

    A TSV has a column `title` where the model was trained with titles.
    """
    names, has_titles, write = opened.card.labels, opened.card.titles is True, LINES[form]
    counts = [0] * len(names)
    if form == "tsv":
        write = functools.partial(as_tsv_line, titled=has_titles)
        out.write(tsv_line(["text", *(["title"] if has_titles else []), "label", "label_id", *names, cells.COLUMN]))
    for post, chances in predictions(opened, posts):
        out.write(write(post, chances, names))
        counts[int(chances.argmax())] += 1
    out.flush()
    return counts


def predict(model: Path, data: Path | None, output: Path | None, form: str) -> list[int]:
    """Answers the posts of a file or of stdin, in a file or on stdout; returns how many posts each label got."""
    opened = open_model(model)
    has_titles = opened.card.titles is True
    posts: Iterable[Post] = read_texts(data) if data else read_stream(sys.stdin.buffer, titled=has_titles)
    if not output:
        return write_answers(sys.stdout, opened, posts, form)
    with atomic.replacing(output) as temporary, temporary.open("w", encoding="utf-8") as handle:
        return write_answers(handle, opened, posts, form)


def told(number: int, output: Path | None) -> str:
    """Returns how many posts were answered, and where the answers are unless they were printed."""
    posts = tr_many("{number:,} post", "{number:,} posts", number)
    return tr("predict: {posts}, answered in {file}", posts=posts, file=output) if output else f"predict: {posts}"


@click.command("predict")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="The model folder.")
@click.option("--data", type=click.Path(path_type=Path), help="Posts to classify: a TSV with a column text.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the answers to this file instead of stdout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(sorted(LINES)),
    help="How the answers are written.  [default: lines on a terminal, else jsonl]",
)
@click.option("--result", "result_file", type=click.Path(path_type=Path), help="Also write the summary to this file.")
@json_option
def command(
    model: Path, data: Path | None, output: Path | None, form: str | None, result_file: Path | None, wants_json: bool
) -> None:
    """Classify a TSV, or lines on stdin. For a model that was trained with titles, a line may be title<TAB>text.

    Answers go to stdout, one per line; with --output they go to that file, and the last line of stdout is the summary.
    """
    form = form or ("lines" if on_terminal() and not (output or wants_json) else "jsonl")
    if data and not data.is_file():  # said before TensorFlow is loaded
        raise NoSuchFile(data, do=NAME_POSTS)
    with computing(strangers_encoder(model)):
        counts = predict(model, data, output, form)
    result: Result = {"model": str(model), "rows": sum(counts), "per_label": counts, "output": str(output or "-")}
    if result_file:
        atomic.write_json(result_file, result)
    if output:
        print_result(result, wants_json)
    with to_people():
        say(told(sum(counts), output))
