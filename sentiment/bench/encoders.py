"""`sentiment bench encoders`: the same posts fine-tuned from several starts, beside the linear baseline.

Each start has the rate and the passes that `sentiment train` would choose for it. Finished trainings are kept: the same
command goes on where it was stopped. Of encoders that `sentiment pretrain` made, the plot shows accuracy by hours of
pretraining; those that it kept on its way (`--at`) give the curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

import click
import msgspec

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.experiments import results
from sentiment.experiments.lr import run_sweep
from sentiment.experiments.options import Numbers, planned, words
from sentiment.experiments.rows import Rows, inputs_of
from sentiment.experiments.sweep import Outcome, Setup, rate_as_text
from sentiment.experiments.table import Table
from sentiment.options import training as options
from sentiment.pretraining.encoder_folder import CARD
from sentiment.report.baseline import WHAT, fit_and_answer
from sentiment.results import record
from sentiment.results.pretraining import Pretraining
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, step
from sentiment.training.hyperparameters import choose

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("start", "hours", "tokens", "perplexity", "lr", "epochs", "accuracy", "± sd", "− linear", "s a training")


class Worth(msgspec.Struct, frozen=True):
    """What came of one start and rate. `hours` and `tokens` are those of its pretraining; `accuracy`: a row a seed."""

    start: str
    hours: float
    tokens: int
    perplexity: float | None
    learning_rate: float
    epochs: int
    accuracy: list[float]
    seconds: float
    why: list[str]


def card_of(start: str) -> Pretraining | None:
    """Returns the card of an encoder that `sentiment pretrain` made; None for any other start."""
    path = Path(start) / CARD
    return record.read(path, Pretraining, "Name another folder.") if path.is_file() else None


def worth(start: str, rate: float, setup: Setup, outcomes: Sequence[Outcome]) -> Worth:
    """Returns what the trainings from one start came to."""
    card, found = card_of(start), [outcome.result for outcome in outcomes if outcome.result]
    return Worth(
        start,
        round(card.seconds / 3600, 3) if card else 0.0,
        round(card.seconds * card.tokens_per_second) if card else 0,
        card.judged[-1].perplexity if card and card.judged else None,
        rate,
        setup.num_epochs,
        [result["test"]["accuracy"] for result in found],
        round(mean(result["seconds"] for result in found), 1) if found else 0.0,
        [outcome.why for outcome in outcomes if outcome.why],
    )


def linear_accuracy(data: Path, settings: Settings) -> float:
    """Returns the accuracy of the linear baseline on test.tsv."""
    train, test = (read_posts(data / name, settings.label_set) for name in ("train.tsv", "test.tsv"))
    answers, _ = fit_and_answer(train, test, len(settings.label_set.names))
    return float((answers.argmax(axis=1) == [post.label for post in test]).mean())


def trained(starts: Sequence[str], rates: Sequence[float], seeds: Sequence[int], rows: Rows) -> list[Worth]:
    """Trains from every start, at every rate (none: the start's own) and with every seed."""
    found = []
    for start in starts:
        own = choose(rows.setup.model_type, start)
        setup = msgspec.structs.replace(rows.setup, num_epochs=own.num_epochs)
        for rate in rates or [own.learning_rate]:
            trainings = planned(start, [rate], seeds, setup, untrained=False)
            outcomes = run_sweep(trainings, Rows(rows.folder, rows.data, setup, rows.inputs))
            found.append(worth(start, rate, setup, outcomes))
    return found


def table_of(found: Sequence[Worth], linear: float, notes: Sequence[str]) -> Table:
    """Returns one row a start and rate; the best is marked."""
    rows = [
        [
            Path(one.start).name if one.hours else one.start,
            *(
                (f"{one.hours:.2f}", f"{one.tokens / 1e6:.1f}M", f"{one.perplexity or 0:.1f}")
                if one.hours
                else [""] * 3
            ),
            rate_as_text(one.learning_rate),
            str(one.epochs),
            *_accuracy(one.accuracy, linear),
            f"{one.seconds:,.1f}",
        ]
        for one in found
    ]
    measured = [(mean(one.accuracy), -index) for index, one in enumerate(found) if one.accuracy]
    failed = [f"{one.start}: {why}" for one in found for why in one.why]
    best = -max(measured)[1] if measured else None
    return Table("what a start is worth", HEADINGS, rows, best, [*notes, *failed])


def _accuracy(found: Sequence[float], linear: float) -> list[str]:
    if not found:
        return ["failed", "", ""]
    spread = f"{stdev(found):.4f}" if len(found) > 1 else ""
    return [f"{mean(found):.4f}", spread, f"{(mean(found) - linear) * 100:+.1f} points"]


def draw(found: Sequence[Worth], linear: float) -> Callable[[Figure], None]:
    """Returns a function that draws accuracy by hours of pretraining; starts without any are at 0."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        measured = sorted((one for one in found if one.accuracy), key=lambda one: one.hours)
        hours, heights = [one.hours for one in measured], [mean(one.accuracy) for one in measured]
        spreads = [stdev(one.accuracy) if len(one.accuracy) > 1 else 0.0 for one in measured]
        axes.errorbar(hours, heights, yerr=spreads, fmt="o", capsize=4, color=results.COLOURS[0], label="fine-tuned")
        for one, height in zip(measured, heights, strict=True):
            axes.annotate(f" {Path(one.start).name}", (one.hours, height), fontsize=8)
        axes.axhline(linear, linestyle="--", color=results.COLOURS[1], label="linear baseline")
        axes.set(xlabel="hours of pretraining", ylabel="accuracy on test.tsv", title="What a start is worth")
        axes.grid(axis="y", alpha=0.3)
        axes.legend(frameon=False)

    return fill


@click.command("encoders")
@click.option("--starts", required=True, help="Encoders as in `sentiment train --model-name`, comma-separated.")
@click.option("--learning-rates", type=Numbers(float), help="Rates to try, comma-separated. [default: each start's]")
@click.option("--seeds", type=Numbers(int), default="1,2,3,4,5", show_default=True, help="One training a seed.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder with train.tsv, test.tsv. [default: base data]")
@click.option("--max-seq-length", type=int, default=128, show_default=True, help="As in `sentiment train`.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/encoders]")
@step
def command(
    starts: str,
    learning_rates: tuple[float, ...] | None,
    seeds: tuple[int, ...],
    data: Path | None,
    max_seq_length: int,
    output: Path | None,
) -> Result:
    """Fine-tune the same posts from several encoders, beside the linear baseline.

    When started again, it continues where it was stopped.
    """
    settings = read_settings()
    folder = results.folder_for(settings, "encoders", output)
    data = data or settings.base_data
    linear = linear_accuracy(data, settings)
    setup = Setup("custom", 1, options.BATCH_SIZE.default, max_seq_length, validation_share=0.0)
    rows = Rows(folder, data, setup, inputs_of(data, settings.label_set))
    with atomic.exclusive_lock(folder / ".lock"):
        found = trained(words(starts), learning_rates or (), seeds, rows)
        notes = [f"linear: {WHAT}, {linear:.4f}", f"{data / 'train.tsv'}; seeds {', '.join(map(str, seeds))}"]
        table = table_of(found, linear, notes)
        result = {"linear": linear, "rows": [record.as_json(one) for one in found], "seeds": list(seeds)}
        result = results.keep(folder, result, table, draw(found, linear))
    table.show()
    return result
