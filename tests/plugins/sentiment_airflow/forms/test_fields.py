"""Every field of a form against the option of the same name: what the form takes, the command takes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import ParamValidationError
from sentiment_airflow.forms.experiment import EXPERIMENT_FORM
from sentiment_airflow.forms.fields import KINDS, bounds, form_of
from sentiment_airflow.forms.retrain import RETRAIN_FORM, limits

from sentiment.options import experiment, gate, mixing, training
from sentiment.options.declaration import Option

OPTIONS_OF_RETRAIN = (mixing.MODE, *mixing.DATA_FORM, *training.FORM, *limits(), *gate.FORM[-2:])
OF_LISTS = (experiment.MODELS, experiment.LEARNING_RATES, experiment.SEEDS)
OPTIONS_OF_EXPERIMENT = (*OF_LISTS, experiment.WITH_UNTRAINED, experiment.DATA_RUN, *experiment.COMMON)
SHARED = [
    *((RETRAIN_FORM, option) for option in OPTIONS_OF_RETRAIN),
    *((EXPERIMENT_FORM, option) for option in OPTIONS_OF_EXPERIMENT),
]
# Where the form is stricter than the command, on purpose; each declaration says why.
STRICTER = {
    *("mix_number", "minimum_content_length", "num_epochs", "batch_size", "learning_rate"),
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
    assert option.name == "learning_rate" or (option.holds(limits["minimum"]) and option.holds(limits["maximum"]))
    same = (limits["minimum"], limits.get("maximum")) == (option.low, option.high)
    assert same or option.name in STRICTER
    if option.name != "learning_rate":  # a field of its own: tests/dags/test_workflows.py
        assert KINDS[option.kind] in field.schema["type"]
        _require_edges(field, option, limits)


def _require_edges(field: Param, option: Option, limits: dict[str, float]) -> None:
    least: Any = 1 if option.kind is int else 1e-9
    low, high = (option.kind(limits[name]) for name in ("minimum", "maximum"))
    field = copy.deepcopy(field)  # it keeps the value that it last resolved, and the form is everybody's
    assert (field.resolve(low), field.resolve(high)) == (low, high)
    for wrong in (low - least, high + least):
        with pytest.raises(ParamValidationError):
            field.resolve(wrong)
