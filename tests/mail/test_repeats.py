"""No mail storm."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.mail.repeats import NUMBERS, Told, cause_key, decide, look, note

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
QUIET = timedelta(hours=12)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("watch took 3.2 s", "watch took 41 s", True),
        ("run manual__2026-11-22T02:00:00+08:00 failed", "run manual__2026-11-23T02:00:00+08:00 failed", True),
        ("No route", "no route", True),
        ("disk is full", "no route", False),
        ("壞 <b>", "好 <b>", False),
    ],
)
def test_causes_that_differ_in_numbers_are_one(one: str, other: str, same: bool) -> None:
    assert (cause_key("dag", "step", one) == cause_key("dag", "step", other)) is same
    assert cause_key("dag", "step", one) != cause_key("dag", "another step", one)


@given(st.text("afgx19０:.+ \n", max_size=30))
def test_numbers_are_found_as_they_always_were(text: str) -> None:
    """A key that changes would have every cause mailed once more."""
    assert NUMBERS.sub("#", text) == re.sub(r"[0-9a-f]*\d[0-9a-f.:+]*", "#", text)


def test_a_cause_of_a_megabyte_of_letters_has_a_key_at_once() -> None:
    assert cause_key("a" * (1 << 20)) != cause_key("b" * (1 << 20))  # letter by letter, it took hours


def test_the_key_quotes_nothing() -> None:
    assert cause_key("壞掉的店員").isascii()


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({}, Told(True)),
        ({"mailed": "2026-11-21T20:00:00+00:00", "held": 4}, Told(False, 4, "2026-11-21T20:00:00+00:00")),
        ({"mailed": "2026-11-21T14:00:00+00:00", "held": 4}, Told(True, 4, "2026-11-21T14:00:00+00:00")),
        ({"mailed": "2027-11-21T14:00:00+00:00", "held": 0}, Told(True, 0, "2027-11-21T14:00:00+00:00")),
    ],
)
def test_the_same_is_not_told_again_within_the_quiet_time(record: dict[str, object], told: Told) -> None:
    assert decide(record, NOW, QUIET) == told


def test_what_is_held_back_is_counted_and_forgotten_when_mailed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "mailed.json"
    assert look(path, "a", NOW, QUIET) == Told(True)
    note(path, "a", NOW, mailed=True)
    for minutes in (5, 10):
        later = NOW + timedelta(minutes=minutes)
        assert not look(path, "a", later, QUIET).mail
        note(path, "a", later, mailed=False)
    assert look(path, "b", NOW, QUIET).mail
    assert look(path, "a", NOW + QUIET, QUIET) == Told(True, 2, NOW.isoformat())
    note(path, "a", NOW + QUIET, mailed=True)
    assert look(path, "a", NOW + 2 * QUIET, QUIET).held == 0
    note(path, "b", NOW + timedelta(days=90), mailed=True)
    assert list(json.loads(path.read_text(encoding="utf-8"))) == ["b"]


@pytest.mark.parametrize("content", ["", "[]", '{"a": 3}', '{"a": {"mailed": "soon", "held": 0}}', '{"a": {}}', "\0"])
def test_a_damaged_record_holds_nothing_back(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mailed.json"
    path.write_text(content, encoding="utf-8")
    assert look(path, "a", NOW, QUIET).mail
    note(path, "a", NOW, mailed=True)
    assert not look(path, "a", NOW, QUIET).mail
