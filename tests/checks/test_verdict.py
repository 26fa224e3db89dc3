"""Figures against limits: what warns, what stops the run, and how it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.checks.check import limits_of
from sentiment.checks.verdict import Measured, judge, verdict
from sentiment.errors import InputError
from sentiment.settings import Limits, Settings, read_settings


def finding(value: float | None, name: str = "long") -> Measured:
    return Measured(name, "Too long", value, why="" if value is not None else "nothing is new", examples=("例",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.05,0.5", (0.05, 0.5)), ("0.2,off", (0.2, None)), ("off,off", (None, None)), (" 0 , 1 ", (0.0, 1.0))],
)
def test_limits_are_two_shares(text: str, expected: tuple[float | None, float | None]) -> None:
    assert Limits.read(text) == Limits(*expected)


@pytest.mark.parametrize("text", ["", "0.5", "0.5,0.1", "a,b", "-0.1,1", "0.1,1.1", "nan,1", "0.1,0.2,0.3"])
def test_what_is_not_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError, match=r"^SENTIMENT_CHECK_LONG must be two shares"):
        read_settings({"SENTIMENT_CHECK_LONG": text})


@pytest.mark.parametrize(
    ("value", "level"), [(0.0, "ok"), (0.05, "ok"), (0.051, "warning"), (0.5, "warning"), (0.51, "failed")]
)
def test_a_limit_is_passed_above_it_only(value: float, level: str) -> None:
    assert judge(finding(value), Limits(0.05, 0.5)).level == level


def test_without_limits_nothing_warns_and_what_was_not_measured_says_why() -> None:
    assert judge(finding(1.0), Limits(None, None)).level == "ok"
    found = judge(finding(None), Limits(0.0, 0.0))
    assert (found.level, found.sentence) == ("not measured", "Too long: not measured, nothing is new.")


@given(value=st.floats(0, 1), warn=st.floats(0, 1), more=st.floats(0, 1))
def test_a_larger_figure_is_never_judged_more_kindly(value: float, warn: float, more: float) -> None:
    order = ["ok", "warning", "failed"]
    limits = Limits(warn, min(1.0, warn + more))
    assert order.index(judge(finding(value), limits).level) <= order.index(judge(finding(1.0), limits).level)


def test_the_verdict_counts_and_names_what_failed_first() -> None:
    limits = {"long": Limits(0.1, 0.5), "control": Limits(0.1, 0.5), "unknown": Limits(0.1, 0.5)}
    found = [finding(0.2), finding(0.6, "control"), finding(0.7, "unknown")]
    assert verdict([judge(each, limits[each.name]) for each in found]) == (
        False,
        "The new posts failed a check. Too long: 60.0%, up to 50.0% is expected. 1 more failed.",
    )
    good = [finding(0.0), finding(None, "control"), finding(0.2, "unknown")]
    assert verdict([judge(each, limits[each.name]) for each in good]) == (
        True,
        "The new posts passed 2 checks, 1 with a warning.",
    )


def test_every_limit_is_a_setting() -> None:
    assert limits_of(Settings())["suspects"] == Limits(0.2, 0.85)
    assert limits_of(read_settings({"SENTIMENT_CHECK_SUSPECTS": "0.1,0.3"}))["suspects"] == Limits(0.1, 0.3)
