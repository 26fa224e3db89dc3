"""`sentiment train`: fine-tunes a model and leaves a self-contained model folder.

The folder appears whole or not at all, contains no optimizer, and is not made again for the same inputs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sentiment.errors import InputError
from sentiment.language import tr, tr_many
from sentiment.model.encoder_process import computing
from sentiment.options.as_click import option, options
from sentiment.options.training import HYPERPARAMETERS, MODEL_NAME
from sentiment.results.model_card import TrainedOn
from sentiment.results.training import Training
from sentiment.serving.checked import require_checked
from sentiment.serving.records import prepared
from sentiment.serving.trained import model_of_version, stable_of
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.training.training import train
from sentiment.training.training_files import Files, files_of_run, settings_for

__all__ = ["command", "train"]


@click.command("train")
@click.option("--run", "run_id", help="Train on this run's prepared data; the options below override it.")
@click.option("--checked", is_flag=True, help="Refuse a --run whose new posts have not passed `sentiment check`.")
@click.option("--train", "train_file", type=click.Path(path_type=Path), help="Labelled posts to train on (TSV).")
@click.option("--test", "test_file", type=click.Path(path_type=Path), help="Labelled posts for the report (TSV).")
@click.option("--output", type=click.Path(path_type=Path), help="The model folder to make.")
@click.option("--replace", is_flag=True, help="Replace another model in --output.")
@click.option(
    "--model-type", help="custom (encoder, dropout, softmax), origin (transformers' own) or tf-hub. [default: custom]"
)
@option(MODEL_NAME, default=None)
@click.option(
    "--load-model-dir", type=click.Path(path_type=Path), help="Continue from this model instead of a new one."
)
@click.option("--from-version", help="Continue from a served version: stable, canary, previous or a number.")
@click.option("--vocab", type=click.Path(path_type=Path), help="Word pieces (vocab.txt) instead of the text's own.")
@options(*HYPERPARAMETERS, default=None)
@click.option(
    "--devices",
    default="auto",
    show_default=True,
    help="auto, cpu, gpu (all GPUs) or a number of GPUs, which share each batch.",
)
@click.option("--tensorboard", type=click.Path(path_type=Path), help="Write learning curves for TensorBoard here.")
@step
def command(
    run_id: str | None,
    checked: bool,
    train_file: Path | None,
    test_file: Path | None,
    output: Path | None,
    replace: bool,
    model_type: str | None,
    model_name: str | None,
    load_model_dir: Path | None,
    from_version: str | None,
    vocab: Path | None,
    devices: str,
    tensorboard: Path | None,
    **given: Any,
) -> Training:
    """Fine-tune a model. An interrupted training resumes after its last finished epoch."""
    settings = read_settings()
    run = prepared(settings, run_id) if run_id else None
    if run:
        base = files_of_run(run)
        if checked:
            require_checked(run, base.data.fingerprint)
    elif train_file and output:
        base = Files(train_file, test_file, output)
    else:
        raise click.UsageError("give --run, or --train and --output")
    files = Files(
        train_file or base.train,
        test_file or base.test,
        output or base.output,
        _to_go_on_from(settings, load_model_dir, from_version) or base.warm_start,
        vocab,
        stable_of(settings)[0] if run else None,
        base.data if train_file in (None, base.train) else TrainedOn(),
        base.composition if train_file in (None, base.train) else None,
        base.new if train_file in (None, base.train) else None,
        base.encoder,
    )
    hyperparameters = settings_for(files, model_type, model_name, **given)
    # A warm start's encoder is in its model's folder, whatever the name in its card.
    with computing(hyperparameters.strangers_encoder, "" if files.warm_start else hyperparameters.model_name):
        result = train(
            files,
            hyperparameters,
            settings.label_set,
            devices=devices,
            tensorboard=tensorboard,
            replaces=replace or files.output in (base.output if run else None, files.warm_start),
        )
    if run:
        run.write(result)
    with to_people():
        say(told(result))
    return result


def told(result: Training) -> str:
    """Returns what was trained as a sentence: where it is and, where test rows were given, its accuracy on them."""
    tested = result.test
    if not tested:
        return tr("The model is in {folder}.", folder=result.model)
    return tr(
        "The model is in {folder}; its accuracy is {accuracy} on {rows}.",
        folder=result.model,
        accuracy=f"{tested.accuracy:.4f}",
        rows=tr_many("{number:,} test row", "{number:,} test rows", sum(tested.support)),
    )


def _to_go_on_from(settings: Settings, load_model_dir: Path | None, from_version: str | None) -> Path | None:
    if load_model_dir and from_version:
        raise InputError(
            "a training must continue from one model: --load-model-dir or --from-version",
            found="both",
            do="Leave one out.",
        )
    return model_of_version(settings, from_version) if from_version else load_model_dir
