"""The form of a retrain: each field is an option of a step; the step has its own default for an empty field."""

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
    """Returns the fields, which Airflow's form groups under `title`."""
    for field in fields.values():
        field.schema["section"] = title
    return fields


MODE = {
    "mode": Param(
        "auto",
        type="string",
        enum=["auto", "warm", "full"],
        title="Mode",
        description="warm: continue from the stable model with the new rows. full: start over with all rows. "
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
        "In characters; empty: 20. Lower it if your posts are mostly short.",
        "integer",
        minimum=0,
        maximum=1000,
    ),
    new_since=text(
        "New rows from this day on",
        "By the day of delivery, in Taipei. Rows left out stay new for another run.",
        format="date",
    ),
    new_until=text("New rows up to this day", "Including that day.", format="date"),
    new_source=text("New rows of this source", "As named in the deliveries' column “source”.", maxLength=200),
)
TRAINING = _fold(
    "Training",
    model_name=text("Model", "For a full run: a hub id, a local folder, scratch/tiny or scratch/mini.", maxLength=200),
    num_epochs=number("Epochs", "Passes over the data. Empty: the mode's default.", "integer", minimum=1, maximum=100),
    # Airflow's field for numbers does not know exponents: it reads 3e-5 as 35, and then as the greatest allowed number.
    # A field without a type is a text field.
    learning_rate=Param(
        None,
        anyOf=[
            {"type": "null"},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            {"type": "string", "pattern": r"^(0?\.\d*[1-9]\d*|[1-9](\.\d+)?[eE]-\d+)$", "maxLength": 30},
        ],
        title="Learning rate",
        description="The peak rate, such as 3e-5 or 0.0005. Empty: the mode's default.",
    ),
    batch_size=number("Batch size", "Rows per step. Empty: 32.", "integer", minimum=1, maximum=1024),
    max_seq_length=number("Longest text", "In word pieces. Empty: 128.", "integer", minimum=8, maximum=512),
)
GATE = _fold(
    "Gate",
    floor=number(
        "Floor", "Least accuracy on the frozen set, as a share. Empty: the system's setting.", minimum=0, maximum=1
    ),
    margin=number(
        "Margin",
        "How far the accuracy may fall at worst, as a share: 0.01 is one percentage point; at most 0.2. "
        "Empty: the system's setting.",
        minimum=0,
        maximum=0.2,
    ),
    recall_drop=number(
        "Recall drop",
        "How far the recall of any class may fall on the frozen set, as a share; at most 0.5. Empty: the system's "
        "setting.",
        minimum=0,
        maximum=0.5,
    ),
    minimum_rolling=number(
        "Least rows of the rolling set",
        "With fewer rows, the rolling set is reported but does not decide. Empty: the system's setting.",
        "integer",
        minimum=1,
        maximum=10**9,
    ),
    override_reason=text(
        "Force: override the gate, because …",
        "If you give a reason, failed checks do not stop the candidate. Your name and the reason are kept in gate.json "
        "and in the history, and the approver reads them first.",
        minLength=3,
        maxLength=2000,
        pattern=r"\S",
    ),
)
MIXING = {**MODE, **DATA}
RETRAIN_FORM = {**MIXING, **TRAINING, **GATE}
