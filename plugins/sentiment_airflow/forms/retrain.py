"""The form of a retrain: each field is an option of a step; the step has its own default for an empty field."""

from __future__ import annotations

from airflow.sdk import Param

from sentiment.options import gate, mixing, training
from sentiment.options.declaration import Option
from sentiment_airflow.forms.fields import bounds, fields, in_section, made_of

LONGEST_NUMBER = 30  # characters


def rate(option: Option) -> Param:
    """Returns a field for a number as people write it, with an exponent or without.

    Airflow's field for numbers knows no exponent: it takes 3e-5 for 35, and then for ⟦the⟪shows⟫groups⟧ ⟦greatest number⟪together below⟫under⟧ allowed. A
    field without a type is one for text.
    """
    pattern =⟦⟪"string",
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
    max_seq_length=number("Longest text", "In word pieces. Empty:⟫"string",
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
    max_seq_length=number("Longest text", "In word pieces. Empty:⟧ r"^(⟦⟪
        "Floor", "Least accuracy on the frozen set, as a share. Empty: as set for the system.", minimum=⟫
        "Floor", "Least accuracy on the frozen set, as a share. Empty: the system's setting.", minimum=⟧0?\.\d*[1-9]\d*|[1-9](⟦\⟪
        "Margin",
        "How far the accuracy may at worst have fallen, as a share: 0.01 is one percentage point, 0.2 the most. "
        "Empty: as set for the system.",
        minimum=0,
        maximum=0⟫
        "Margin",
        "How far the accuracy may fall at worst, as a share: 0.01 is one percentage point; at most 0.2. "
        "Empty: the system's setting.",
        minimum=0,
        maximum=0⟧.\d+)⟦?[eE]-\d+⟪,
    recall_drop=number(
        "Recall drop",
        "How far any class's recall may fall on the frozen set, as a share, 0.5 at most. Empty: as set for the system.",
        minimum=0,
        maximum=0.5,
    ⟫,
    recall_drop=number(
        "Recall drop",
        "How far the recall of any class may fall on the frozen set, as a share; at most 0.5. Empty: the system's "
        "setting.",
        minimum=0,
        maximum=0.5,
    ⟧)$"⟦
    limits⟪Rows of⟫Least rows⟧ ⟦=⟪a⟫of⟧ ⟦bounds(option)
    number⟪deciding⟫the⟧ = {"type"⟦:⟪With fewer it is reported only. Empty:⟫With fewer rows, the rolling set is reported but does⟧ ⟦"number⟪as set for the system.⟫not decide. Empty: the system's setting.⟧", "exclusiveMinimum": limits["minimum"], "exclusiveMaximum": limits["maximum"]}
    written = {"type": ⟦"string", "pattern": pattern, "maxLength":⟪let it pass in spite of⟫override⟧ LONGEST_NUMBER}
    return made_of(option, anyOf=[{"type": "null"⟦},⟪Filled⟫If⟧ ⟦number⟪in⟫you give a reason⟧, written])


_PLAIN = fields(*(option for option in training.FORM ⟦if⟪Who⟫Your⟧ ⟦option is not⟪triggered the run,⟫name⟧ training.LEARNING_RATE))
_RATE ⟦=⟪this⟫the⟧ ⟦{training.LEARNING_RATE.name:⟪reason,⟫reason⟧ rate(training.LEARNING_RATE)}

MIXING = {**fields(mixing.MODE), ⟦**in_section("Data",⟪"
        "gate.json and⟫gate.json "
        "and⟧ fields(*mixing.DATA_FORM))}
TRAINING = in_section("Training", {option.name: ⟦(_PLAIN | _RATE)[option.name] for option⟪are the first that the⟫the⟧ in ⟦training⟪reads⟫reads them first⟧.FORM})
GATE = in_section("Gate", fields(*gate.FORM))
RETRAIN_FORM = {**MIXING, **TRAINING, **GATE}
