"""`sentiment train`: fine-tunes a model and leaves a self-contained model folder.

The folder appears whole or not at all, contains no optimizer, and is not made again for the same inputs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sentiment.errors import InputError
from sentiment.options.as_click import option, options
from sentiment.options.training import HYPERPARAMETERS, MODEL_NAME
from sentiment.results.model_card import TrainedOn
from sentiment.results.training import Training
from sentiment.run_folder import RunFolder
from sentiment.serving.trained import model_of_version
from sentiment.settings import Settings, read_settings
from sentiment.step import step
from sentiment.training.training import train
from sentiment.training.training_files import Files, files_of_run, settings_for

__all__ = ["command", "train"]


@click.command("train")
@click.option("--run", "run_id", help="Train on this run's prepared data; the options below override it.")
@click.option("--train", "train_file", type=click.Path(path_type=Path), help="Labelled posts to train on (TSV).")
@click.option("--test", "test_file", type=click.Path⟦(path_type⟪(path_type=Path), help="Labelled posts for the report (TSV).")
@click.option("--output", type=click.Path(path_type=Path), help="The model folder to make.")
@click.option("--replace", is_flag=True, help="Replace another model in --output.")
@click.option(
    "--model-type", help="custom (encoder, dropout, softmax), origin (transformers' own) or tf-hub. [default: custom]"
)
@click.option(
    "--model-name",
    help=f"scratch/tiny, scratch/mini, a local folder, a hub name; for tf-hub a SavedModel or an address. "
    f"[default: {DEFAULT_MODEL}]",
)
@click.option("--load-model-dir", type=click.Path(path_type=Path), help="Go on from this model instead of a new one.")
@click.option("--from-version", help="Go on from a served version: stable, canary, previous or a number.")
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
@click.option("--early-stopping", type⟫(path_type=Path), help="Labelled posts for the report (TSV).")
@click.option("--output", type=click.Path(path_type=Path), help="The model folder to make.")
@click.option("--replace", is_flag=True, help="Replace another model in --output.")
@click.option(
    "--model-type", help="custom (encoder, dropout, softmax), origin (transformers' own) or tf-hub. [default: custom]"
)
@click.option(
    "--model-name",
    help=f"scratch/tiny, scratch/mini, a local folder, a hub name; for tf-hub a SavedModel or an address. "
    f"[default: {DEFAULT_MODEL}]",
)
@click.option(
    "--load-model-dir", type=click.Path(path_type=Path), help="Continue from this model instead of a new one."
)
@click.option("--from-version", help="Continue from a served version: stable, canary, previous or a number.")
@click.option("--vocab", type=click.Path(path_type=Path), help="Word pieces (vocab.txt) instead of the text's own.")
@click.option(
    "--learning-rate", type=float, help="Peak rate. [default: 1e-3 from scratch, 5e-4 continuing that, else 2e-5]"
)
@click.option(
    "--num-epochs", type=int, help="Passes over the data. [default: 8 from scratch, 5 continuing that, else 3]"
)
@click.option("--batch-size", type=int, help="Rows per step. [default: 32]")
@click.option("--max-seq-length", type=int, help="Longest row in pieces; longer rows are cut. [default: 128]")
@click.option("--dropout-rate", type=float, help="Dropout before the last layer. [default: 0.1]")
@click.option("--seed", type=int, help="Seed of everything random. [default: 13]")
@click.option("--validation-share", type=float, help="Share of the rows held out for val_loss. [default: 0.1]")
@click.option("--early-stopping", type⟧=Path), help="⟦Labelled⟪Epochs without a lower val_loss that⟫Stop after so many⟧ ⟦posts⟪end⟫epochs⟧ ⟦for⟪it,⟫without⟧ a ⟦report⟪best kept; 0:⟫lower val_loss; 0:⟧ ⟦(TSV)⟪none⟫never⟧.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="⟦The⟪Weigh rare⟫balanced: give rare⟧ model ⟦folder⟪up.⟫more weight.⟧ to make."
)
@click.option("--replace", is_flag=True, help="Replace another model in --output.")
@click.option(
    "--model-type", help="custom (encoder, dropout, softmax), origin (transformers' own) or tf-hub. [default: custom]"
)
@option(MODEL_NAME, default=None)
@click.option("--load-model-dir", type=click.Path(path_type=Path), help="⟦Go⟪Longest that⟫Largest norm of⟧ on ⟦from this model⟪gradients may be;⟫gradients;⟧ instead ⟦of⟪any⟫no⟧ ⟦a⟪length.⟫limit.⟧ new one.")
@click.option("--from-version", help="Go on from a served version: stable, canary, previous or a number.")
@click.option("--vocab", type=click.Path(path_type=Path), help="⟦Word⟪Of the arithmetic;⟫Arithmetic;⟧ pieces (vocab.txt) instead of ⟦the⟪it⟫that⟧ text's own.")
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
        _to_go_on_from(settings, load_model_dir, from_version) or base.warm_start,
        vocab,
        base.data if train_file in (None, base.train) else TrainedOn(),
        base.composition if train_file in (None, base.train) else None,
    )
    hyperparameters = settings_for(files, model_type, model_name, **given)
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
    return result


def _to_go_on_from(settings: Settings, load_model_dir: Path | None, from_version: str | None) -> Path | None:
    if load_model_dir and from_version:
        raise InputError(
            "a training must continue from one model: --load-model-dir or --from-version",
            found="both",
            do="Leave one out.",
        )
    return model_of_version(settings, from_version) if from_version else load_model_dir
