"""A disk without a free byte (a small tmpfs, where it may be mounted): there is a way back, and no half change."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from support.small_disk import small_disk

from sentiment import atomic, disk, json_lines
from sentiment.serving import models_config, reserve
from sentiment.serving.change import Change, changing
from sentiment.serving.history import read_state
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings

SMALL = 8 << 20  # bytes of the whole file system


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", SMALL) as place:
        yield place


def with_canary(home: Path) -> Settings:
    settings = Settings(home=home, serving_urls="")
    with changing(settings, "ops") as change:
        for version in (1, 2):
            for event in ("published", "staged", "canary", "promoted"):
                change.record(event, version)
        for event in ("published", "staged", "canary"):
            change.record(event, 3)
    return settings


def fill(folder: Path, name: str = "filler") -> None:
    """Writes until no byte is free."""
    with (folder / name).open("wb", buffering=0) as handle, pytest.raises(OSError, match="No space left"):
        while True:
            handle.write(b"x" * 4096)


def test_a_withdrawal_and_a_rollback_work_without_a_free_byte(small: Path) -> None:
    settings = with_canary(small)
    fill(small, "first")
    with changing(settings, "ops", way_back=True) as change:
        assert withdraw(change, 3).changed
    fill(small, "second")  # whatever fills the disk takes what was given up
    with changing(settings, "ops", way_back=True) as change:
        change.record("rolled_back", 1)
    assert (read_state(settings).stable, read_state(settings).canary) == (1, None)
    assert 0 < reserve.path_of(settings).stat().st_size < reserve.SIZE
    (small / "first").unlink()
    with changing(settings, "ops"):
        pass
    assert reserve.path_of(settings).stat().st_size == reserve.SIZE


def use_all_names(folder: Path) -> None:
    """Makes empty files until the disk can have no more; whole blocks of bytes are free."""
    folder.mkdir()
    with pytest.raises(OSError, match="No space left"):
        for number in count():
            (folder / str(number)).touch()


def test_a_withdrawal_and_a_rollback_work_where_no_more_files_may_be(small: Path) -> None:
    settings = with_canary(small)
    subprocess.run(["mount", "-o", "remount,nr_inodes=200", str(small)], check=True)
    use_all_names(small / "first")
    before = settings.history.read_bytes()
    with pytest.raises(OSError, match="No space left") as caught, changing(settings, "ops") as change:
        change.record("promoted", 3)
    assert settings.history.read_bytes() == before
    assert " MB free, but it can have no more files). Free space" in str(disk.refusal(caught.value))
    with changing(settings, "ops", way_back=True) as change:
        assert withdraw(change, 3).changed
    use_all_names(small / "second")  # whatever takes all files takes those that were given up
    with changing(settings, "ops", way_back=True) as change:
        change.record("rolled_back", 1)
    assert (read_state(settings).stable, read_state(settings).canary) == (1, None)
    shutil.rmtree(small / "first")
    with changing(settings, "ops"):
        pass
    assert len(list(reserve.names_of(settings).iterdir())) == reserve.NAMES


def test_a_disk_that_is_read_only_meanwhile_is_one_line_and_changes_nothing(small: Path) -> None:
    settings = with_canary(small)
    before = settings.history.read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    try:
        with pytest.raises(OSError, match="Read-only") as caught, changing(settings, "ops", way_back=True) as change:
            change.record("rolled_back", 1)
        refusal = disk.refusal(caught.value)
        assert refusal is not None and "must be readable and writable; found Read-only file system" in str(refusal)
        assert read_state(settings).stable == 2
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small)], check=True)
    assert settings.history.read_bytes() == before


def test_the_reserve_is_enough_for_so_many_changes_and_then_it_is_said(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = with_canary(small)
    parts = reserve.SIZE // reserve.PART
    for number in range(parts):
        fill(small, str(number))
        with changing(settings, "ops", way_back=True) as change:
            change.record("unstaged" if change.state.staged else "staged" if number else "withdrawn", 3)
        assert f"a part of the reserve is used, {parts - 1 - number} are left" in capsys.readouterr().err
    fill(small, "last")
    with pytest.raises(OSError, match="No space left"), changing(settings, "ops", way_back=True) as change:
        change.record("rolled_back", 1)


def test_a_promotion_without_room_changes_nothing_and_names_the_file(small: Path) -> None:
    settings = with_canary(small)
    files = (settings.history, settings.history_copy, settings.models_config)
    before = [path.read_bytes() for path in files]
    fill(small)
    with pytest.raises(OSError, match="No space left") as caught, changing(settings, "ops") as change:
        change.record("promoted", 3)
    assert [path.read_bytes() for path in files] == before
    refusal = disk.refusal(caught.value)
    assert refusal is not None
    assert str(settings.models_config) in str(refusal)
    assert "(0.0 MB free). Free space there" in str(refusal)
    assert reserve.path_of(settings).exists()  # it is kept for the way back


def test_a_folder_that_is_copied_until_the_disk_is_full_is_one_line(small: Path, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    for number in range(3):
        (tmp_path / "export" / str(number)).write_bytes(bytes(SMALL // 2))
    with pytest.raises(shutil.Error) as caught:
        shutil.copytree(tmp_path / "export", small / "copy")
    refusal = disk.refusal(caught.value)
    assert refusal is not None
    assert f"the disk of {small}/copy/" in str(refusal)
    assert "must have room; found No space left on device" in str(refusal)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("failing", range(1, 8))
def test_wherever_a_flush_fails_the_event_is_recorded_and_rendered_or_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, failing: int
) -> None:
    settings, left, real = with_canary(tmp_path), failing, os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    with changing(settings, "ops") as change:
        monkeypatch.setattr(os, "fsync", fsync)
        done = _promoted(change)
        monkeypatch.undo()
        state = read_state(settings)
    assert state.stable == (3 if done else 2)  # what was reported is what holds
    assert models_config.read(settings.models_config) == models_config.rendered(state, settings)


def test_a_rename_that_fails_takes_the_event_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_canary(tmp_path)
    before = settings.history.read_bytes()

    def rename(temporary: Path, path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    with changing(settings, "ops") as change:
        monkeypatch.setattr(atomic, "_rename", rename)
        assert not _promoted(change)
        monkeypatch.undo()
        assert (settings.history.read_bytes(), change.state.stable) == (before, 2)
    assert read_state(settings).stable == 2


def _promoted(change: Change) -> bool:
    try:
        change.record("promoted", 3)
    except OSError:
        return False
    return True


def test_a_line_that_cannot_be_flushed_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.jsonl"
    json_lines.append(path, {"event": 1})
    before = path.read_bytes()

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=path.name):
        json_lines.append(path, {"event": 2})
    assert path.read_bytes() == before
    with pytest.raises(OSError, match=path.name):
        atomic.write_text(path, "other")
    assert path.read_bytes() == before
