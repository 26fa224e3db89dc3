"""`sentiment test`: evaluates one model on a TSV; writes test_report.txt, .json and .html, and test_result.tsv."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.model.batches import encode
from sentiment.model.folder import open_model, read_card
from sentiment.model.metrics import classification_report, measure
from sentiment.report import testing as reporting
from sentiment.report.summary import test_report
from sentiment.report.wording import told_confidence
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, step
from sentiment.text import cells


def test(model: Path, data: Path, output: Path) -> Result:
    """Scores the posts of `data` and writes the reports into the folder `output`."""
    if output.exists() and not output.is_dir():
        raise InputError("the output must be a folder", found=f"a file at {output}", do="Name another --output.")
    posts = read_posts(data, read_card(model).label_set)
    begin = time.monotonic()
    opened = open_model(model)
    from sentiment.model.scoring import Scorer

    scorer = Scorer(opened.keras, opened.card.max_seq_length)
    probabilities = scorer.probabilities(encode(opened.tokenizer, posts), "test")
    metrics = measure([post.label for post in posts], probabilities)
    seconds = time.monotonic() - begin
    table = classification_report(metrics, [str(index) for index in range(len(opened.card.labels))])
    write_result(output / "test_result.tsv", posts, probabilities, opened.card.labels)
    report = reporting.write_test_report(output, model, opened.card, data, posts, probabilities, seconds)
    atomic.write_text(output / "test_report.txt", test_report(table, seconds, told_confidence(as_json(report))))
    return {
        "model": str(model),
        "data": str(data),
        "rows": len(posts),
        **as_json(metrics),
        "report": str(output / "test_report.txt"),
        "rows_file": str(output / "test_result.tsv"),
        "page": str(output / reporting.PAGE),
        "seconds": round(seconds, 3),
    }


def write_result(path: Path, posts: Sequence[Post], probabilities: NDArray[np.float32], names: Sequence[str]) -> None:
    """Writes one row per post: text, true, pred (label ids), each label's probability, whether the text is escaped."""
    with atomic.replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(["text", "true", "pred", *names, cells.COLUMN])
        for post, row in zip(posts, probabilities, strict=True):
            (text,), said = cells.row_of([post.text])
            writer.writerow([text, post.label, int(row.argmax()), *(f"{chance:.6f}" for chance in row), said])


@click.command("test")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="The model folder.")
@click.option("--data", type=click.Path(path_type=Path), help="Labelled posts (TSV). [default: the frozen test set]")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="The folder for the reports.")
@click.option(
    "--use-dev-dataset",
    type=bool,
    default=False,
    show_default=True,
    help="Test on latest_test.tsv instead of test.tsv.",
)
@step
def command(model: Path, data: Path | None, output: Path, use_dev_dataset: bool) -> Result:
    """Evaluate one model on a TSV.

    Without --data, it uses the base data's test.tsv, or latest_test.tsv with --use-dev-dataset True.
    """
    if data and use_dev_dataset:
        raise click.UsageError("give --data or --use-dev-dataset, not both")
    base = read_settings().base_data
    return test(model, data or base / ("latest_test.tsv" if use_dev_dataset else "test.tsv"), output)
