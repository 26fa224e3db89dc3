"""How an option is declared, with the field of Airflow's form that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sentiment.errors import InputError

LARGEST_WHOLE = 2**63 - 1  # that SQLite and numpy can hold


@dataclass(frozen=True)
class Field:
    """How Airflow's form shows an option, and where it is stricter than the command.

    Its words are `marked`: the form says them in its readers' language. `{default}` in the description is the option's
    default. A field whose own default is None may be left empty. `names` are for choices, in languages that show more
    than the choice.
    """

    title: str
    description: str
    default: Any = None
    low: float | None = None  # None: the option's
    high: float | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)  # whatever else JSON Schema can demand
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """One option: its name with underscores, its type, its bounds (both allowed), its default, and what it means."""

    name: str
    kind: type[int] | type[float] | type[str]
    help: str
    default: Any = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    shown_default: str = ""  # when the default depends on something
    form: Field | None = None

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def full_help(self) -> str:
        """The help with the default and the bounds."""
        default = self.shown_default or ("" if self.default is None else str(self.default))
        facts = [f"default: {default}"] if default else []
        facts += [self._bounds()] if self.low is not None else []
        return f"{self.help} [{'; '.join(facts)}]" if facts else self.help

    def require(self, value: Any) -> None:
        """Raises: InputError when the option must not have this value."""
        if self.choices and value not in self.choices:
            raise InputError(
                f"{self.flag} must be one of {', '.join(self.choices)}", found=repr(value), do="Choose one of them."
            )
        if self.low is not None and not self.holds(value):
            raise InputError(f"{self.flag} must be {self._bounds()}", found=_given(value), do="Give another number.")

    def holds(self, value: float) -> bool:
        """Tells whether a number is within the bounds; NaN never is."""
        low = float("-inf") if self.low is None else self.low
        most = LARGEST_WHOLE if self.kind is int else float("inf")
        high = most if self.high is None else self.high
        return low <= value <= high

    def _bounds(self) -> str:
        return between(self.low, self.high)


def between(low: float | None, high: float | None) -> str:
    """Returns bounds in words: `between 0 and 0.2`, `at least 1`; "" without bounds."""
    if high is None:
        return f"at least {figure(low)}" if low is not None else ""
    return f"between {figure(low)} and {figure(high)}" if low is not None else f"at most {figure(high)}"


def figure(value: float | None) -> str:
    """Returns a number as people write it: `1,000`, `0.2`; "" for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _given(value: float) -> str:
    """Returns a number as somebody gave it."""
    try:
        return f"{value:g}"
    except OverflowError:  # a whole number may have more digits than a float holds
        return "one of more than 300 digits"
