"""A bad canary goes though the disk has no free byte (a small tmpfs, where it may be mounted)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.small_disk import small_disk
from support.toy_stand import POSTS, Stand

from sentiment import atomic
from sentiment.data.ledger import opened
from sentiment.data.tsv import write_posts
from sentiment.probe import probe as probe_module
from sentiment.probe.asking import ask_in_pairs
from sentiment.probe.occurrence import note_file, noted
from sentiment.probe.questions import choose_questions
from sentiment.probe.record import probes_file, read_probes
from sentiment.probe.watch import watch
from sentiment.results.served import Finding
from sentiment.serving.history import read_state

BLOCK = 4096  # bytes


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The home of `stand`, on a small disk, with a ledger."""
    with small_disk(tmp_path / "small", 16 << 20) as folder:
        write_posts(folder / "datasets" / "old_sentiment" / "latest_test.tsv", POSTS)
        with opened(folder / "datasets" / "ledger.sqlite"):
            pass
        yield folder


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as handle, pytest.raises(OSError, match="No space left"):
        while True:
            handle.write(b"x" * BLOCK)


def fill_last_block(path: Path) -> None:
    """Leaves no room in the file's last block: the next line needs another."""
    size = path.stat().st_size if path.exists() else 0
    with path.open("ab") as handle:
        handle.write(b"x" * (BLOCK - 1 - size % BLOCK) + b"\n")


@pytest.mark.parametrize("kept", [0, 1])
def test_a_bad_canary_is_withdrawn_without_a_free_byte(stand: Stand, kept: int) -> None:
    stand.canary(2, "wrong")
    for _ in range(kept):
        assert not watch(stand.settings).withdrawn
    fill_last_block(probes_file(stand.settings))
    fill(stand.home)
    found = watch(stand.settings)
    assert found.withdrawn and found.version == 2
    assert isinstance(found.bad_probes, list) and len(found.bad_probes) == 3
    assert (read_state(stand.settings).stable, read_state(stand.settings).canary) == (1, None)
    assert len(read_probes(probes_file(stand.settings))) == kept
    assert watch(stand.settings).sentence == "There is no canary."


def test_a_good_canary_is_asked_once_and_stays(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    stand.canary(2, "good")
    fill(stand.home)
    asked: list[str] = []

    def ask(address: str, *rest: Any) -> Any:
        asked.append(address)
        return ask_in_pairs(address, *rest)

    monkeypatch.setattr(probe_module, "ask_in_pairs", ask)
    found = watch(stand.settings)
    assert (found.healthy, found.canary, len(asked)) == (True, 2, 1)


def test_a_disk_that_fails_is_no_full_one(dry: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: Path, probe: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(probe_module, "append", fails)
    unrecorded: list[object] = []
    with pytest.raises(OSError, match="Input/output error"):
        probe_module._keep(dry.settings, None, unrecorded)  # type: ignore[arg-type]
    assert unrecorded == []


def test_the_posts_of_the_base_are_asked_where_the_ledger_cannot_be_read(dry: Stand) -> None:
    fill(dry.home)
    found = choose_questions(dry.settings)
    assert (found.source, len(found.posts)) == ("rolling", 24)
    assert found.note.startswith("the disk is full, so the ledger cannot be read")


def test_a_note_that_cannot_be_written_keeps_nobody_from_going_on(dry: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(atomic, "write_json", full)
    finding = Finding(server="http://a", label="stable", kind="another model", sentence="another model answers")
    assert noted(dry.settings, [finding]) is not None
    assert not note_file(dry.settings).exists()
