"""What a candidate has to meet: options of `sentiment gate`, fields of the retrain form; the defaults are settings."""

from __future__ import annotations

from dataclasses import replace

from sentiment.options.declaration import Field, Option
from sentiment.settings.declaration import declarations
from sentiment.settings.steps import Settings

EMPTY = "Empty: as set for the system."
SHORTEST_REASON, LONGEST_REASON = 3, 2000  # characters, in every form that asks for one


def _threshold(name: str, kind: type[int] | type[float], help: str, form: Field) -> Option:
    """Returns an option with the bounds of the setting that is its default."""
    setting = declarations(Settings)[f"gate_{name}"]
    return Option(
        name, kind, help, low=setting.kind.low, high=setting.kind.high, shown_default=setting.variable, form=form
    )


FLOOR = _threshold(
    "floor",
    float,
    "Least accuracy on the frozen set.",
    Field("Floor", f"Least accuracy on the frozen set, as a share. {EMPTY}"),
)
MARGIN = _threshold(
    "margin",
    float,
    "How far the accuracy may have fallen.",
    # A night that may lose more than 20 points is a slip of the finger; whoever means it sets SENTIMENT_GATE_MARGIN.
    Field(
        "Margin",
        "How far the accuracy may at worst have fallen, as a share: 0.01 is one percentage point, 0.2 the most. "
        f"{EMPTY}",
        high=0.2,
    ),
)
RECALL_DROP = _threshold(
    "recall_drop",
    float,
    "How far a recall may have fallen.",
    # As with the margin.
    Field(
        "Recall drop",
        f"How far any class's recall may fall on the frozen set, as a share, 0.5 at most. {EMPTY}",
        high=0.5,
    ),
)
_ROLLING = _threshold(
    "minimum_rolling",
    int,
    "Rows of a deciding rolling set.",
    Field("Rows of a deciding rolling set", f"With fewer it is reported only. {EMPTY}", high=10**9),
)
# The command takes any number of rows: that a test set never decides is a choice, too.
MINIMUM_ROLLING = replace(_ROLLING, high=None)
OVERRIDE_REASON = Option(
    "override_reason",
    str,
    "Why; it is recorded.",
    form=Field(
        "Force: let it pass in spite of the gate, because …",
        "Filled in, failed checks do not stop the candidate. Who triggered the run, and this reason, are kept in "
        "gate.json and in the history, and are the first that the approver reads.",
        schema={"minLength": SHORTEST_REASON, "maxLength": LONGEST_REASON, "pattern": r"\S"},
    ),
)
THRESHOLDS = (FLOOR, MARGIN, RECALL_DROP, MINIMUM_ROLLING)
FORM = (*THRESHOLDS, OVERRIDE_REASON)
