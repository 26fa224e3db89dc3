"""The form of a retrain: each field is an option of a step, which has its own default for an empty one."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param


def number(title: str, description: str, kind: str = "number", **bounds: Any) -> Param:
    """Returns a field for a number that may be left empty."""
    return Param(None, type=["null", kind], title=title, description=description, **bounds)


def text(title: str, description: str, **bounds: Any) -> Param:
    """Returns a field for a line of text that may be left empty."""
    return Param(None, type=["null", "string"], title=title, description=description, **bounds)


def _fold(title: str, **fields: Param) -> dict[str, Param]:
    """Returns the fields, which Airflow's form shows together below `title`."""
    for field in fields.values():
        field.schema["section"] = title
    return fields


MODE = {
    "mode": Param(
        "auto",
        type="string",
        enum=["auto", "warm", "full"],
        title="Mode",
        description="warm: go on from the stable model with the new rows. full: start anew with all rows. "
        "auto: warm if there is a stable model.",
    )
}
DATA = _fold(
    "Data",
    mix_number=number(
        "Old rows to mix in, per label",
        "0 or empty: as many as the mixing rule says.",
        "integer",
        minimum=0,
        maximum=1_000_000,
    ),
    minimum_content_length=number(
        "Shortest old row to mix in",
        "In characters; empty: 20. Lower it where short posts are the rule.",
        "integer",
        minimum=0,
        maximum=1000,
    ),
    new_since=text(
        "New rows from this day on",
        "By the day of delivery, in Taipei. What is left out stays new for another run.",
        format="date",
    ),
    new_until=text("New rows up to this day", "That day included.", format="date"),
    new_source=text("New rows of this source", "As the column “source” of the deliveries names it.", maxLength=200),
)
TRAINING = _fold(
    "Training",
    model_name=text("Model", "A hub id, a local folder, scratch/tiny or scratch/mini. For a full run.", maxLength=200),
    num_epochs=number(
        "Epochs", "Passes over the data. Empty: what suits the start.", "integer", minimum=1, maximum=100
    ),
    # Airflow's field for numbers knows no exponent: it takes 3e-5 for 35, and then for the greatest number allowed. A
    # field without a type is one for text.
    learning_rate=Param(
        None,
        anyOf=[
            {"type": "null"},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            {"type": "string", "pattern": r"^(0?\.\d*[1-9]\d*|[1-9](\.\d+)?[eE]-\d+)$", "maxLength": 30},
        ],
        title="Learning rate",
        description="At its peak, such as 3e-5 or 0.0005. Empty: what suits the start.",
    ),
    batch_size=number("Batch size", "Rows a step. Empty: 32.", "integer", minimum=1, maximum=1024),
    max_seq_length=number("Longest text", "In word pieces. Empty: 128.", "integer", minimum=8, maximum=512),
)
GATE = _fold(
    "Gate",
    floor=number(
        "Floor", "Least accuracy on the frozen set, as a share. Empty: as set for the system.", minimum=0, maximum=1
    ),
    margin=number(
        "Margin",
        "How far the accuracy may at worst have fallen, as a share: 0.01 is one percentage point, 0.2 the most. "
        "Empty: as set for the system.",
        minimum=0,
        maximum=0.2,
    ),
    recall_drop=number(
        "Recall drop",
        "How far any class's recall may fall on the frozen set, as a share, 0.5 at most. Empty: as set for the system.",
        minimum=0,
        maximum=0.5,
    ),
    minimum_rolling=number(
        "Rows of a deciding rolling set",
        "With fewer it is reported only. Empty: as set for the system.",
        "integer",
        minimum=1,
        maximum=10**9,
    ),
    override_reason=text(
        "Force: let it pass in spite of the gate, because …",
        "Filled in, failed checks do not stop the candidate. Who triggered the run, and this reason, are kept in "
        "gate.json and in the history, and are the first that the approver reads.",
        minLength=3,
        maxLength=2000,
        pattern=r"\S",
    ),
)
MIXING = {**MODE, **DATA}
RETRAIN_FORM = {**MIXING, **TRAINING, **GATE}
