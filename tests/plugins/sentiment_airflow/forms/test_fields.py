"""Every field of a form against the option of the same name: what the form takes, the command takes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import ParamValidationError
from sentiment_airflow.forms.experiment import experiment_form
from sentiment_airflow.forms.fields import bounds, form_of
from sentiment_airflow.forms.pretrain import pretrain_form
from sentiment_airflow.forms.retrain import limits, retrain_form

from sentiment.errors import InputError
from sentiment.options import experiment, gate, mixing, training
from sentiment.options.declaration import Option
from sentiment.settings.encoders import CHECKPOINTS, TESTED

RETRAIN_FORM, EXPERIMENT_FORM = retrain_form().whole, experiment_form()
OPTIONS_OF_RETRAIN = (mixing.MODE, *mixing.DATA_FORM, *training.FORM, *limits(), *gate.FORM[-2:])
OF_LISTS = (experiment.MODELS, experiment.LEARNING_RATES, experiment.SEEDS)
OPTIONS_OF_EXPERIMENT = (*OF_LISTS, experiment.WITH_UNTRAINED, experiment.DATA_RUN, *experiment.COMMON)
SHARED = [
    *((RETRAIN_FORM, option) for option in OPTIONS_OF_RETRAIN),
    *((EXPERIMENT_FORM, option) for option in OPTIONS_OF_EXPERIMENT),
]
# Where the form is stricter than the command, on purpose; each declaration says why.
STRICTER = {
    *("mix_number", "minimum_content_length", "num_epochs", "batch_size"),
    *("floor", "margin", "recall_drop", "minimum_rolling"),
}


def test_no_field_is_without_an_option() -> None:
    assert list(RETRAIN_FORM) == [option.name for option in OPTIONS_OF_RETRAIN]
    assert list(EXPERIMENT_FORM) == [option.name for option in OPTIONS_OF_EXPERIMENT]


@pytest.mark.parametrize(("form", "option"), SHARED, ids=[option.name for _, option in SHARED])
def test_a_form_and_its_command_agree(form: dict[str, Param], option: Option) -> None:
    field = form[option.name]
    declared = form_of(option)
    assert field.value == declared.default and field.schema["title"] == declared.title
    assert field.description and "{" not in field.description
    if option.choices:
        assert field.schema["enum"] == list(option.choices) and option.default in option.choices
    if option.low is None:
        assert not {"minimum", "maximum"} & field.schema.keys()
        return
    limits = bounds(option)
    assert option.holds(limits["minimum"]) and option.holds(limits["maximum"])
    same = (limits["minimum"], limits.get("maximum")) == (option.low, option.high)
    assert same or option.name in STRICTER
    assert "number" in field.schema["format"]
    _require_edges(field, option, limits)


def _require_edges(field: Param, option: Option, limits: dict[str, float]) -> None:
    least: Any = 1 if option.kind is int else 1e-9
    low, high = (option.kind(limits[name]) for name in ("minimum", "maximum"))
    field = copy.deepcopy(field)  # it keeps the value that it last resolved, and the form is everybody's
    assert (field.resolve(low), field.resolve(str(high))) == (low, str(high))
    for wrong in (low - least, high + least, str(high + least)):
        with pytest.raises(ParamValidationError):
            field.resolve(wrong)


Forms = Callable[[str | None], tuple[Param, Param]]


@pytest.fixture
def forms(monkeypatch: pytest.MonkeyPatch) -> Forms:
    """The fields for a model of retrain and experiment, as Airflow reads them when SENTIMENT_ENCODERS is so."""

    def read(encoders: str | None) -> tuple[Param, Param]:
        if encoders is None:
            monkeypatch.delenv("SENTIMENT_ENCODERS")
        else:
            monkeypatch.setenv("SENTIMENT_ENCODERS", encoders)
        return retrain_form().training["model_name"], experiment_form()["models"]

    return read


@pytest.mark.parametrize("wrong", ["someone/else", "/models/mine", "./mine", "http://example.com/bert", "", "BERT"])
def test_a_form_takes_the_encoders_that_the_project_is_tested_with(forms: Forms, wrong: str) -> None:
    one, several = forms(None)
    assert one.schema["enum"] == [None, *TESTED] and several.schema["items"]["enum"] == list(TESTED)
    assert (one.resolve(), several.resolve()) == (None, ["scratch/tiny", "scratch/mini"])
    assert (one.resolve(CHECKPOINTS[0]), several.resolve(list(CHECKPOINTS))) == (CHECKPOINTS[0], list(CHECKPOINTS))
    for field, value in ((one, wrong), (several, ["scratch/tiny", wrong])):
        assert "SENTIMENT_ENCODERS" in str(field.description)
        with pytest.raises(ParamValidationError, match="is not one of"):
            field.resolve(value)


def test_an_operator_says_which_encoders_a_form_takes(forms: Forms) -> None:
    pinned = f"bert-base-chinese@sha256:{'0' * 64}"
    one, several = forms(f"/models/mine, {pinned}")
    assert one.schema["enum"][1:] == several.schema["items"]["enum"] == [*TESTED[:2], "/models/mine", pinned]
    assert (one.resolve(pinned), several.resolve(["/models/mine"])) == (pinned, ["/models/mine"])
    for other in ("bert-base-chinese", "/models/other"):
        with pytest.raises(ParamValidationError):
            one.resolve(other)
    one, several = forms("any")
    assert (one.resolve("someone/else"), several.resolve(["/models/other"])) == ("someone/else", ["/models/other"])
    with pytest.raises(ParamValidationError):
        one.resolve("x" * 201)
    with pytest.raises(InputError, match="SENTIMENT_ENCODERS must be words with commas between them, at least one"):
        forms(" ")


@pytest.mark.parametrize("value", [10**400, -(10**400), 1e308, float("inf"), float("nan"), True, [1], {}])
def test_what_no_number_can_be_is_refused_when_the_run_is_triggered(value: Any) -> None:
    """As it was, the first ended Airflow's answer in a traceback."""
    for made in (retrain_form().whole, pretrain_form(), experiment_form()):
        for name, one in made.items():
            if "format" in one.schema:
                with pytest.raises(ParamValidationError):
                    copy.deepcopy(one).resolve(value)
                assert name
