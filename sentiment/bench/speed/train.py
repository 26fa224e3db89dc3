"""`sentiment bench train`: fine-tuning here, beside the older tool's way and Hugging Face's Trainer on PyTorch."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from shutil import rmtree
from typing import Any

import click

from sentiment import processes
from sentiment.bench.speed import products, tools
from sentiment.bench.speed.asked import Turn
from sentiment.bench.speed.common import TEST, TRAIN, Bench, conclude, lengths_of, options, posts_of, workplace, write
from sentiment.bench.speed.start import Shape, begin, write_ours, write_theirs
from sentiment.bench.speed.turns import Way, in_turn
from sentiment.experiments import results
from sentiment.model import vocabulary
from sentiment.settings import read_settings
from sentiment.step import Result, step
from sentiment.text.units import counted

OURS, OLDER = "ours", "the older tool's recipe"
TRAINER = "Trainer, PyTorch"
BF16 = ", bf16"
OWN = "sentiment.bench.speed.own"
MODEL = "model"  # what our last training leaves beside the results; `bench predict` takes it
SEED_OF_WEIGHTS = 13


class ShapeType(click.ParamType[Shape]):
    """`4x312`: layers and width."""

    name = "shape"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = re.fullmatch(r"([1-9]\d?)[x×]([1-9]\d{0,3})", str(value))
        return (int(found[1]), int(found[2])) if found else self.fail("must be LAYERSxWIDTH, as 4x312", param, ctx)


def ways_of(bench: Bench, job: dict[str, Any], work: Path) -> list[Way]:
    """Returns who trains: ours, the older tool's recipe, and the others where their environment is there."""
    theirs = {**job, "model": str(work / "theirs")}
    own = {**job, "what": "train", "model": str(work / "start"), "output": str(work / MODEL)}
    found = [
        Way(OURS, processes.python_module(OWN), own),
        Way(OLDER, tools.script(sys.executable, "older_train"), theirs),
    ]
    if bench.python:
        command = tools.script(bench.python, "torch_train")
        kinds = [False, True] if bench.processor.bfloat16 else [False]
        found += [Way(TRAINER + BF16 * kind, command, {**theirs, "bfloat16": kind}) for kind in kinds]
    return found


@click.command("train")
@options
@click.option("--shape", type=ShapeType(), default="4x312", show_default=True, help="Layers and width of the BERT.")
@click.option("--pieces", type=int, default=21128, show_default=True, help="Least rows of its table of pieces.")
@click.option("--rows", type=click.IntRange(1), default=2000, show_default=True, help="Posts to train on, at most.")
@click.option("--test-rows", type=click.IntRange(1), help="Posts of test.tsv, at most. [default: all]")
@click.option("--epochs", type=click.IntRange(1), default=2, show_default=True, help="Passes over them.")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Rows per step.")
@click.option("--learning-rate", type=float, default=2e-4, show_default=True, help="Peak rate.")
@click.option("--max-seq-length", type=click.IntRange(8, 512), default=128, show_default=True, help="Pieces, at most.")
@step
def command(
    data: Path | None,
    repetitions: int,
    seed: int,
    named: Path | None,
    output: Path | None,
    shape: tuple[int, int],
    pieces: int,
    rows: int,
    test_rows: int | None,
    **given: Any,
) -> Result:
    """Compare fine-tuning with the older tool's recipe and with Hugging Face's Trainer.

    All begin with the same random weights and train on the same posts, in turn.
    """
    settings = read_settings()
    labels, data = settings.label_set, data or settings.base_data
    bench = Bench.of(results.folder_for(settings, "train", output, ["work", MODEL]), named)
    train, test = posts_of(data / TRAIN, labels, rows, seed), posts_of(data / TEST, labels, test_rows, seed)
    with workplace(bench) as work:
        words = vocabulary.build(post.text for post in train)
        start = begin(Shape(*shape, pieces), words, labels, given["max_seq_length"], SEED_OF_WEIGHTS)
        write_ours(work / "start", start)
        write_theirs(work / "theirs", start)
        lengths, architecture = lengths_of(start, train), start.card.architecture
        job = {**given, "train": write(work, TRAIN, train), "test": write(work, TEST, test)}
        done = in_turn("bench train", ways_of(bench, job, work), repetitions, lambda n: {"seed": seed + n}, kept=False)
        passed: int = len(train) * given["epochs"]

        def rate(turn: Turn) -> float:
            seconds: float = turn.said["seconds"]
            return passed / seconds

        operations = products.least(architecture, lengths, 1 + products.BACKWARD) / len(train)
        title = (
            f"fine-tuning {shape[0]}×{shape[1]} on {len(train):,} posts of {data}, {counted(given['epochs'], 'epoch')}"
        )
        turns = counted(repetitions, "repetition")
        how = (
            f"in turn, {turns}, each with another seed: median (lowest–highest); ratios within one; "
            f"batches of {given['batch_size']}, at most {given['max_seq_length']} pieces, "
            f"{sum(lengths) / len(lengths):.0f} in the mean; accuracy on {len(test):,} posts; rows/s are those of the "
            "training loop alone, processor seconds and memory those of all the work"
        )
        result, table = conclude(bench, title, done, rate, operations, how)
        keep_model(work / MODEL, bench.folder / MODEL)
    table.show()
    return result


def keep_model(made: Path, kept: Path) -> None:
    """Puts our last model beside the results, for `sentiment bench predict`."""
    rmtree(kept, ignore_errors=True)
    made.rename(kept)
