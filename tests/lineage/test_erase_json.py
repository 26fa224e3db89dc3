"""Texts go from JSON however large it is, and no file that strangers made takes more memory than a part of it."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from sentiment.lineage import erase as erase_module
from sentiment.lineage import erase_json
from sentiment.lineage.erase import erase
from sentiment.lineage.texts import Texts

SECRET = "請把我這篇文章刪掉,我的電話是零九一二三四五六"
TASKS = [
    {"id": 1, "data": {"text": "留下來的"}},
    {"id": 2, "data": {"text": SECRET}},
    {"id": 3, "about": [SECRET, "好"]},
]
LEFT = [{"id": 1, "data": {"text": "留下來的"}}, {"id": 3, "about": ["好"]}]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase_json, "MOST_VALUES", 50)
    monkeypatch.setattr(erase_json, "LARGEST_VALUE", 100_000)


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("many", [0, 100])
def test_a_list_of_any_length_loses_the_texts_only(tmp_path: Path, small: None, many: int, bom: str) -> None:
    path, others = tmp_path / "a.json", [{"id": number} for number in range(many)]
    path.write_text(bom + json.dumps([*TASKS, *others], ensure_ascii=False), "utf-8")
    before = path.read_bytes()
    counted = erase(path, Texts([SECRET]), write=False)
    assert counted and counted.number == 2 and path.read_bytes() == before
    assert erase(path, Texts([SECRET]), write=True) == counted
    assert json.loads(path.read_bytes()) == [*LEFT, *others]
    assert erase(path, Texts([SECRET]), write=True) is None


def test_a_long_list_of_nothing_else_becomes_an_empty_one(tmp_path: Path, small: None) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"text": SECRET}] * 60), "utf-8")
    found = erase(path, Texts([SECRET]), write=True)
    assert found and found.number == 60 and json.loads(path.read_bytes()) == []


def test_lines_lose_the_texts_only(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\ufeff" + "\n\n".join(json.dumps(task) for task in TASKS), "utf-8")
    found = erase(path, Texts([SECRET]), write=True)
    assert found and found.number == 2
    assert [json.loads(line) for line in path.read_bytes().splitlines()] == LEFT


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps({"all": [[]] * 60, "text": SECRET})),
        ("a.json", json.dumps([[0] * 60, SECRET])),
        ("a.jsonl", json.dumps([0] * 60) + "\n" + json.dumps({"text": SECRET}) + "\n"),
    ],
)
def test_a_value_that_is_too_large_is_an_error_and_stays(tmp_path: Path, small: None, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(OSError, match="too large to be read as a whole"):
        erase(path, Texts([SECRET]), write=True)
    assert path.read_text("utf-8") == content


def test_a_line_of_a_text_file_that_is_too_long_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase_module, "LONGEST_LINE", 1_000)
    (tmp_path / "a.txt").write_text("x" * 1_001, "utf-8")
    with pytest.raises(OSError, match="line 1 has more than"):
        erase(tmp_path / "a.txt", Texts([SECRET]), write=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b"{}\n" * 20_000),
        ("a.json", b"[" + b"{}," * 30_000 + b"{}]"),
        ("a.txt", b"\n" * 60_000),
    ],
)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, small: None, name: str, content: Any) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    tracemalloc.start()
    try:
        assert erase(path, Texts([SECRET]), write=False) is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


HALVES = [
    {"text": "\ud800別的", "label": 1},
    {"text": "別的", "\udfff": ["\udc80", "好\udcff吃"], "note": "😀 \ude00\ud83d \\ud800"},
]


@pytest.mark.parametrize("many", [0, 100])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_half_a_character_elsewhere_keeps_no_text_and_stays_what_it_is(
    tmp_path: Path, small: None, name: str, many: int
) -> None:
    path, left = tmp_path / name, [*HALVES, *({"id": number} for number in range(many))]
    rows = [{"text": SECRET, "label": 0}, *left]
    path.write_text(json.dumps(rows) if name == "a.json" else "\n".join(map(json.dumps, rows)), "utf-8")
    found = erase(path, Texts([SECRET]), write=True)
    assert found and found.number == 1
    content = path.read_bytes().decode()  # what no UTF-8 can say is an escape
    assert (json.loads(content) if name == "a.json" else list(map(json.loads, content.splitlines()))) == left


def test_half_a_character_in_the_row_of_the_text_keeps_it_neither(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"text": SECRET, "note": "\udc80", "more": {"text": f"\udfff{SECRET}"}}), "utf-8")
    found = erase(path, Texts([SECRET]), write=True)
    assert found and found.number == 2
    assert json.loads(path.read_bytes()) == {"text": "", "note": "\udc80", "more": {"text": ""}}


def test_bytes_that_are_no_utf_8_stay_beside_half_a_character(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    broken = b'{"note": "\xff\x80 \\ud800"}\n'
    path.write_bytes(json.dumps({"text": SECRET}).encode() + b"\n" + broken + b'{"note": "\\udcff"}\n')
    assert erase(path, Texts([SECRET]), write=True)
    assert path.read_bytes() == broken + b'{"note": "\\udcff"}\n'
