"""The form of an experiment: each field is an option of `sentiment experiment-plan`; also how its cells are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentiment.experiments.sweep import rate_as_text
⟦from⟪from sentiment_airflow.forms.retrain import number, text

LONGEST_NUMBER = 30  # characters


def _lines(default: list[str], title: str, description: str, *, most: int, item: Mapping[str, Any]) -> Param:
    """Returns a field with a value a line. Airflow shows it so when the items are text, or have no `type` outright."""
    return Param(
        default, type="array", minItems=1, maxItems=most, items=dict(item), title=title, description=description
    )


def _number_or_text(kind: str) -> dict[str, Any]:
    """Returns the schema of a number, or of one as it is typed; a line that was left empty is none."""
    return {"anyOf": [{"type": kind}, {"type": "string", "maxLength": LONGEST_NUMBER}]}


EXPERIMENT_FORM = {
    "models": _lines(
        ["scratch/tiny", "scratch/mini"],
        "Models",
        "One a line: scratch/tiny, scratch/mini, a name on the hub such as bert-base-chinese or "
        "ckiplab/albert-tiny-chinese, or a local folder's whole path.",
        most=20,
        item={"type": "string", "maxLength": 200},
    ),
    "learning_rates": _lines(
        ["5e-4", "1e-3"],
        "Learning rates",
        "One a line; each model is trained at each. For a pretrained model 2e-5 and 5e-5, from scratch more.",
        most=50,
        item=_number_or_text("number"),
    ),
    "seeds": _lines(
        ["13"],
        "Seeds",
        "One a line. With several, each row of the table is mean ± standard deviation.",
        most=20,
        item=_number_or_text("integer"),
    ),
    "with_untrained": Param(
        False,
        type="boolean",
        title="Also score each model as it starts",
        description="The table's row `(no train)`.",
    ),
    "data_run": text(
        "Data: train and test rows of this run",
        "The name of a retrain's folder in runs/, or its run id. Empty: datasets/old_sentiment.",
        maxLength=300,
    ),
    "model_type": Param(
        "custom",
        type="string",
        enum=["custom", "origin", "tf-hub"],
        title="Model type",
        description="custom:⟫from sentiment_airflow.forms.retrain import number, text

LONGEST_NUMBER = 30  # characters


def _lines(default: list[str], title: str, description: str, *, most: int, item: Mapping[str, Any]) -> Param:
    """Returns a field with one value per line; Airflow shows it so if the items are text or have no `type`."""
    return Param(
        default, type="array", minItems=1, maxItems=most, items=dict(item), title=title, description=description
    )


def _number_or_text(kind: str) -> dict[str, Any]:
    """Returns the schema of a number, or of a number typed as text."""
    return {"anyOf": [{"type": kind}, {"type": "string", "maxLength": LONGEST_NUMBER}]}


EXPERIMENT_FORM = {
    "models": _lines(
        ["scratch/tiny", "scratch/mini"],
        "Models",
        "One per line: scratch/tiny, scratch/mini, a name on the hub such as bert-base-chinese or "
        "ckiplab/albert-tiny-chinese, or the absolute path of a local folder.",
        most=20,
        item={"type": "string", "maxLength": 200},
    ),
    "learning_rates": _lines(
        ["5e-4", "1e-3"],
        "Learning rates",
        "One per line; each model is trained at each. Try 2e-5 and 5e-5 for a pretrained model, more from scratch.",
        most=50,
        item=_number_or_text("number"),
    ),
    "seeds": _lines(
        ["13"],
        "Seeds",
        "One per line. With several seeds, the table shows mean ± standard deviation.",
        most=20,
        item=_number_or_text("integer"),
    ),
    "with_untrained": Param(
        False,
        type="boolean",
        title="Also score each model before training",
        description="Adds the row `(no train)` to the table.",
    ),
    "data_run": text(
        "Data: train and test rows of this run",
        "The folder of a retrain in runs/, or its run id. Empty: datasets/old_sentiment.",
        maxLength=300,
    ),
    "model_type": Param(
        "custom",
        type="string",
        enum=["custom", "origin", "tf-hub"],
        title="Model type",
        description="custom:⟧ sentiment.options import experiment
from sentiment.settings import read_airflow_settings
from sentiment_airflow.forms.fields import fields, lines, tick
from sentiment_airflow.forms.retrain import LONGEST_NUMBER


def _number_or_text(kind: str) -> dict[str, Any]:
    """Returns the ⟦schema⟪data,⟫data⟧ in ⟦a⟪every⟫each⟧ number, or of one as it is typed; a line that was left empty is none."""
    return {"anyOf": [{"type": kind}, {"type"⟦⟪Rows a step; empty⟫Rows per step; empty⟧: "string", "maxLength": LONGEST_NUMBER}]}


EXPERIMENT_FORM = {
    "models": lines(experiment.MODELS),
    "learning_rates": lines(experiment.LEARNING_RATES, items=_number_or_text("number")),
    "seeds": lines(experiment.SEEDS, items=_number_or_text("integer")),
    "with_untrained": tick(experiment.WITH_UNTRAINED),
    **fields(experiment.DATA_RUN, *experiment.COMMON),
}


def cell_name(cell: Mapping[str, Any], seeds: Sequence[Any]) -> str:
    """Returns the name of a training in Airflow's list of mapped tasks: `scratch/tiny · 5e-5`."""
    rate = cell["learning_rate"]
    seed = [f"seed {cell['seed']}"] if len(seeds) > 1 else []
    return " · ".join([cell["model"], "not trained" if rate is None else rate_as_text(rate), *seed])


def cells_at_once() -> int | None:
    """Returns how many trainings of an experiment run at a time: None leaves it to SENTIMENT_GPU_POOL, without it 1.

    Without a pool of their own, they would share a machine's memory and distort the times that the table compares.
    """
    return None if read_airflow_settings("gpu_pool").gpu_pool else 1
