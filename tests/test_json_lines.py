from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import json_lines

VALUES = [{"at": "now", "note": "好\n\u2028 \x85"}, {"at": "later"}]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.dictionaries(TEXTS, TEXTS)))
def test_what_was_added_is_read_one_value_a_line(values: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deeper" / "lines.jsonl"
        for value in values:
            json_lines.append(path, value)
        assert [(line.number, line.value) for line in json_lines.read(path)] == list(enumerate(values, 1))


@given(st.integers(0, 200))
def test_a_kill_at_any_byte_costs_at_most_the_line_that_was_written(length: int) -> None:
    whole = b"".join(map(json_lines.written, VALUES))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        path.write_bytes(whole[:length])
        before = [line.value for line in json_lines.read(path)]
        json_lines.append(path, {"new": 1})
        assert [line.value for line in json_lines.read(path)] == [*before, {"new": 1}]
        assert before == VALUES[: whole[:length].count(b"\n")]


def test_a_torn_line_that_is_longer_than_a_block_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(json_lines.written(VALUES[0]) + b"x" * 3 * json_lines.BLOCK)
    json_lines.append(path, VALUES[1])
    assert [line.value for line in json_lines.read(path)] == VALUES


@pytest.mark.parametrize("text", ["{", "[]", "null", "\0\0", "[" * 100_000, '{"a": '])
def test_a_line_that_is_no_object_keeps_its_number_and_its_text(text: str) -> None:
    lines, torn = json_lines.parse(f"{json.dumps(VALUES[0])}\n\n{text}\n{json.dumps(VALUES[1])}\ntorn")
    assert [(line.number, line.value) for line in lines] == [(1, VALUES[0]), (3, None), (4, VALUES[1])]
    assert (lines[1].text, torn) == (text, "torn")


def test_without_a_file_there_are_no_lines(tmp_path: Path) -> None:
    assert json_lines.read(tmp_path / "none.jsonl") == []
