"""The options of a sweep over models and learning rates: of `sentiment bench lr` and `sentiment experiment-plan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click
from msgspec import structs

from sentiment.errors import InputError
from sentiment.experiments.sweep import Setup, Training, trainings
from sentiment.model.model_type import require_known_type
from sentiment.options import experiment
from sentiment.options.as_click import option, options
from sentiment.training.hyperparameters import choose


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


def sweep_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a sweep to a command."""
    for add in (
        option(experiment.WITH_UNTRAINED, type=bool, is_flag=True, default=False),
        option(experiment.SEEDS, type=Numbers(int)),
        options(*experiment.COMMON),
        option(experiment.LEARNING_RATES, type=Numbers(float)),
        option(experiment.MODELS),
    ):
        command = add(command)
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
    common = {name: value for name, value in structs.asdict(setup).items() if name != "model_type"}
    for one in found:
        choose(setup.model_type, one.model, learning_rate=one.learning_rate, seed=one.seed, **common)
    return found
