"""`sentiment train`: fine-tunes a model and leaves a self-contained model folder.

The folder appears whole or not at all, holds no optimizer, and is not made again for the same inputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic
from sentiment.data.tsv import Post, read_posts
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import folder
from sentiment.model.folder import OpenedModel
from sentiment.model.hyperparameters import Hyperparameters, as_json
from sentiment.model.start import starting_point
from sentiment.model.training_files import (
    DEFAULT_MODEL,
    Files,
    earlier_result,
    files_of_run,
    identity_of,
    settings_for,
)
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings
from sentiment.step import Result, say, step

if TYPE_CHECKING:
    from sentiment.model.fit import Curves
    from sentiment.model.metrics import Metrics


def train(files: Files, settings: Hyperparameters, labels: Labels) -> Result:
    """Trains, tests and saves; returns the result of the step. The same inputs again: the earlier result."""
    folder.require_replaceable(files.output)
    posts = read_posts(files.train, labels)
    require_every_label(posts, labels, files.train)
    test = read_posts(files.test, labels) if files.test else []
    inputs = identity_of(files, settings, labels)
    earlier = earlier_result(files.output, inputs)
    if earlier is not None:
        say(f"train: {files.output} was made from these inputs already")
        return earlier
    start = starting_point(files, settings, labels, posts)
    return _train(start, posts, test, files, settings, inputs)


def _train(
    start: OpenedModel,
    posts: list[Post],
    test: list[Post],
    files: Files,
    settings: Hyperparameters,
    inputs: dict[str, Any],
) -> Result:
    from sentiment.model import batches
    from sentiment.model.fit import fit
    from sentiment.model.metrics import measure
    from sentiment.model.scoring import Scorer

    encoded = batches.encode(start.tokenizer, posts)
    kept, held_out = hold_out([post.label for post in posts], settings.validation_share, settings.seed)
    scorer = Scorer(start.keras, settings.max_seq_length)
    curves = fit(start, encoded.only(kept), encoded.only(held_out) if held_out else None, settings, scorer)
    asked = batches.encode(start.tokenizer, test) if test else encoded.only(held_out) if held_out else None
    tested = measure(asked.labels, scorer.probabilities(asked, "test")) if asked else None
    result = {
        "model": str(files.output),
        "rows": len(posts),
        "seconds": round(curves.seconds, 3),
        "rows_per_second": round(len(kept) * settings.num_epochs / curves.seconds, 1),
        "epochs": settings.num_epochs,
        "loss": curves.loss,
        "accuracy": curves.accuracy,
        "val_loss": curves.val_loss,
        "val_accuracy": curves.val_accuracy,
        "test": tested.as_json() if tested else None,
        "parameters": start.card.parameters,
    }
    with atomic.replacing_folder(files.output) as made:
        save(made, start, curves, tested, {"inputs": inputs, "hyperparameters": as_json(settings), "result": result})
    return result


def save(made: Path, model: OpenedModel, curves: Curves, tested: Metrics | None, report: dict[str, Any]) -> None:
    """Writes the files of a model folder into `made`."""
    from sentiment.model.metrics import classification_report
    from sentiment.model.report import training_report

    folder.write_model(made, model)
    names = [str(index) for index in range(len(model.card.labels))]
    table = classification_report(tested, names) if tested else "(no test rows)\n"
    (made / folder.SUMMARY).write_text(training_report(curves, len(curves.loss), table), encoding="utf-8")
    atomic.write_json(made / folder.REPORT, report)


def require_every_label(posts: Sequence[Post], labels: Labels, path: Path) -> None:
    """Raises InputError unless every label has a row: a model cannot learn what it never sees."""
    counts = Counter(post.label for post in posts)
    missing = [name for index, name in enumerate(labels.names) if not counts[index]]
    if missing:
        raise InputError(
            f"{path} must hold rows of every label ({labels.describe()})",
            found=f"none of {'、'.join(missing)} in {len(posts)} rows",
            do="Add such rows, or mix old ones in.",
        )


def hold_out(labels: Sequence[int], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Returns the rows to train on and the rows held out: `share` of each label, at random, never all of one."""
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(labels)).tolist()
    wanted = {label: int(count * share) for label, count in Counter(labels).items()}
    held_out = []
    for row in order:
        if wanted[labels[row]] > 0:
            wanted[labels[row]] -= 1
            held_out.append(row)
    return sorted(set(order) - set(held_out)), sorted(held_out)


@click.command("train")
@click.option("--run", "run_id", help="Train on what `prepare` left in this run; the options below override it.")
@click.option("--train", "train_file", type=click.Path(path_type=Path), help="Labelled posts to train on (TSV).")
@click.option("--test", "test_file", type=click.Path(path_type=Path), help="Labelled posts for the report (TSV).")
@click.option("--output", type=click.Path(path_type=Path), help="The model folder to make.")
@click.option("--model-type", help="How the classifier is built. [default: custom]")
@click.option(
    "--model-name", help=f"scratch/tiny, scratch/mini, a local folder, a hub name. [default: {DEFAULT_MODEL}]"
)
@click.option("--load-model-dir", type=click.Path(path_type=Path), help="Go on from this model instead of a new one.")
@click.option("--vocab", type=click.Path(path_type=Path), help="Word pieces (vocab.txt) instead of the text's own.")
@click.option(
    "--learning-rate", type=float, help="Peak of the rate. [default: 1e-3 from scratch, 5e-4 going on, else 2e-5]"
)
@click.option("--num-epochs", type=int, help="Passes over the data. [default: 8 from scratch, 5 going on, else 3]")
@click.option("--batch-size", type=int, help="Rows a step. [default: 32]")
@click.option("--max-seq-length", type=int, help="Longest row in pieces; what is longer is cut. [default: 128]")
@click.option("--dropout-rate", type=float, help="Dropout before the last layer. [default: 0.1]")
@click.option("--seed", type=int, help="Seed of everything random. [default: 13]")
@click.option("--validation-share", type=float, help="Share of the rows held out for val_loss. [default: 0.1]")
@step
def command(
    run_id: str | None,
    train_file: Path | None,
    test_file: Path | None,
    output: Path | None,
    model_type: str | None,
    model_name: str | None,
    load_model_dir: Path | None,
    vocab: Path | None,
    **given: Any,
) -> Result:
    """Fine-tune a model."""
    settings = read_settings()
    run = RunFolder.named(settings, run_id) if run_id else None
    if run:
        base = files_of_run(run)
    elif train_file and output:
        base = Files(train_file, test_file, output)
    else:
        raise click.UsageError("give --run, or --train and --output")
    files = Files(
        train_file or base.train,
        test_file or base.test,
        output or base.output,
        load_model_dir or base.warm_start,
        vocab,
        base.data if train_file in (None, base.train) else {},
    )
    result = train(files, settings_for(files, model_type, model_name, **given), settings.label_set)
    if run:
        atomic.write_json(run.result("train"), result)
    return result
