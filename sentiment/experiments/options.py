"""The options of a sweep over models and learning rates: of `sentiment bench lr` and `sentiment experiment-plan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import click

from sentiment.errors import InputError
from sentiment.experiments.sweep import Setup, Training, trainings
from sentiment.model.model_type import require_known_type
from sentiment.training.hyperparameters import choose

# The older tool's experiment.
MODELS = "bert-base-chinese,ckiplab/bert-base-chinese,ckiplab/albert-base-chinese,ckiplab/albert-tiny-chinese"
RATES = "2e-5,5e-5"


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers separated by commas."""

    name = "numbers"

    def __init__(self, kind: type[float] | type[int]) -> None:
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            found = tuple(self.kind(word) for word in words(str(value)))
        except ValueError:
            self.fail(f"{value!r} must be numbers separated by commas", param, ctx)
        return found or self.fail("there must be at least one number; found none", param, ctx)


def words(text: str) -> list[str]:
    """Returns the parts between commas, without spaces around them."""
    return [word.strip() for word in text.split(",") if word.strip()]


OPTIONS = (
    click.option("--models", default=MODELS, show_default=True, help="Model names, comma-separated."),
    click.option("--learning-rates", type=Numbers(float), default=RATES, show_default=True, help="Comma-separated."),
    click.option("--model-type", default="custom", show_default=True, help="custom, origin or tf-hub."),
    click.option("--num-epochs", type=int, default=2, show_default=True, help="Passes over the data."),
    click.option("--batch-size", type=int, default=32, show_default=True, help="Rows per step."),
    click.option("--max-seq-length", type=int, default=128, show_default=True, help="Longest row in pieces."),
    click.option(
        "--validation-share", type=float, default=0.1, show_default=True, help="Rows held out; 0: no val columns."
    ),
    click.option(
        "--seeds", type=Numbers(int), default="13", show_default=True, help="Train each row with each seed: mean ± sd."
    ),
    click.option("--with-untrained", is_flag=True, help="Also score each model before training: the row (no train)."),
)


def sweep_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a sweep to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def planned(
    models: str, learning_rates: Sequence[float], seeds: Sequence[int], setup: Setup, *, untrained: bool
) -> list[Training]:
    """Returns the trainings. Raises: InputError when there is no model, or a value that no training accepts."""
    names = words(models)
    if not names:
        raise InputError("--models must name at least one model", found=repr(models), do="Name a model.")
    require_known_type(setup.model_type)
    found = trainings(names, learning_rates, seeds, untrained=untrained)
    common = {name: value for name, value in asdict(setup).items() if name != "model_type"}
    for one in found:
        choose(setup.model_type, one.model, learning_rate=one.learning_rate, seed=one.seed, **common)
    return found
