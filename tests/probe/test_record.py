"""The record of probes: whole lines, bounded, and readable after a kill at any byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from support.results import whole

from sentiment.probe import record
from sentiment.probe.record import append, read_probes
from sentiment.results.probe import Probe
from sentiment.results.record import as_json
from sentiment.serving import typed_lines

NEW = whole(Probe, at="new")

PROBES = [whole(Probe, at="now", outcome="good", note="好\n"), whole(Probe, at="later", outcome="bad")]


def test_what_was_added_is_read(tmp_path: Path) -> None:
    path = tmp_path / "serving" / "probes.jsonl"
    assert read_probes(path) == []
    for probe in PROBES:
        append(path, probe)
    assert read_probes(path) == PROBES


@pytest.mark.parametrize("change", [{"outcome": "\ud800"}, {"servers": {"here": {"canary": 10**400}}}])
def test_a_line_with_a_value_that_nobody_can_read_is_passed_over(tmp_path: Path, change: dict[str, Any]) -> None:
    """As it was, half a character ended `status` and `watch` with a stack trace."""
    path = tmp_path / "probes.jsonl"
    append(path, PROBES[0])
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**as_json(PROBES[0]), **change}) + "\n")
    append(path, PROBES[1])
    assert read_probes(path) == PROBES


@given(some.integers(0, 200))
def test_a_kill_at_any_byte_costs_at_most_the_line_that_was_written(length: int) -> None:
    whole = "".join(json.dumps(as_json(probe)) + "\n" for probe in PROBES).encode()
    with pytest.MonkeyPatch.context(), __import__("tempfile").TemporaryDirectory() as folder:
        path = Path(folder) / "probes.jsonl"
        path.write_bytes(whole[:length])
        before = read_probes(path)
        append(path, NEW)
        assert read_probes(path) == [*before, NEW]
        assert before == PROBES[: len(before)]


@pytest.mark.parametrize("line", ["", "{", "[]", "null", "\0\0", "[" * 100_000, '{"a": ', '{"at": 5}', "{}"])
def test_a_line_that_is_no_probe_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "probes.jsonl"
    path.write_text(f"{json.dumps(as_json(PROBES[0]))}\n{line}\n{json.dumps(as_json(PROBES[1]))}\n", encoding="utf-8")
    assert read_probes(path) == PROBES


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_lines, "LARGEST", 10_000)
    monkeypatch.setattr(record, "KEPT", 20)
    path = tmp_path / "probes.jsonl"
    for number in range(1000):
        append(path, whole(Probe, canary=number))
        assert path.stat().st_size < 11_000
    numbers = [probe.canary for probe in read_probes(path)]
    assert numbers == list(range(1000 - len(numbers), 1000)) and len(numbers) >= 20
