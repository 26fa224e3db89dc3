"""A disk that fills up under a pretraining: one line that says so, and nothing half made."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sentiment import atomic, disk
from sentiment.pretraining.encoder_folder import write_weights
from sentiment.pretraining.tokens import _Rows

ROOM = 4096  # bytes of a file


@contextmanager
def little_room() -> Iterator[None]:
    """Every file that grows longer fails to be written, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def weights(folder: Path) -> None:
    write_weights(folder / "model.safetensors", {"a": np.zeros(ROOM, np.float32)})


def long_rows(folder: Path) -> None:
    _add(folder, rows=ROOM, pieces=2)


def many_short_rows(folder: Path) -> None:
    """Their ends take more room than their pieces."""
    _add(folder, rows=ROOM // 4, pieces=1)


def _add(folder: Path, rows: int, pieces: int) -> None:
    with _Rows(folder / "learnt", 8, unknown=0) as made:
        for _ in range(rows):
            made.add(np.ones(pieces, np.int32), np.ones(pieces, np.int32))


@pytest.mark.parametrize("write", [weights, long_rows, many_short_rows])
def test_a_write_that_fails_says_why_and_leaves_nothing_half_made(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    with little_room(), pytest.raises(OSError) as failed, atomic.replacing_folder(tmp_path / "out") as made:
        write(made)
    assert failed.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError) as failed, atomic.replacing_folder(tmp_path / "out") as made:
        (made / "model.safetensors").symlink_to("/dev/full")
        weights(made)
    assert f"the disk of {tmp_path / 'out'} must have room" in str(disk.refusal(failed.value))
    assert list(tmp_path.iterdir()) == []


def test_weights_are_read_back_by_the_library_and_by_everybody(tmp_path: Path) -> None:
    there = {"a": np.arange(6, dtype=np.float16).reshape(2, 3)}
    write_weights(tmp_path / "model.safetensors", there)
    np.testing.assert_array_equal(load_file(tmp_path / "model.safetensors")["a"], there["a"])
    assert (tmp_path / "model.safetensors").stat().st_mode & 0o044 == 0o044
