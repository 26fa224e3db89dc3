"""What the system says of a path that cannot be, and of a file that is none, in one line."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sentiment import disk, landlock
from sentiment.atomic import read_json
from sentiment.errors import InputError
from sentiment.landlock import Rights
from sentiment.results import record
from sentiment.results.export import Export


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


def test_a_right_that_the_kernel_took_is_not_asked_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No right that one gives helps where a link leads out of what the process may use."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    denied = [PermissionError(errno.EACCES, "Permission denied", str(tmp_path / name)) for name in ("link", "file")]
    assert disk.taken_right(denied[0]) is None and "Give that user the right" in str(disk.refusal(denied[0]))
    monkeypatch.setattr(landlock, "_taken", [Rights([])])
    linked, plain = (str(disk.refusal(error)) for error in denied)
    assert linked.startswith(f"a command that computes an encoder must be allowed to use {tmp_path}/link; ")
    assert f"found the link {tmp_path}/link, to {tmp_path}/elsewhere. It may use" in linked
    assert f"{tmp_path}/file; found no right. It may use" in plain and "Give that user" not in linked + plain


def test_a_result_that_the_kernel_withholds_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said `Name a folder that "sentiment train" made.` of a folder that was one, behind a link."""

    def withhold(path: Path) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(record, "size_of", withhold)
    for taken, line in (
        ([], "must be readable; found Permission denied. Make it anew."),
        ([Rights([])], "found no right. It"),
    ):
        monkeypatch.setattr(landlock, "_taken", taken)
        with pytest.raises(InputError, match=line):
            record.read(tmp_path / "model.json", Export, "Make it anew.")
