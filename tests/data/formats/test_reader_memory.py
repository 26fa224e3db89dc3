"""What the reader of a Parquet file or workbook may hold follows the file's size, whatever the file states."""

from __future__ import annotations

import io
import re
import signal
import sys
import tempfile
import zipfile

import pytest
from support.hostile_deliveries import workbook
from support.lying_parquet import lying

from sentiment.data.formats import child as children
from sentiment.data.formats.allowance import MEMORY, Allowance
from sentiment.data.formats.child import MOST_MEMORY, Child, ReaderFailed, most_memory
from sentiment.data.formats.recognise import read_file
from sentiment.data.formats.record import UnreadableFile
from sentiment.labels import Labels

POSTS = workbook(["text", "label"], ["好吃", 0])
SHEET = "xl/worksheets/sheet1.xml"


def grown(around: bytes, element: bytes) -> bytes:
    """Returns 20 KB: a workbook whose sheet ends with 15 MB of one short element."""
    out, end = io.BytesIO(), b"</sheetData>"
    with zipfile.ZipFile(io.BytesIO(POSTS)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == SHEET:
                content = content.replace(end, around.replace(b"%s", element * (15_000_000 // len(element))) + end)
            target.writestr(info.filename, content)
    assert len(out.getvalue()) < 25_000
    return out.getvalue()


def last_error(content: bytes, name: str) -> str:
    with tempfile.TemporaryFile() as file:  # its reader is a process of its own
        file.write(content)
        try:
            return [record.error for record in read_file(file, name, Labels()).records][-1]
        except UnreadableFile as error:
            return str(error)


@pytest.mark.parametrize(
    ("size", "megabytes"), [(0, 384), (30_000, 384), (200_000, 561), (500_000, 1_018), (5_000_000, 2_048)]
)
def test_the_memory_of_a_reader_follows_the_size_of_its_file(size: int, megabytes: int) -> None:
    assert most_memory(size) >> 20 == megabytes
    assert MEMORY < most_memory(size) <= MOST_MEMORY


def test_a_page_that_is_larger_than_the_footer_says_finds_no_memory() -> None:
    content = lying(2_000_000_000, label=["positive"])
    assert last_error(content, "a.parquet") == "the Parquet file needs too much memory to read"


@pytest.mark.parametrize(
    ("around", "element"),
    [(b"<row>%s</row>", b"<c/>"), (b'<row><c t="inlineStr"><is>%s</is></c></row>', b"<r/>")],
)
def test_a_workbook_that_grows_when_it_is_read_finds_no_memory(around: bytes, element: bytes) -> None:
    reason = last_error(grown(around, element), "a.xlsx")
    assert reason == "the Excel file needs too much memory to read"


def said(monkeypatch: pytest.MonkeyPatch, script: str) -> str:
    """Returns the reason with which a child ends that runs `script` in the reader's place."""
    command = [sys.executable, "-c", "import os; say = lambda some: os.write(2, some);" + script]
    monkeypatch.setattr(children, "python_module", lambda *_: command)
    child = Child("any", "Parquet")
    with tempfile.TemporaryFile() as file:
        assert list(child.lines(file, Allowance(400))) == []
    return child.reason


@pytest.mark.parametrize(
    "script",
    [
        "say(b\"terminate called after throwing an instance of 'std::bad_alloc'\\n\"); os.abort()",
        "raise MemoryError",
    ],
)
def test_a_reader_that_is_ended_where_memory_is_missing_says_so_of_its_file(
    monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    assert said(monkeypatch, script) == "the Parquet file needs too much memory to read"


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("say(b'a check of its own'); os.abort()", "killed by SIGABRT"),
        ("os.abort()", "killed by SIGABRT"),
        ("say(b'MemoryError'); os.kill(os.getpid(), 9)", f"killed by {signal.SIGKILL.name}"),
        ("raise ImportError", "exit code 1"),
    ],
)
def test_a_reader_that_ends_otherwise_says_nothing_of_its_file(
    monkeypatch: pytest.MonkeyPatch, script: str, how: str
) -> None:
    with pytest.raises(ReaderFailed, match=re.escape(how)):
        said(monkeypatch, script)


def test_a_reader_that_complains_without_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import contextlib\nwith contextlib.suppress(BlockingIOError):\n  while True: say(b'x' * 5_000)"
    assert said(monkeypatch, f"\n{script}") == ""
