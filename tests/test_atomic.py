"""A folder that is replaced whole, and a JSON file that may be anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentiment import atomic


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").write_text("old", encoding="utf-8")
    with atomic.replacing_folder(tmp_path / "model") as made:
        (made / "sub").mkdir()
        (made / "sub" / "new").write_text("new", encoding="utf-8")
        assert (tmp_path / "model" / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "sub" / "new").read_text(encoding="utf-8") == "new"
    assert not (tmp_path / "model" / "old").exists()


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(RuntimeError), atomic.replacing_folder(tmp_path / "model") as made:
        (made / "half").write_text("half", encoding="utf-8")
        raise RuntimeError
    assert [path.name for path in tmp_path.rglob("*")] == ["model"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    dead = 2**22 + 1  # above the largest process number that Linux gives
    for name in (f".model.{dead}.tmp", f".model.{dead}.old", f".model.{os.getppid()}.tmp", ".model.notes", ".models"):
        (tmp_path / name).mkdir()
    with atomic.replacing_folder(tmp_path / "model"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {
        f".model.{os.getppid()}.tmp",
        ".model.notes",
        ".models",
        "model",
    }


@pytest.mark.parametrize("content", [None, b"[1]", b"{", b"\xff"])
def test_what_is_no_json_object_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "kept.json"
    if content is not None:
        path.write_bytes(content)
    assert atomic.read_json(path) is None
    atomic.write_json(path, {"rows": 3})
    assert atomic.read_json(path) == {"rows": 3}
