"""Files that would fill the disk or break their reader: each ends alone, and the good file beside it is taken."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.hostile_deliveries import GOOD, kept, repeated, taken, workbook, zipped

from sentiment import disk
from sentiment.data import quarantine
from sentiment.data.formats import allowance, survey
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.child import Child
from sentiment.data.quarantine import OF_A_FILE, TIMES, rows_of
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]


def test_a_tiny_parquet_file_of_millions_of_rows_is_not_begun(settings: Settings, deliver: Deliver) -> None:
    bomb = repeated(1_000_000, text="好吃", label="無此標籤")
    assert len(bomb) < 2_500
    deliver("a.parquet", bomb)
    deliver("b.tsv", GOOD)
    _, deliveries = taken(settings)
    assert deliveries["a.parquet"]["reasons"] == {"the Parquet file unpacks to more than is read": 1}
    assert deliveries["b.tsv"]["accepted"] == 1
    assert kept(settings) < 1_000


@pytest.mark.parametrize("packed", [False, True])
def test_rows_beyond_what_a_packed_file_may_hold_are_not_read(
    settings: Settings, deliver: Deliver, packed: bool
) -> None:
    rows = "text\tlabel\n" + "好\t9\n" * 100_000
    if packed:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
            members.writestr("a.tsv", rows)
        deliver("a.zip", archive.getvalue())
    else:
        deliver("a.tsv.gz", gzip.compress(rows.encode()))
    deliver("b.tsv", GOOD + "好\t1\n" * 20_000)
    _, deliveries = taken(settings)
    bad = deliveries["a.zip/a.tsv" if packed else "a.tsv.gz"]
    assert bad["reasons"] == {"unknown label": 10_000, "more rows than a file of this size may hold": 1}
    assert deliveries["b.tsv"]["accepted"] + deliveries["b.tsv"]["duplicate"] == 20_001


def test_a_parquet_file_with_one_long_text_in_every_row_is_broken_off(settings: Settings, deliver: Deliver) -> None:
    deliver("a.parquet", repeated(9_000, text="好" * 2_000, label=0))
    deliver("b.tsv", GOOD)
    _, deliveries = taken(settings)
    assert deliveries["a.parquet"]["reasons"] == {"the Parquet file unpacks to more than is read": 1}
    rows = sum(deliveries["a.parquet"][name] for name in ("accepted", "duplicate"))
    assert 0 < rows < 9_000
    assert deliveries["b.tsv"]["accepted"] == 1


MARKS = "\u0301" * 9_999 + "\u0323" * 9_999
SLOW = "\u0301" * 60_000 + "\u0323" * 60_000


def test_heaps_of_marks_are_refused_at_no_cost(settings: Settings, deliver: Deliver) -> None:
    hidden = "".join(f"{mark}\u200b" for mark in MARKS[::2])  # the characters between them are taken out
    rows = [f"a{MARKS}\t0\n", f"好吃\t{SLOW}\n", f"{hidden}\t1\n"] * 5
    deliver("a.tsv.gz", gzip.compress(("text\tlabel\ttitle\n" + "".join(rows)).encode()))
    deliver("b.tsv", GOOD)
    before = time.process_time()
    _, deliveries = taken(settings)
    assert time.process_time() - before < 2  # sorted one by one, the marks take minutes
    bad = deliveries["a.tsv.gz"]
    assert bad["reasons"]["more than 1,000 combining characters in a row in text"] == 5
    assert bad["quarantined"] == 10
    assert deliveries["b.tsv"]["accepted"] == 1


def padded(content: bytes) -> bytes:
    """Returns a Parquet file with zeros before what it is read from."""
    end = int.from_bytes(content[-8:-4], "little") + 8
    return content[:-end] + bytes(2 << 20) + content[-end:]


@pytest.mark.parametrize("form", ["a.parquet.gz", "a.zip"])
def test_the_limits_of_a_packed_parquet_file_follow_what_was_delivered(
    settings: Settings, deliver: Deliver, form: str
) -> None:
    content = padded(repeated(20_000, text="好", label=0))
    packed = gzip.compress(content) if form.endswith(".gz") else zipped("a.parquet", content)
    assert len(packed) < 5_000
    deliver(form, packed)
    (delivery,) = taken(settings)[1].values()
    assert delivery["reasons"] == {"the Parquet file unpacks to more than is read": 1}
    assert delivery["accepted"] == 0


def test_a_packed_parquet_file_does_not_fill_the_disk(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free", lambda _: 2_000_000)
    deliver("a.parquet.gz", gzip.compress(padded(repeated(10, text="好", label=0))))
    deliver("b.tsv", GOOD)
    result, deliveries = taken(settings)
    assert set(deliveries) == {"b.tsv"}
    [left] = result["left"]
    assert left["key"] == "a.parquet.gz" and "and the disk has 1.0 MB for one: make room" in left["reason"]


PART = (
    b'<Override PartName="/xl/sharedStrings.xml"'
    b' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
SHARED = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{}</t></si></sst>'


@pytest.mark.parametrize("in_zip", [False, True])
def test_a_workbook_that_shows_one_long_text_everywhere_is_broken_off(
    settings: Settings, deliver: Deliver, in_zip: bool
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["text", "label"])
    plain, packed = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                row = b'<row><c t="s"><v>0</v></c><c><v>9</v></c></row>'
                content = content.replace(b"</sheetData>", row * 1_000 + b"</sheetData>")
            target.writestr(info, content.replace(b"</Types>", PART + b"</Types>"))
        target.writestr("xl/sharedStrings.xml", SHARED.format("好" * 30_000))
        if in_zip:
            target.writestr("padding", bytes(2 << 20), zipfile.ZIP_STORED)
    content = zipped("a.xlsx", packed.getvalue()) if in_zip else packed.getvalue()
    assert len(content) < 10_000
    deliver("a.zip" if in_zip else "a.xlsx", content)
    deliver("b.tsv", GOOD)
    _, deliveries = taken(settings)
    bad = deliveries["a.zip/a.xlsx" if in_zip else "a.xlsx"]
    assert bad["reasons"]["the Excel file unpacks to more than is read"] == 1
    assert bad["quarantined"] < 200
    assert deliveries["b.tsv"]["accepted"] == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_packed_by_what_unpacks_without_bound_is_none(
    settings: Settings, deliver: Deliver, method: int
) -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(["text", "label"], ["好吃", 0]))) as source,
        zipfile.ZipFile(packed, "w", method) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    deliver("a.xlsx", packed.getvalue())
    assert taken(settings)[1]["a.xlsx"]["reasons"] == {"the file is not a complete Excel file": 1}


def test_the_bad_rows_of_a_file_are_kept_as_far_as_its_size_allows(settings: Settings, deliver: Deliver) -> None:
    deliver("a.parquet", repeated(6_000, text="好吃的一家店" * 20, label="無此標籤"))
    deliver("b.tsv", GOOD + "沒有標籤\t9\n")
    _, deliveries = taken(settings)
    bad = deliveries["a.parquet"]
    kept_rows = list(rows_of(Path(bad["quarantine_file"])))
    assert bad["reasons"] == {"unknown label": 6_000}
    assert bad["not_copied"] == 6_000 - (len(kept_rows) - 1) > 0
    assert kept_rows[-1]["reason"].startswith(f"{bad['not_copied']:,} rows from here on were refused too")
    assert kept_rows[-1]["line"] == str(len(kept_rows))
    assert kept(settings) < OF_A_FILE + 20_000
    assert (deliveries["b.tsv"]["accepted"], deliveries["b.tsv"]["not_copied"]) == (1, 0)
    deliver("c.tsv", Path(bad["quarantine_file"]).read_bytes())
    assert taken(settings)[1]["c.tsv"]["accepted"] == 0


def test_many_small_files_share_what_is_kept(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "OF_A_FILE", 10_000)
    monkeypatch.setattr(quarantine, "OF_ALL", 15_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.tsv", f"text\tlabel\n{'好吃的一家店' * 10}{number}\t9\n" * 1_000)
        archive.writestr("good.tsv", GOOD)
    deliver("a.zip", packed.getvalue())
    result, deliveries = taken(settings)
    assert len(packed.getvalue()) < 20_000
    assert result["quarantined"] == 10 * 2_000 - 10
    assert deliveries["a.zip/good.tsv"]["accepted"] == 1
    assert 15_000 < kept(settings) < 15_000 + TIMES * 20_000 + 10 * 300


@pytest.mark.parametrize(
    ("per_row", "length", "reason"),
    [
        (990, 0, "more than 1,000 different fields may be the label, or their names are too long"),
        (1, 60_000, "more than 1,000 different fields may be the label, or their names are too long"),
        (20, 0, "more than 10,000,000 answers"),
    ],
)
def test_fields_without_end_are_not_kept(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, per_row: int, length: int, reason: str
) -> None:
    if "answers" in reason:
        monkeypatch.setattr(survey, "MOST_VOTES", 50)
    rows = [
        {
            "text": f"好{row}",
            "annotation_id": 1,
            "id": 1,
            **{f"{row}-{number}{'n' * length}": 0 for number in range(per_row)},
        }
        for row in range(3)
    ]
    deliver("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    deliver("b.tsv", GOOD)
    _, deliveries = taken(settings)
    bad = deliveries["a.jsonl"]
    assert (list(bad["reasons"]), bad["quarantined"], bad["accepted"]) == ([reason], 1, 0)
    assert deliveries["b.tsv"]["accepted"] == 1


def test_members_that_lie_about_their_packed_size_are_not_unpacked(settings: Settings, deliver: Deliver) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.tsv", GOOD + "很好吃\t9\n" * 3_000_000)
    content = bytearray(packed.getvalue())
    at = content.index(b"PK\x01\x02") + 20
    content[at : at + 4] = (1 << 30).to_bytes(4, "little")
    deliver("a.zip", bytes(content))
    deliver("b.tsv", GOOD)
    _, deliveries = taken(settings)
    assert deliveries["a.zip"]["reasons"] == {"the file is not a complete ZIP archive": 1}
    assert deliveries["b.tsv"]["accepted"] == 1


WRITER = (
    "import sys\nfor _ in range(64):\n    sys.stdout.buffer.write({!r} * (1 << 20))\nopen(__file__ + '.end', 'w')\n"
)


@pytest.mark.parametrize("piece", [b"x", b"{}\n"])
def test_the_lines_of_a_child_end_at_what_the_file_may_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    (tmp_path / "endless.py").write_text(WRITER.format(piece))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(allowance, "most_unpacked", lambda size: 3_000)
    endless = Child("endless", "Parquet")
    with (tmp_path / "endless.py").open("rb") as file:
        lines = list(endless.lines(file, Allowance(10)))
    assert sum(len(line.line) for line in lines) <= 3_000
    assert not list(tmp_path.glob("*.end"))  # it was ended, and not read to its end
    assert endless.reason == "the Parquet file unpacks to more than is read"
