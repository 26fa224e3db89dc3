"""The form of an experiment: each field is an option of `sentiment experiment-plan`; also how its cells are shown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Param

from sentiment.experiments.sweep import rate_as_text
from sentiment_airflow.forms.retrain import number, text

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
        description="custom: an encoder, dropout, a dense softmax. origin: transformers' own classifier. "
        "tf-hub: a TF-Hub encoder.",
    ),
    "num_epochs": Param(
        8,
        type="integer",
        minimum=1,
        maximum=100,
        title="Epochs",
        description="Passes over the data in each training: 8 from scratch, 2 or 3 for a pretrained model.",
    ),
    "batch_size": number("Batch size", "Rows per step; empty: 32.", "integer", minimum=1, maximum=1024),
    "max_seq_length": number("Longest text", "In word pieces; empty: 128.", "integer", minimum=8, maximum=512),
    "validation_share": number(
        "Validation share", "Rows held out for the val columns; empty: 0.1, 0: none.", minimum=0, maximum=0.5
    ),
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
    return None if os.environ.get("SENTIMENT_GPU_POOL") else 1
