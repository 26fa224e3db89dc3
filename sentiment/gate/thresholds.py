"""What a candidate must meet, and what of it a person loosened: pure functions from limits to a list of differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.options.declaration import Option
from sentiment.options.gate import FLOOR, LOOSEN_REASON, THRESHOLDS
from sentiment.results.decision import Loosened, LooserLimit
from sentiment.settings import Settings
from sentiment.text.invisible import is_blank


@dataclass(frozen=True)
class Thresholds:
    """What a candidate must meet. There are no defaults here: a missing threshold is an error.

    `floor`: least accuracy on the frozen set. `margin`: how far the accuracy may fall at worst. `recall_drop`: how far
    any class's recall may fall on the frozen set. These are shares, 0 to 1. `minimum_rolling`: rows from which the
    rolling set decides.
    """

    floor: float
    margin: float
    recall_drop: float
    minimum_rolling: int

    def __post_init__(self) -> None:
        for option in THRESHOLDS:
            value = getattr(self, option.name)
            is_number = isinstance(value, int if option.kind is int else int | float) and not isinstance(value, bool)
            if not is_number or not option.holds(value):
                what = "a count of at least 1" if option.kind is int else "a share between 0 and 1"
                raise _bad_threshold(option.name, what, value)


def configured(settings: Settings) -> Thresholds:
    """Returns the thresholds that the settings state."""
    return Thresholds(**{option.name: getattr(settings, f"gate_{option.name}") for option in THRESHOLDS})


def asked(given: Mapping[str, Any], standard: Thresholds) -> Thresholds:
    """Returns the thresholds that a form or a command asks for; whatever it leaves empty is as in `standard`."""
    found = {option.name: _number(option, given.get(option.name)) for option in THRESHOLDS}
    return Thresholds(**{name: getattr(standard, name) if value is None else value for name, value in found.items()})


def loosened(asked_for: Thresholds, standard: Thresholds) -> list[LooserLimit]:
    """Returns each limit that is easier to meet than in `standard`: a lower floor, anything else when it is higher."""
    limits = (
        LooserLimit(name=o.name, asked=getattr(asked_for, o.name), configured=getattr(standard, o.name))
        for o in THRESHOLDS
    )
    return [
        one
        for one in limits
        if (one.asked < one.configured) == (one.name == FLOOR.name) and one.asked != one.configured
    ]


def require_reason(limits: list[LooserLimit], who: str | None, reason: str | None) -> Loosened | None:
    """Returns who loosened these limits, and why; None without one. Raises: InputError when nobody says why."""
    if not limits:
        return None
    found = Loosened(who=(who or "").strip(), reason=(reason or "").strip(), limits=limits)
    if is_blank(found.who) or is_blank(found.reason):
        raise InputError(
            "a gate that is looser than configured must have a reason, and somebody who gives it",
            found=f"{found.changes}, {'by nobody' if found.reason else 'without a reason'}",
            do=f"Give the reason ({LOOSEN_REASON.flag}; in Airflow's form, “{_title()}”), or leave the limit as it is.",
        )
    return found


def _number(option: Option, value: Any) -> Any:
    """Returns what a form may have as text as a number, and 300.0, as JSON may write a count, as 300; None: empty."""
    if isinstance(value, str):
        try:
            value = float(value) if value.strip() else None
        except ValueError:
            return value  # which is no threshold
    return int(value) if option.kind is int and isinstance(value, float) and value.is_integer() else value


def _title() -> str:
    assert LOOSEN_REASON.form is not None
    return LOOSEN_REASON.form.title


def _bad_threshold(name: str, wanted: str, found: object) -> InputError:
    return InputError(
        f"the gate's threshold {name} must be {wanted}",
        found="nothing" if found is None else repr(found),
        do=f"Set SENTIMENT_GATE_{name.upper()} or give --{name.replace('_', '-')}.",
    )
