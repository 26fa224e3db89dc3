"""The form of a retrain: each field is an option of a step; the step has its own default for an empty field."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.sdk import Param

from sentiment.gate.thresholds import configured
from sentiment.language import tr
from sentiment.options import gate, mixing, training
from sentiment.options.declaration import Option
from sentiment.settings import encoders_for_forms, read_airflow_settings
from sentiment_airflow.forms.fields import field, fields, in_section, one_of
from sentiment_airflow.runners.environment import step_settings


def limits() -> list[Option]:
    """Returns the gate's limits, loosened no further than the settings allow a form to."""
    names = [f"form_{option.name}" for option in gate.THRESHOLDS]
    bounds, now = read_airflow_settings(*names), configured(step_settings())
    return [
        gate.within(option, getattr(bounds, f"form_{option.name}"), getattr(now, option.name))
        for option in gate.THRESHOLDS
    ]


@dataclass(frozen=True)
class RetrainForm:
    """The fields of the form by the steps that they are options of."""

    mixing: dict[str, Param]
    training: dict[str, Param]
    gate: dict[str, Param]

    @property
    def whole(self) -> dict[str, Param]:
        return {**self.mixing, **self.training, **self.gate}


def retrain_form() -> RetrainForm:
    """Returns the form as the settings and the language spoken make it."""
    model = {training.MODEL_NAME.name: field(training.MODEL_NAME, **one_of(encoders_for_forms(), may_be_empty=True))}
    return RetrainForm(
        mixing={**fields(mixing.MODE), **in_section(tr("Data"), fields(*mixing.DATA_FORM))},
        training=in_section(tr("Training"), {**fields(*training.FORM), **model}),
        gate=in_section(tr("Gate"), fields(*limits(), gate.LOOSEN_REASON, gate.OVERRIDE_REASON)),
    )
