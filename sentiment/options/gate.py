"""What a candidate must meet: options of `sentiment gate`, fields of the retrain form; the defaults are settings."""

from __future__ import annotations

from dataclasses import replace

from sentiment.options.declaration import Field, Option
from sentiment.settings.declaration import declarations
from sentiment.settings.steps import Settings

EMPTY = "Empty: the system's setting."
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
    "How far the accuracy may fall at worst.",
    # A margin above 20 points is probably a typing mistake; SENTIMENT_GATE_MARGIN takes one that is meant.
    Field(
        "Margin",
        f"How far the accuracy may fall at worst, as a share: 0.01 is one percentage point; at most 0.2. {EMPTY}",
        high=0.2,
    ),
)
RECALL_DROP = _threshold(
    "recall_drop",
    float,
    "How far any recall may fall.",
    # As with the margin.
    Field(
        "Recall drop",
        f"How far the recall of any class may fall on the frozen set, as a share; at most 0.5. {EMPTY}",
        high=0.5,
    ),
)
_ROLLING = _threshold(
    "minimum_rolling",
    int,
    "Least rows of the rolling set.",
    Field(
        "Least rows of the rolling set",
        f"With fewer rows, the rolling set is reported but does not decide. {EMPTY}",
        high=10**9,
    ),
)
# The command takes any number of rows: that a test set never decides is a choice, too.
MINIMUM_ROLLING = replace(_ROLLING, high=None)
OVERRIDE_REASON = Option(
    "override_reason",
    str,
    "Why; the reason is recorded.",
    form=Field(
        "Force: override the gate, because …",
        "If you give a reason, failed checks do not stop the candidate. Your name and the reason are kept in gate.json "
        "and in the history, and the approver reads them first.",
        schema={"minLength": SHORTEST_REASON, "maxLength": LONGEST_REASON, "pattern": r"\S"},
    ),
)
THRESHOLDS = (FLOOR, MARGIN, RECALL_DROP, MINIMUM_ROLLING)
FORM = (*THRESHOLDS, OVERRIDE_REASON)
