"""What the system says of a path that cannot be, and of a file that is none, in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentiment import disk
from sentiment.atomic import read_json


@pytest.mark.parametrize("name", ["正" * 90, "x" * 300, "ring/x"])
def test_a_path_that_the_system_cannot_have_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    with pytest.raises(OSError, match=r"name too long|symbolic links") as raised:
        (tmp_path / name).read_bytes()
    line = str(disk.refusal(raised.value))
    assert line.startswith("the name of a file or folder must be one that the system can have; found '")
    assert line.isprintable() and len(line) < 500


def test_a_pipe_and_a_device_have_no_size(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="it is no file, but a pipe or a device"):
            disk.size_of(path)
    (tmp_path / "file").write_bytes(b"four")
    assert disk.size_of(tmp_path / "file") == 4


def test_json_that_is_nested_without_end_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="ascii")
    assert read_json(tmp_path / "deep.json") is None
