"""The form of an experiment: each field is an option of `sentiment experiment-plan`; also how its cells are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Param

from sentiment.experiments.sweep import rate_as_text
from sentiment.language import tr
from sentiment.options import experiment
from sentiment.options.training import LONGEST_NAME
from sentiment.settings import encoders_for_forms, read_airflow_settings
from sentiment_airflow.forms.fields import fields, lines, one_of, tick
from sentiment_airflow.people import for_people

LONGEST_NUMBER = 30  # characters


def _number_or_text(kind: str) -> dict[str, Any]:
    """Returns the schema of a number, or of a number typed as text."""
    return {"anyOf": [{"type": kind}, {"type": "string", "maxLength": LONGEST_NUMBER}]}


def _name() -> dict[str, Any]:
    """Returns the schema of a model's name: one of SENTIMENT_ENCODERS."""
    return {"type": "string", "maxLength": LONGEST_NAME, **one_of(encoders_for_forms())}


def experiment_form() -> dict[str, Param]:
    """Returns the form as the settings and the language spoken make it."""
    return {
        "models": lines(experiment.MODELS, items=_name()),
        "learning_rates": lines(experiment.LEARNING_RATES, items=_number_or_text("number")),
        "seeds": lines(experiment.SEEDS, items=_number_or_text("integer")),
        "with_untrained": tick(experiment.WITH_UNTRAINED),
        **fields(experiment.DATA_RUN, *experiment.COMMON),
    }


def cell_name(cell: Mapping[str, Any], seeds: Sequence[Any]) -> str:
    """Returns the name of a training in Airflow's list of mapped tasks: `scratch/tiny · 5e-5`."""
    rate = cell["learning_rate"]
    with for_people():
        seed = [tr("seed {seed}", seed=cell["seed"])] if len(seeds) > 1 else []
        return " · ".join([cell["model"], tr("not trained") if rate is None else rate_as_text(rate), *seed])


def cells_at_once() -> int | None:
    """Returns how many trainings of an experiment run at a time: None leaves it to SENTIMENT_GPU_POOL, without it 1.

    Without a pool of their own, they would share a machine's memory and distort the times that the table compares.
    """
    return None if read_airflow_settings("gpu_pool").gpu_pool else 1
