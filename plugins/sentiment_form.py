"""The form of a retrain: each field is an option of a step, which has its own default for an empty one."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param


def _number(title: str, description: str, kind: str = "number", **bounds: Any) -> Param:
    return Param(None, type=["null", kind], title=title, description=description, **bounds)


def _text(title: str, description: str, **bounds: Any) -> Param:
    return Param(None, type=["null", "string"], title=title, description=description, **bounds)


MIXING = {
    "mode": Param(
        "auto",
        type="string",
        enum=["auto", "warm", "full"],
        title="Mode",
        description="warm: go on from the stable model with the new rows. full: start anew with all rows. "
        "auto: warm if there is a stable model.",
    ),
    "mix_number": _number(
        "Old rows to mix in, per label",
        "0 or empty: as many as the mixing rule says.",
        "integer",
        minimum=0,
        maximum=1_000_000,
    ),
    "minimum_content_length": _number(
        "Shortest old row to mix in",
        "In characters; empty: 20. Lower it where short posts are the rule.",
        "integer",
        minimum=0,
        maximum=1000,
    ),
    "new_since": _text(
        "New rows from this day on",
        "By the day of delivery, in Taipei. What is left out stays new for another run.",
        format="date",
    ),
    "new_until": _text("New rows up to this day", "That day included.", format="date"),
    "new_source": _text("New rows of this source", "As the deliveries' column `source` names it.", maxLength=200),
}
TRAINING = {
    "model_name": _text(
        "Model", "A hub id, a local folder, scratch/tiny or scratch/mini. For a full run.", maxLength=200
    ),
    "num_epochs": _number("Epochs", "Passes over the data.", "integer", minimum=1, maximum=100),
    "learning_rate": _number("Learning rate", "At its peak.", exclusiveMinimum=0, maximum=1),
    "batch_size": _number("Batch size", "Rows a step.", "integer", minimum=1, maximum=1024),
    "max_seq_length": _number("Longest text", "In word pieces.", "integer", minimum=8, maximum=512),
}
GATE = {
    "floor": _number(
        "Gate: floor", "Least accuracy on the frozen set. Empty: as set for the system.", minimum=0, maximum=1
    ),
    "margin": _number(
        "Gate: margin",
        "How far the accuracy may at worst have fallen, as a share: 0.01 is one percentage point.",
        minimum=0,
        maximum=1,
    ),
    "recall_drop": _number(
        "Gate: recall drop", "How far any class's recall may fall on the frozen set, as a share.", minimum=0, maximum=1
    ),
    "minimum_rolling": _number(
        "Gate: rows of a deciding rolling set", "With fewer it is reported only.", "integer", minimum=1, maximum=10**9
    ),
    "override_reason": _text(
        "Force: let it pass in spite of the gate, because …",
        "Filled in, failed checks do not stop the candidate. Who triggered the run, and this reason, are kept in "
        "gate.json and in the history, and are the first that the approver reads.",
        minLength=3,
        maxLength=2000,
        pattern=r"\S",
    ),
}
RETRAIN_FORM = {**MIXING, **TRAINING, **GATE}
