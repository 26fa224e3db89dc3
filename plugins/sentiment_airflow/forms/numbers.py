"""Numbers that people type as text.

Airflow's own field for numbers turns what is beyond a bound into the bound, without a word: 5 became 0.2. So a number
has a field for text here, and its schema a format with the bounds in its name. What does not fit is refused when the
run is triggered: `'5' is not a 'number between 0 and 0.2, or empty'`. Whoever checks that must have made the forms.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any

from jsonschema import FormatChecker

from sentiment.language import marked, tr
from sentiment.options.declaration import figure

WRITTEN = {int: r"\d{1,15}", float: r"(\d{1,15}(\.\d{0,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?"}
LARGEST = 10**30  # more than any field takes
SENTENCES = {  # by the kind of number, and whether it has a minimum and a maximum
    (float, True, True): marked("number between {low} and {high}"),
    (float, True, False): marked("number at least {low}"),
    (float, False, True): marked("number at most {high}"),
    (int, True, True): marked("whole number between {low} and {high}"),
    (int, True, False): marked("whole number at least {low}"),
    (int, False, True): marked("whole number at most {high}"),
}


def written(kind: type[int] | type[float], limits: dict[str, float], *, may_be_empty: bool) -> dict[str, Any]:
    """Returns the demands of JSON Schema on a number that is typed as text; `limits` holds its minimum and maximum."""
    told = _told(kind, limits, may_be_empty)
    FormatChecker.checkers[told] = (functools.partial(fits, kind, limits, may_be_empty), ())
    return {"format": told, **limits}


def fits(kind: type[int] | type[float], limits: dict[str, float], may_be_empty: bool, value: object) -> bool:
    """Tells whether a field of a form may have this value: a number within the limits, or one written as text."""
    if value is None or value == "":
        return may_be_empty
    if isinstance(value, str) and re.fullmatch(WRITTEN[kind], value.strip(), re.ASCII):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if abs(value) > LARGEST or not math.isfinite(value):  # a whole number may be none that a float can hold
        return False
    whole = kind is float or value == int(value)
    return whole and limits.get("minimum", -math.inf) <= value <= limits.get("maximum", math.inf)


def _told(kind: type[int] | type[float], limits: dict[str, float], may_be_empty: bool) -> str:
    low, high = limits.get("minimum"), limits.get("maximum")
    told = tr(SENTENCES[kind, low is not None, high is not None], low=figure(low), high=figure(high))
    return tr("{number}, or empty", number=told) if may_be_empty else told
