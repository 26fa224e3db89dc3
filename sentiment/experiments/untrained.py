"""Scores a model before training: the older tool's row `(no train)`. `sentiment bench lr` runs it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from sentiment.data.posts import read_posts
from sentiment.labels import Labels
from sentiment.model.split import hold_out
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, run, step
from sentiment.training.hyperparameters import Hyperparameters, choose
from sentiment.training.start import starting_point
from sentiment.training.training_files import Files


def score(train: Path, test: Path, settings: Hyperparameters, labels: Labels) -> Result:
    """Returns the figures of a training's result for an untrained model; `seconds` is the time to score `train`."""
    posts, asked = read_posts(train, labels), read_posts(test, labels)
    start = starting_point(Files(train, test, train.parent), settings, labels, posts)
    from sentiment.model.batches import encode
    from sentiment.model.metrics import measure
    from sentiment.model.scoring import Scorer

    scorer = Scorer(start.keras, settings.max_seq_length)
    kept, held_out = hold_out([post.label for post in posts], settings.validation_share, settings.seed)
    encoded = encode(start.tokenizer, posts)
    seconds: dict[str, float] = {}

    def measured(rows: Any, what: str) -> Any:
        begin = time.monotonic()
        metrics = measure(rows.labels, scorer.probabilities(rows, what))
        seconds[what] = time.monotonic() - begin
        return metrics

    trained_on = measured(encoded.only(kept), "train")
    validation = measured(encoded.only(held_out), "validation") if held_out else None
    tested = measured(encode(start.tokenizer, asked), "test")
    return {
        "loss": [trained_on.loss],
        "accuracy": [trained_on.accuracy],
        "val_loss": [validation.loss] if validation else [],
        "val_accuracy": [validation.accuracy] if validation else [],
        "test": as_json(tested),
        "seconds": round(seconds["train"], 3),
        "test_seconds": round(seconds["test"], 3),
        "rows_per_second": round(len(kept) / seconds["train"], 1),
        "parameters": start.card.parameters,
    }


@click.command("untrained")
@click.option("--train", required=True, type=click.Path(path_type=Path))
@click.option("--test", required=True, type=click.Path(path_type=Path))
@click.option("--model-type", required=True)
@click.option("--model-name", required=True)
@click.option("--num-epochs", type=int, required=True)
@click.option("--batch-size", type=int, required=True)
@click.option("--max-seq-length", type=int, required=True)
@click.option("--validation-share", type=float, required=True)
@click.option("--seed", type=int, required=True)
@step
def command(train: Path, test: Path, model_type: str, model_name: str, **given: Any) -> Result:
    """Score a model before any training."""
    return score(train, test, choose(model_type, model_name, **given), read_settings().label_set)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], command, "untrained"))
