"""A folder that is replaced whole, and a JSON file that may be anything."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment import atomic
from sentiment.beside import beside
from sentiment.errors import InputError


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


def prepared(path: Path, text: str) -> None:
    with atomic.prepared(path, text) as put_in_place:
        put_in_place()


def rewritten(path: Path, text: str) -> None:
    with atomic.rewriting(path) as file:
        file.write(text.encode())


WRITERS = pytest.mark.parametrize("write", [atomic.write_text, prepared, rewritten])


@WRITERS
def test_a_link_at_a_guessed_name_is_not_followed(tmp_path: Path, write: Callable[[Path, str], None]) -> None:
    victim, path = tmp_path / "victim", tmp_path / "inbox" / "1.tsv"
    victim.write_text("mine", encoding="utf-8")
    path.parent.mkdir()
    path.with_name(f".1.tsv.{os.getpid()}.tmp").symlink_to(victim)
    write(path, "new")
    assert (victim.read_text(encoding="utf-8"), path.read_text(encoding="utf-8")) == ("mine", "new")
    assert not path.is_symlink()


@WRITERS
def test_a_link_at_the_very_name_is_an_error_and_not_followed(
    tmp_path: Path, write: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0" * 2 * size)
    path = tmp_path / "1.tsv"
    beside(path).symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write(path, "new")
    assert not path.exists() and not (tmp_path / "victim").exists()


@WRITERS
def test_a_target_that_is_a_link_is_replaced_and_not_followed(
    tmp_path: Path, write: Callable[[Path, str], None]
) -> None:
    victim, path = tmp_path / "victim", tmp_path / "1.tsv"
    victim.write_text("mine", encoding="utf-8")
    path.symlink_to(victim)
    write(path, "new")
    assert (victim.read_text(encoding="utf-8"), path.read_text(encoding="utf-8")) == ("mine", "new")


@WRITERS
def test_a_file_has_the_mode_of_the_umask_and_a_name_of_any_length(
    tmp_path: Path, write: Callable[[Path, str], None]
) -> None:
    path = tmp_path / ("字" * 85)  # 255 bytes, the longest name there is
    before = os.umask(0o027)
    try:
        write(path, "new")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_swapped_while_a_file_is_rewritten_is_not_written_to(tmp_path: Path) -> None:
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    for folder in (inbox, outside):
        folder.mkdir()
        (folder / "1.tsv").write_text("mine", encoding="utf-8")
    with atomic.rewriting(inbox / "1.tsv") as file:
        (temporary,) = inbox.glob(".*")
        temporary.unlink()
        temporary.symlink_to(outside / "1.tsv")
        file.write(b"new")
    with atomic.rewriting(inbox / "1.tsv") as file:
        inbox.rename(tmp_path / "away")
        inbox.symlink_to(outside)
        file.write(b"new")
    assert (tmp_path / "away" / "1.tsv").read_bytes() == b"new"
    with pytest.raises(OSError, match="Not a directory"), atomic.rewriting(inbox / "1.tsv"):
        pass
    (outside / "sub").mkdir()
    with pytest.raises(OSError, match="link"), atomic.rewriting(inbox / "sub" / "1.tsv"):
        pass
    assert {path.name for path in outside.rglob("*")} == {"1.tsv", "sub"}
    assert (outside / "1.tsv").read_bytes() == b"mine"


def test_leftovers_of_folders_are_removed_by_their_old_and_new_names_and_no_link_is_followed(tmp_path: Path) -> None:
    dead, kept = 2**22 + 1, tmp_path / "kept"
    (kept / "inside").mkdir(parents=True)
    for rest in (f"{dead}.tmp", f"{'0' * 16}.{dead}.tmp", f"{'0' * 16}.{dead}.old", f"other.{dead}.tmp"):
        (tmp_path / f".model.{rest}").mkdir()
    (tmp_path / f".model.{'1' * 16}.{dead}.tmp").symlink_to(kept)
    with atomic.replacing_folder(tmp_path / "model"):
        pass
    assert {path.name for path in tmp_path.iterdir() if not path.is_symlink()} == {
        "kept",
        "model",
        f".model.other.{dead}.tmp",
    }
    assert (kept / "inside").exists()


def test_half_a_character_stops_no_result(tmp_path: Path) -> None:
    atomic.write_json(tmp_path / "a.json", {"key": "x.\udcff", "text": "好😀"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "key": "x.?",\n  "text": "好😀"\n}\n'


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/null")], ids=["pipe", "device"])
def test_a_device_or_a_pipe_is_never_replaced(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """As it was, a command of root's with `--output /dev/null` put a file in its place."""
    make(tmp_path / "out")
    before = (tmp_path / "out").lstat().st_ino
    for write in (atomic.write_text, lambda path, _: atomic.replacing_folder(path).__enter__()):
        with pytest.raises(InputError, match="must be an ordinary file or folder; found a device, a pipe or a socket"):
            write(tmp_path / "out", "text")
    assert (tmp_path / "out").lstat().st_ino == before and len(list(tmp_path.iterdir())) == 1
