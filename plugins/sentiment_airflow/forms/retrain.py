"""The form of a retrain: each field is an option of a step; the step has its own default for an empty field."""

from __future__ import annotations

from airflow.sdk import Param

from sentiment.options import gate, mixing, training
from sentiment.options.declaration import Option
from sentiment.settings import read_airflow_settings
from sentiment_airflow.forms.fields import bounds, fields, in_section, made_of

LONGEST_NUMBER = 30  # characters


def rate(option: Option) -> Param:
    """Returns a field for a number as people write it, with an exponent or without.

    Airflow's field for numbers knows no exponent: it takes 3e-5 for 35, and then for the greatest number allowed. A
    field without a type is one for text.
    """
    pattern = r"^(0?\.\d*[1-9]\d*|[1-9](\.\d+)?[eE]-\d+)$"
    limits = bounds(option)
    number = {"type": "number", "exclusiveMinimum": limits["minimum"], "exclusiveMaximum": limits["maximum"]}
    written = {"type": "string", "pattern": pattern, "maxLength": LONGEST_NUMBER}
    return made_of(option, anyOf=[{"type": "null"}, number, written])


def limits() -> list[Option]:
    """Returns the gate's limits, loosened no further than the settings allow a form to."""
    names = [f"form_{option.name}" for option in gate.THRESHOLDS]
    found = read_airflow_settings(*names)
    return [gate.within(option, getattr(found, f"form_{option.name}")) for option in gate.THRESHOLDS]


_PLAIN = fields(*(option for option in training.FORM if option is not training.LEARNING_RATE))
_RATE = {training.LEARNING_RATE.name: rate(training.LEARNING_RATE)}

MIXING = {**fields(mixing.MODE), **in_section("Data", fields(*mixing.DATA_FORM))}
TRAINING = in_section("Training", {option.name: (_PLAIN | _RATE)[option.name] for option in training.FORM})
GATE = in_section("Gate", fields(*limits(), gate.LOOSEN_REASON, gate.OVERRIDE_REASON))
RETRAIN_FORM = {**MIXING, **TRAINING, **GATE}
