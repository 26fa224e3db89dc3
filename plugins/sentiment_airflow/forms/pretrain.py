"""The form of a pretraining: each field is an option of `sentiment refresh-encoder`, which has its own defaults."""

from __future__ import annotations

from airflow.sdk import Param

from sentiment.options import pretraining
from sentiment.settings import encoders_for_forms
from sentiment_airflow.forms.fields import field, fields, one_of


def pretrain_form() -> dict[str, Param]:
    """Returns the form as the settings and the language spoken make it."""
    start = field(pretraining.REFRESHING_START, **one_of(encoders_for_forms(), may_be_empty=True))
    return {**fields(*pretraining.REFRESHING_FORM), pretraining.REFRESHING_START.name: start}
