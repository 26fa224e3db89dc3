"""A folder as the source: what is still being written, and what is no file at all, is left."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.nested import nest
from support.results import in_json

from sentiment.data import ingest as ingesting
from sentiment.data.ledger import opened
from sentiment.data.source.folder import ELSEWHERE, Folder
from sentiment.data.source.source import MOST_LEFT, LeftForNextTime
from sentiment.data.source.walk import DEEPEST, TOO_DEEP, opened_as_found
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)


ROW = "text\tlabel\n好吃\t0\n"


def write(folder: Path, name: str, content: str = ROW, seconds_ago: float = 60) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    os.utime(path, (time.time() - seconds_ago,) * 2)
    return path


def test_files_come_by_key_with_their_sizes(tmp_path: Path) -> None:
    for name in ("b.tsv", "a/z.tsv.gz", "a.json", "c.parquet", "d.jsonl", "e.CSV", "f.ndjson", "g.txt", ".h.tsv"):
        write(tmp_path, name)
    found = list(Folder(tmp_path, 0).files())
    files = [file for file in found if not file.not_read]
    assert [(file.key, file.not_read[:32]) for file in found if file.not_read] == [
        ("g.txt", "a file of the kind .txt is not r")
    ]
    assert [file.key for file in files] == [
        "a.json", "a/z.tsv.gz", "b.tsv", "c.parquet", "d.jsonl", "e.CSV", "f.ndjson",
    ]  # fmt: skip
    assert all(file.size == len(ROW.encode()) for file in files)
    with files[0].open() as content:
        assert content.read().decode() == ROW


def test_what_is_no_ordinary_file_is_left_with_its_reason(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    write(inbox, "good.tsv")
    secret = write(tmp_path, "secret.tsv")
    (inbox / "folder.tsv").mkdir()
    os.mkfifo(inbox / "pipe.tsv")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox / "socket.tsv"))
    (inbox / "device.tsv").symlink_to("/dev/zero")
    (inbox / "outside.tsv").symlink_to(secret)
    (inbox / "inside.tsv").symlink_to(inbox / "good.tsv")
    (inbox / "gone.tsv").symlink_to("nothing")
    (inbox / "loop.tsv").symlink_to("loop.tsv")
    found = {file.key: file.left for file in Folder(inbox, 0).files()}
    assert found == {
        "good.tsv": "",
        "inside.tsv": "",
        "pipe.tsv": "it is not a regular file",
        "socket.tsv": "it is not a regular file",
        "device.tsv": "it links to a file outside of the folder",
        "outside.tsv": "it links to a file outside of the folder",
        "gone.tsv": "No such file or directory",
        "loop.tsv": found["loop.tsv"],
    }
    assert found["loop.tsv"]


def test_a_link_is_no_way_into_the_folder_of_another_source(tmp_path: Path) -> None:
    for name in ("alice/f.tsv", "0m/own.tsv", "top.tsv"):
        write(tmp_path, name)
    for name, target in (
        ("0m/x.tsv", "../alice/f.tsv"),
        ("0m/deep/y.tsv", "../../alice/f.tsv"),
        ("0m/z.tsv", "x.tsv"),  # a link to a link
        ("0m/up.tsv", "../top.tsv"),
        ("0m/inside.tsv", "own.tsv"),
        ("down.tsv", "alice/f.tsv"),
        ("beside.tsv", "top.tsv"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(target)
    across = {"0m/x.tsv", "0m/deep/y.tsv", "0m/z.tsv", "0m/up.tsv", "down.tsv"}
    found = {file.key: file.left for file in Folder(tmp_path, 0, by_folder=True).files()}
    assert {key for key, left in found.items() if left} == across
    assert set(found.values()) == {"", ELSEWHERE}
    assert not any(file.left for file in Folder(tmp_path, 0).files())


def test_a_folder_that_becomes_a_link_leads_nowhere(tmp_path: Path) -> None:
    theirs, own = write(tmp_path, "alice/f.tsv"), tmp_path / "0m" / "deep" / "f.tsv"
    own.parent.mkdir(parents=True)
    os.link(theirs, own)  # the same file, as when the folder was a link for the moment in which it was looked at
    (file,) = [file for file in Folder(tmp_path, 0, by_folder=True).files() if file.key == "0m/deep/f.tsv"]
    with file.open() as content:
        assert content.read().decode() == ROW
    own.parent.rename(tmp_path / "0m" / "aside")
    own.parent.symlink_to("../alice")
    with pytest.raises(LeftForNextTime, match="replaced"), file.open():
        pass


def test_nobody_takes_another_source_s_rows_by_a_link(settings: Settings) -> None:
    by_folder = replace(settings, source_from="folder", trusted_sources=("alice",))
    inbox = Path(settings.source_folder)
    write(inbox, "alice/f.tsv", ROW)
    (inbox / "0m").mkdir()
    (inbox / "0m" / "x.tsv").symlink_to("../alice/f.tsv")
    result = ingest(by_folder.source_folder, by_folder)
    assert result["left"] == [{"key": "0m/x.tsv", "reason": ELSEWHERE}]
    with opened(settings.posts_database) as ledger:
        assert [item.post.source for item in ledger.posts()] == ["alice"]


def test_a_file_that_becomes_a_pipe_does_not_hang(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv")
    (file,) = Folder(tmp_path, 0).files()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(LeftForNextTime, match="written"), file.open():
        pass
    path.unlink()
    with pytest.raises(LeftForNextTime, match="No such file"), file.open():
        pass


def test_a_young_file_is_watched_and_an_old_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a.tsv")
    os.utime(path, (time.time() + 1_000,) * 2)  # a clock that is ahead: it is not waited for any longer
    started = time.monotonic()
    (file,) = Folder(tmp_path, 0.3).files()
    assert 0.25 < time.monotonic() - started < 2
    with file.open() as content:
        assert content.read().decode() == ROW
    time.sleep(0.2)
    os.utime(path, (1, 1))
    time.sleep(0.31)
    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", lambda seconds: seconds and pytest.fail("it waits"))
        list(Folder(tmp_path, 0.3).files())


def test_a_file_that_grows_is_left_and_the_others_are_taken(settings: Settings) -> None:
    inbox = Path(settings.source_folder)
    write(inbox, "b.tsv", ROW)
    growing = write(inbox, "a.tsv", "text\tlabel\n")
    stop = threading.Event()

    def grow() -> None:
        with growing.open("a", encoding="utf-8") as file:
            while not stop.wait(0.02):
                file.write("又好吃\t0\n")
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    object.__setattr__(settings, "settle_seconds", 0.2)
    try:
        result = ingest(str(inbox), settings)
    finally:
        stop.set()
        writer.join()
    assert [delivery["key"] for delivery in result["deliveries"]] == ["b.tsv"]
    assert result["left"] == [{"key": "a.tsv", "reason": "it is still being written"}]
    assert [delivery["key"] for delivery in ingest(str(inbox), settings)["deliveries"]] == ["a.tsv"]


def test_what_must_not_be_read_is_left() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write(folder, "a.tsv").chmod(0)
        write(folder, "b/c.tsv")
        (folder / "b").chmod(0)
        was = os.geteuid()
        if was == 0:  # root may read everything
            os.seteuid(65534)
        try:
            found = {file.key: file for file in Folder(folder, 0).files()}
            assert "Permission denied" in found["b/"].left
            with pytest.raises(LeftForNextTime, match="Permission denied"), found["a.tsv"].open():
                pass
        finally:
            os.seteuid(was)
            (folder / "b").chmod(0o700)


def test_a_link_to_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "linked").symlink_to(tmp_path / "elsewhere")
    assert [(file.key, file.left) for file in Folder(tmp_path / "inbox", 0).files()] == [
        ("linked/", "a link to a folder is not followed")
    ]


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A folder whose content is removed with `rm`: Python 3.11 cannot."""
    folder = tmp_path / "deep"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.parametrize(("name", "levels"), [("a", 1_100), ("a" * 250, 20)])
