"""An archive's list of members is read once, and only when it is of a size that its members need."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from sentiment.data.formats import archive


def packed(names: int, entry: bytes = b"") -> io.BytesIO:
    """Returns an archive of so many files, each as large as its number has digits; `entry` is added to each entry."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for number in range(names):
            info = zipfile.ZipInfo(f"{number}.tsv")
            info.comment = entry
            made.writestr(info, str(number))
    return content


def test_all_members_are_unpacked_with_one_look_at_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[None] = []

    class Counted(zipfile.ZipFile):
        def __init__(self, file: BinaryIO) -> None:
            looks.append(None)
            super().__init__(file)

    content = packed(50)
    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    found, fault = archive.members(content)
    assert (len(found), fault) == (50, "")
    for member in (*found, *reversed(found)):
        with archive.unpacked(member, tmp_path) as opened:
            assert opened.read() == member.name.removesuffix(".tsv").encode()
    assert len(looks) == 1


def test_a_list_of_members_that_is_too_large_is_not_read() -> None:
    content = packed(80, entry=b"x" * 60_000)
    assert len(content.getbuffer()) > archive.LARGEST_DIRECTORY
    tracemalloc.start()
    try:
        assert archive.members(content) == ([], "the archive's list of files takes more than 4 MiB")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
