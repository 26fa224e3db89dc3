"""The commands' options are what is declared, and whoever takes a value holds it to the declared bounds."""

from __future__ import annotations

from typing import Any

import click
import pytest

from sentiment.cli import group
from sentiment.data.mix import Mixing
from sentiment.errors import InputError
from sentiment.gate.thresholds import Thresholds
from sentiment.options import experiment, gate, mixing, training
from sentiment.options.declaration import Option
from sentiment.settings.declaration import declarations
from sentiment.settings.steps import Settings
from sentiment.training.hyperparameters import choose

OF_SWEEP = (experiment.MODELS, experiment.LEARNING_RATES, experiment.SEEDS, experiment.WITH_UNTRAINED)
DECLARED: dict[str, tuple[Option, ...]] = {
    "prepare": (mixing.MODE, *mixing.RULE, *mixing.DATA_FORM),
    "mix": mixing.RULE,
    "train": (training.MODEL_NAME, *training.HYPERPARAMETERS),
    "gate": gate.FORM,
    "experiment-plan": (*OF_SWEEP, *experiment.COMMON, experiment.DATA_RUN),
    "bench lr": (*OF_SWEEP, *experiment.COMMON),
}
PAIRS = [(verb, option) for verb, options in DECLARED.items() for option in options]


def command(path: str) -> click.Command:
    found: click.Command = group
    for verb in path.split():
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), verb)
        assert inner is not None
        found = inner
    return found


@pytest.mark.parametrize(("verb", "option"), PAIRS, ids=[f"{verb} {option.flag}" for verb, option in PAIRS])
def test_a_command_has_the_option_as_it_is_declared(verb: str, option: Option) -> None:
    [found] = [one for one in command(verb).params if one.name == option.name]
    assert isinstance(found, click.Option) and found.opts == [option.flag]
    assert found.help == option.full_help and option.help
    if found.type.name in ("integer", "float"):
        assert option.kind is {"integer": int, "float": float}[found.type.name]
    # None: the code fills the default in, because it depends on the model.
    assert found.default in (option.default, None, False)


def take(option: Option, value: Any) -> None:
    """Gives a value to the code that acts on it."""
    if option in gate.THRESHOLDS:
        settings: dict[str, Any] = {"floor": 0.5, "margin": 0.1, "recall_drop": 0.1, "minimum_rolling": 1}
        Thresholds(**{**settings, option.name: value})
    elif option in mixing.RULE:
        Mixing(**{option.name: value})
    else:
        choose("custom", "scratch/tiny", **{option.name: value})


BOUNDED = [one for one in (*mixing.RULE, *training.HYPERPARAMETERS, *gate.THRESHOLDS) if one.low is not None]


@pytest.mark.parametrize("option", BOUNDED, ids=[option.name for option in BOUNDED])
def test_bounds_are_allowed_and_what_is_beyond_them_is_not(option: Option) -> None:
    least = 1 if option.kind is int else 1e-9
    assert option.low is not None
    for allowed in (option.low, option.high):
        if allowed is not None:
            take(option, option.kind(allowed))
    for wrong in (option.low - least, *([] if option.high is None else [option.high + least]), float("nan")):
        with pytest.raises(InputError, match=option.flag):
            take(option, wrong)


@pytest.mark.parametrize("option", gate.THRESHOLDS, ids=[option.name for option in gate.THRESHOLDS])
def test_the_gates_options_have_the_bounds_of_their_settings(option: Option) -> None:
    setting = declarations(Settings)[f"gate_{option.name}"]
    assert option.low == setting.kind.low and option.shown_default == setting.variable
    assert option.high in (setting.kind.high, None)


def test_what_a_model_starts_with_is_what_its_help_says() -> None:
    assert training.NUM_EPOCHS.full_help.endswith(
        "[default: 8 from scratch, 5 continuing that, 4 from an encoder of `sentiment pretrain`, else 3; "
        "between 1 and 10,000]"
    )
    assert training.DROPOUT_RATE.shown_default == "0.5 from scratch, else 0.1"
    for name, value in training.SCRATCH_DEFAULTS.items():
        assert getattr(choose("custom", "scratch/tiny"), name) == value


def test_a_wrong_choice_is_one_line() -> None:
    with pytest.raises(InputError, match="--mode must be one of auto, warm, full; found 'half'"):
        mixing.MODE.require("half")