def test_folders_that_are_nested_too_deep_stop_no_other_file(
    settings: Settings, deep: Path, name: str, levels: int
) -> None:
    write(deep, "z.tsv")
    write(deep, "b/" * DEEPEST + "z.tsv", "text\tlabel\n難吃\t0\n")
    nest(deep, name, levels)
    result = ingest(str(deep), settings)
    assert [delivery["key"] for delivery in result["deliveries"]] == ["b/" * DEEPEST + "z.tsv", "z.tsv"]
    (left,) = result["left"]
    assert left["key"].startswith(name)
    assert left["reason"] in (TOO_DEEP, "the folder cannot be listed: File name too long")


def test_a_path_that_is_too_long_is_left(deep: Path) -> None:
    write(deep, "z.tsv")
    nest(deep, "a" * 194, 20)
    folder = os.open(deep.joinpath(*["a" * 194] * 20), os.O_RDONLY)  # a path may have 4,096 bytes
    name = "b" * 250 + ".tsv"
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.symlink("b", "c" * 250, dir_fd=folder)
    os.mkdir("d" * 250, dir_fd=folder)
    os.close(folder)
    found = {file.key[-255:]: (file.left, file.not_read) for file in Folder(deep, 0).files()}
    assert found.pop("z.tsv") == ("", "")
    assert {left.rpartition(": ")[2] for left, not_read in found.values() if not not_read} == {"File name too long"}
    assert {key[-10:] for key in found} == {"bbbbbb.tsv", "c" * 10, "ddddddddd/"}


