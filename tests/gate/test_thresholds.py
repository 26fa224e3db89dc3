"""Which limits are looser than configured, and that nobody loosens one without a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.errors import InputError
from sentiment.gate.thresholds import Thresholds, asked, configured, loosened, require_reason
from sentiment.options.gate import THRESHOLDS
from sentiment.results.decision import Loosened, LooserLimit
from sentiment.settings import Settings

STANDARD = configured(Settings())
SHARES = st.floats(0, 1, allow_nan=False)
ANY = st.builds(Thresholds, floor=SHARES, margin=SHARES, recall_drop=SHARES, minimum_rolling=st.integers(1, 10**9))
# What a candidate is found to be: its accuracy, the worst fall of accuracy and of a recall, the rolling set's rows.
FOUND = st.tuples(SHARES, SHARES, SHARES, st.integers(0, 10**9))


def refuses(limits: Thresholds, found: tuple[float, float, float, int]) -> bool:
    accuracy, fall, drop, rows = found
    return (
        accuracy < limits.floor
        or (rows >= limits.minimum_rolling and fall > limits.margin)
        or drop > limits.recall_drop
    )


@given(ANY, ANY, FOUND)
def test_what_passes_only_by_other_limits_passes_by_a_looser_one(
    wanted: Thresholds, standard: Thresholds, found: tuple[float, float, float, int]
) -> None:
    if refuses(standard, found) and not refuses(wanted, found):
        assert loosened(wanted, standard)


@given(ANY, ANY)
def test_a_limit_is_looser_one_way_or_the_other_or_equal(one: Thresholds, other: Thresholds) -> None:
    there, back = ({limit.name for limit in loosened(*pair)} for pair in ((one, other), (other, one)))
    assert not there & back
    assert there | back == {o.name for o in THRESHOLDS if getattr(one, o.name) != getattr(other, o.name)}


@given(ANY)
def test_as_configured_and_an_empty_form_are_no_looser(limits: Thresholds) -> None:
    assert loosened(limits, limits) == []
    assert asked({"minimum_rolling": float(limits.minimum_rolling)}, limits) == limits
    assert asked({}, limits) == asked(dict.fromkeys(("floor", "margin")), limits) == limits


@pytest.mark.parametrize(
    ("who", "reason", "found"),
    [
        ("ann", None, "margin 0.2 instead of 0.01, without a reason"),
        ("ann", " \n", "margin 0.2 instead of 0.01, without a reason"),
        (None, None, "margin 0.2 instead of 0.01, without a reason"),
        (" ", "few rows", "margin 0.2 instead of 0.01, by nobody"),
    ],
)
def test_a_looser_limit_needs_somebody_and_a_reason(who: str | None, reason: str | None, found: str) -> None:
    looser = loosened(asked({"margin": 0.2}, STANDARD), STANDARD)
    with pytest.raises(InputError, match=f"found {found}\\. Give the reason") as raised:
        require_reason(looser, who, reason)
    assert len(str(raised.value).splitlines()) == 1


def test_a_reason_makes_a_looser_limit_an_exception_that_is_told() -> None:
    looser = loosened(asked({"margin": 0.2, "floor": 0.9}, STANDARD), STANDARD)
    found = require_reason(looser, "ann", "few rows")
    assert found == Loosened(who="ann", reason="few rows", limits=[LooserLimit("margin", 0.2, 0.01)])
    assert found.told == "The gate was loosened by ann: margin 0.2 instead of 0.01. Reason: few rows."
    assert require_reason([], "ann", "nothing is looser") is None
