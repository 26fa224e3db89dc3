"""`sentiment test`: evaluates one model on a TSV; writes test_report.txt, .json and .html, and test_result.tsv."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.model.batches import encode
from sentiment.model.encoder_process import computing
from sentiment.model.folder import open_model, read_card, strangers_encoder
from sentiment.model.metrics import classification_report, measure
from sentiment.report import testing as reporting
from sentiment.report.summary import test_report
from sentiment.report.trust import told_confidence
from sentiment.results.record import as_json
from sentiment.results.training import Metrics
from sentiment.settings import read_settings
from sentiment.step import Result, say, step
from sentiment.text import cells
from sentiment.text.aloud import to_people
from sentiment.text.columns import aligned
from sentiment.text.harmless import visible


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
    report = reporting.write_test_report(output, model, opened.card, data, posts, probabilities, seconds, scorer.pace)
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


def told(result: Result, names: Sequence[str]) -> str:
    """Returns a test's result for a terminal: the accuracy, a line for each label, and where the report is."""
    figures = msgspec.convert({name: result[name] for name in Metrics.__struct_fields__}, Metrics)
    columns = (figures.precision, figures.recall, figures.f1)
    rows = [
        (visible(name, 40), *(f"{column[label]:.4f}" for column in columns), f"{figures.support[label]:,}")
        for label, name in enumerate(names)
    ]
    heads = (tr("label"), tr("precision"), tr("recall"), tr("f1"), tr("rows"))
    told_accuracy = tr(
        "Accuracy {accuracy}: {correct} of {rows} answers are right.",
        accuracy=f"{figures.accuracy:.4f}",
        correct=f"{figures.correct:,}",
        rows=f"{result['rows']:,}",
    )
    told_page = tr("The report is {file}.", file=result["page"])
    return "\n".join([told_accuracy, *aligned([heads, *rows], heads[1:]), told_page])


def write_result(path: Path, posts: Sequence[Post], probabilities: NDArray[np.float32], names: Sequence[str]) -> None:
    """Writes one row per post: text, true, pred (label ids), each label's probability, whether the cells are escaped.

    The title stands behind the text, in a column that is there when any post has one.
    """
    has_titles = any(post.title for post in posts)
    with atomic.replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        asked = ["text", "title"] if has_titles else ["text"]
        writer.writerow([*asked, "true", "pred", *names, cells.COLUMN])
        for post, row in zip(posts, probabilities, strict=True):
            shown, said = cells.row_of([getattr(post, name) for name in asked])
            writer.writerow([*shown, post.label, int(row.argmax()), *(f"{chance:.6f}" for chance in row), said])


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
    with computing(strangers_encoder(model)):
        result = test(model, data or base / ("latest_test.tsv" if use_dev_dataset else "test.tsv"), output)
    with to_people():
        say(told(result, read_card(model).labels))
    return result