def test_a_folder_that_can_only_be_listed_is_named_and_the_others_are_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write(folder, "z.tsv")
        write(folder, "a/b/c.tsv")
        write(folder, "a/d.tsv")
        (folder / "a").chmod(0o744 if os.geteuid() == 0 else 0o400)
        was = os.geteuid()
        if was == 0:  # root may go into everything
            os.seteuid(65534)
        try:
            found = {file.key: file.left for file in Folder(folder, 0).files()}
        finally:
            os.seteuid(was)
            (folder / "a").chmod(0o700)
        denied = "Permission denied"
        assert found == {"a/b/": f"the folder cannot be listed: {denied}", "a/d.tsv": denied, "z.tsv": ""}


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)
        try:
            (root,) = Folder(Path(name), 0).files()
        finally:
            os.seteuid(was)
            Path(name).chmod(0o700)
        assert root.left == "the folder cannot be listed: Permission denied"


def test_only_so_many_that_are_left_are_named(tmp_path: Path) -> None:
    write(tmp_path, "z.tsv")
    for number in range(MOST_LEFT + 1_200):
        (tmp_path / f"{number:04}.tsv").symlink_to("nothing")
    found = list(Folder(tmp_path, 0).files())
    assert [(file.key, file.left) for file in found if not file.left.startswith("No such file")] == [
        ("./", "1,200 more files or folders below it cannot be read"),
        ("z.tsv", ""),
    ]
    assert [file.key for file in found][1:4] == ["0000.tsv", "0001.tsv", "0002.tsv"]
    assert len(found) == MOST_LEFT + 2


def test_what_was_swapped_since_it_was_found_is_not_opened(tmp_path: Path) -> None:
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    write(outside, "a/b.tsv")
    path = write(inbox, "a/b.tsv")
    with opened_as_found(path) as file:
        assert file.read().decode() == ROW
    path.unlink()
    path.symlink_to(outside / "a" / "b.tsv")
    with pytest.raises(OSError, match="symbolic links"):
        opened_as_found(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="replaced"):
        opened_as_found(path)
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(outside / "a")
    with pytest.raises(OSError, match="replaced"):
        opened_as_found(path)
