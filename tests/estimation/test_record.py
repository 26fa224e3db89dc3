"""The record of the nights: one line a run that counts, bounded, and readable whatever else is in the file."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from support.estimates import estimate_of, fallen, gap_of, night_of

from sentiment.estimation import record
from sentiment.estimation.record import keep, read_nights
from sentiment.serving import typed_lines


def test_a_run_that_comes_twice_has_one_line(tmp_path: Path) -> None:
    path = tmp_path / "serving" / "estimates.jsonl"
    nights = [night_of("a"), night_of("b", fall=fallen(), by_source=[estimate_of(name=None)])]
    for night in (*nights, msgspec.structs.replace(nights[1], at="later")):
        keep(path, night)
    assert read_nights(path) == nights
    assert path.read_text(encoding="utf-8").count("\n") == 2


def test_of_a_run_that_came_out_otherwise_the_last_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "estimates.jsonl"
    again = night_of("a", gap=gap_of(-0.2))
    for night in (night_of("a"), night_of("b"), again):
        keep(path, night)
    assert read_nights(path) == [night_of("b"), again]


@pytest.mark.parametrize("line", ["", "{", "[]", "null", "\0", "[" * 100_000, "{}", '{"estimate": {"rows": 0}}'])
def test_a_line_that_is_no_night_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "estimates.jsonl"
    keep(path, night_of("a"))
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    keep(path, night_of("b"))
    assert [night.run for night in read_nights(path)] == ["a", "b"]


@settings(max_examples=25)
@given(some.integers(0, 1500))
def test_a_kill_at_any_byte_costs_at_most_the_line_that_was_written(length: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "estimates.jsonl"
        for run in ("a", "b"):
            keep(path, night_of(run))
        path.write_bytes(path.read_bytes()[:length])
        before = read_nights(path)
        keep(path, night_of("c"))
        assert read_nights(path) == [*before, night_of("c")]
        assert before == [night_of("a"), night_of("b")][: len(before)]


@pytest.mark.parametrize("wrong", ["NaN", "-1", "1.5", '"x"', "null"])
def test_a_share_that_is_none_costs_the_line(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "estimates.jsonl"
    keep(path, night_of("a"))
    path.write_text(path.read_text(encoding="utf-8").replace('"low": 0.72', f'"low": {wrong}'), encoding="utf-8")
    assert read_nights(path) == []


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_lines, "LARGEST", 4000)
    monkeypatch.setattr(record, "KEPT", 5)
    path = tmp_path / "estimates.jsonl"
    for number in range(40):
        keep(path, night_of(f"night-{number}"))
    runs = [night.run for night in read_nights(path)]
    assert path.stat().st_size < 6000 and runs[-1] == "night-39" and len(runs) >= 5
