"""What a candidate must meet: options of `sentiment gate`, fields of the retrain form; the defaults are settings."""

from __future__ import annotations

from dataclasses import replace

from sentiment.language import marked, tr
from sentiment.options.declaration import Field, Option, figure
from sentiment.settings.declaration import declarations
from sentiment.settings.steps import Settings

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
    Field(marked("Floor"), marked("Least accuracy on the frozen set, as a share; at least {bound}.")),
)
MARGIN = _threshold(
    "margin",
    float,
    "How far the accuracy may fall at worst.",
    Field(
        marked("Margin"),
        marked("How far the accuracy may fall at worst, as a share: 0.01 is one percentage point; at most {bound}."),
    ),
)
RECALL_DROP = _threshold(
    "recall_drop",
    float,
    "How far any recall may fall.",
    Field(
        marked("Recall drop"),
        marked("How far the recall of any class may fall on the frozen set, as a share; at most {bound}."),
    ),
)
_ROLLING = _threshold(
    "minimum_rolling",
    int,
    "Least rows of the rolling set.",
    Field(
        marked("Fewest rolling-set rows that may decide"),
        marked("With fewer rows, the rolling set is reported but does not decide; at most {bound}."),
    ),
)
# The command takes any number of rows: that a test set never decides is a choice, too.
MINIMUM_ROLLING = replace(_ROLLING, high=None)
_REASON = {"minLength": SHORTEST_REASON, "maxLength": LONGEST_REASON, "pattern": r"\S"}
LOOSEN_REASON = Option(
    "loosen_reason",
    str,
    "Why a limit is looser than configured; the reason is recorded.",
    form=Field(
        marked("A looser limit, because …"),
        marked(
            "Required when a limit above is looser than the system's setting. Your name and the reason are kept in "
            "gate.json and in the history, and the approver reads them first."
        ),
        schema=_REASON,
    ),
)
OVERRIDE_REASON = Option(
    "override_reason",
    str,
    "Why; the reason is recorded.",
    form=Field(
        marked("Force: override the gate, because …"),
        marked(
            "If you give a reason, failed checks do not stop the candidate. Your name and the reason are kept in "
            "gate.json and in the history, and the approver reads them first."
        ),
        schema=_REASON,
    ),
)
THRESHOLDS = (FLOOR, MARGIN, RECALL_DROP, MINIMUM_ROLLING)
FORM = (*THRESHOLDS, LOOSEN_REASON, OVERRIDE_REASON)


def within(option: Option, bound: float, now: float) -> Option:
    """Returns a threshold whose form loosens it no further than to `bound`; empty means `now`, as the settings say."""
    assert option.form is not None
    told = tr(
        "{told} Empty: {now} ({name}).",
        told=tr(option.form.description, bound=figure(bound)),
        now=figure(now),
        name=option.shown_default,
    )
    low, high = (bound, None) if option is FLOOR else (None, bound)
    return replace(option, form=replace(option.form, description=told, low=low, high=high))
