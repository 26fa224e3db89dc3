"""Excel's workbooks: the first sheet with a text and a label, its values as they are shown."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from typing import Any

import openpyxl
import pytest

from sentiment.data.delivery import judge
from sentiment.data.formats import workbook_rows
from sentiment.data.formats.child import most_seconds
from sentiment.data.formats.recognise import read_file
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.data.tsv import Post
from sentiment.labels import Labels

LABELS = Labels()


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def records_of(content: bytes) -> list[Record]:
    with tempfile.TemporaryFile() as file:  # its reader is a process of its own
        file.write(content)
        return list(read_file(file, "a.xlsx", LABELS).records)


def read(content: bytes) -> list[Any]:
    judged = [judge(record, LABELS) for record in records_of(content)]
    return [(post.text, post.label, post.title) if isinstance(post, Post) else post for post in judged]


def test_the_only_sheet_with_a_header_is_read() -> None:
    rows: list[list[Any]] = [
        ["九月的標註"],
        [],
        ["Text", "Label", "title", None],
        ["好吃\n第二行", 0, "店"],
        [],
        ["難吃", 1.0],
        ["還好", "中立", 3],
    ]
    content = workbook(說明=[["給標註員"]], 資料=rows, 其他=[["text", "score"], ["不讀", 0]])
    assert read(content) == [("好吃 第二行", 0, "店"), ("難吃", 1, ""), ("還好", 2, "3")]
    assert [record.number for record in records_of(content)] == [4, 6, 7]


def test_two_sheets_with_posts_are_refused_and_a_hidden_one_is_not_delivered() -> None:
    sheets: dict[str, list[list[Any]]] = {
        "甲": [["text", "label"], ["好吃", 0]],
        "乙": [["text", "label"], ["難吃", 1]],
    }
    with pytest.raises(UnreadableFile, match="more than one sheet has a text and a label"):
        records_of(workbook(**sheets))
    book = openpyxl.load_workbook(io.BytesIO(workbook(**sheets)))
    book["甲"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue()) == [("難吃", 1, "")]


def test_an_error_of_excel_is_no_text_and_a_carriage_return_is_one() -> None:
    rows: list[list[Any]] = [["text", "label"], ["#NAME?", 0], ["第一行_x000D_\n第二行", 1]]
    assert read(workbook(a=rows)) == ["empty text", ("第一行  第二行", 1, "")]


def test_tools_and_bad_rows_are_as_in_any_table() -> None:
    header: list[Any] = ["text", "id", "sentiment", "annotator", "annotation_id", "lead_time"]
    answers: list[list[Any]] = [
        ["甲", 1, "正面", 1, 1, 2.5],
        ["甲", 1, "負面", 2, 2, 2.5],
        ["乙", 2, "負面", 2, 3, 1.5],
    ]
    assert read(workbook(a=[header, *answers])) == ["annotators disagree"] * 2 + [("乙", 1, "")]
    rows: list[list[Any]] = [["text", "label"], ["沒標", None], ["多", 0, "x"], [5, 0], ["=1+1", 0]]
    found = read(workbook(a=rows))
    assert found == [
        "wrong number of columns: 1 instead of 2",
        "wrong number of columns: 3 instead of 2",
        ("5", 0, ""),
        "empty text",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (workbook(a=[["內容", "標籤"], ["好", 0]]), "the file has no columns text and label"),
        (workbook(a=[["text", "label"]])[:-30], "the file is not a complete Excel file"),
        (b"PK\x03\x04" + b"\0" * 200, "the file is not a complete Excel file"),
        (b"text,label\n", "the file is not an Excel workbook"),
    ],
)
def test_what_is_no_workbook_has_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        records_of(content)


def overwritten(content: bytes, part: str) -> bytes:
    """Returns a workbook in which what is packed of a part begins with bytes that no packer writes."""
    broken = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        at = parts.getinfo(part).header_offset + 30 + len(part)  # behind the head of the part, and its name
    broken[at : at + 4] = b"\xff" * 4
    return bytes(broken)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("coding", ["", "of-nobody", "rot13"])
def test_a_part_that_cannot_be_unpacked_or_decoded_is_a_fault_of_the_file(part: str, coding: str) -> None:
    content = workbook(a=[["text", "label"], ["好吃", 0]])
    was, begin = part_of(content, part), f'<?xml version="1.0" encoding="{coding}"?>'.encode()
    named = begin + re.sub(rb"^<\?xml.*?\?>", b"", was)
    broken = changed(content, part, was, named) if coding else overwritten(content, part)
    with pytest.raises(UnreadableFile, match="the file is not a complete Excel file"):
        records_of(broken)


def part_of(content: bytes, part: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return parts.read(part)


def changed(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Returns a workbook with something in one of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            was = source.read(info)
            assert info.filename != part or old in was
            target.writestr(info.filename, was.replace(old, new) if info.filename == part else was)
    return out.getvalue()


def test_a_part_that_is_two_sheets_is_not_read_twice() -> None:
    content = workbook(a=[["text", "label"], ["好", 0]], b=[])
    twice = changed(content, "xl/_rels/workbook.xml.rels", b"sheet2.xml", b"sheet1.xml")
    with pytest.raises(UnreadableFile, match="the file is not a complete Excel file"):
        records_of(twice)


def begun_with(content: bytes, part: str, begin: str, coding: str) -> bytes:
    """Returns a workbook in which a part has something else before its first element, and another encoding."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            was = source.read(info)
            if info.filename == part:
                element = re.sub(r"^<\?xml.*?\?>", "", was.decode())
                was = f'<?xml version="1.0" encoding="{coding}"?>{begin}{element}'.encode(coding)
            target.writestr(info.filename, was)
    return out.getvalue()


@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("before", ["", f"{' ' * 70_000}<!--{'x' * 70_000}-->"])
def test_a_workbook_that_names_entities_is_refused(before: str, coding: str) -> None:
    content = workbook(a=[["text", "label"], ["好吃", 0]])
    entities = f'{before}<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"):
        with pytest.raises(UnreadableFile, match="DOCTYPE"):
            records_of(begun_with(content, part, entities, coding))
        assert read(begun_with(content, part, before, coding)) == [("好吃", 0, "")]


def test_a_picture_may_declare_a_document_type() -> None:
    out = io.BytesIO(workbook(a=[["text", "label"], ["好吃", 0]]))
    with zipfile.ZipFile(out, "a") as parts:
        parts.writestr("xl/media/image1.svg", '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd"><svg/>')
    assert read(out.getvalue()) == [("好吃", 0, "")]


def test_a_sheet_without_a_header_is_read_no_further() -> None:
    content = workbook(a=[["text", "label"], ["好", 0]], b=[])
    broken = b"<row/>" * 100_000 + b"<"  # who reads on finds that it is no XML
    long = changed(content, "xl/worksheets/sheet2.xml", b"</sheetData>", broken + b"</sheetData>")
    assert read(long) == [("好", 0, "")]


def test_a_workbook_of_very_many_sheets_is_not_read() -> None:
    sheets: dict[str, list[list[Any]]] = {f"s{number}": [] for number in range(workbook_rows.MOST_SHEETS)}
    with pytest.raises(UnreadableFile, match="more sheets than are looked at"):
        records_of(workbook(a=[["text", "label"], ["好", 0]], **sheets))


@pytest.mark.parametrize(("megabytes", "seconds"), [(0, 20), (1, 41), (5, 125), (100, 220)])
def test_the_time_of_a_reader_follows_the_size_of_its_file(megabytes: int, seconds: int) -> None:
    assert most_seconds(megabytes << 20) == seconds


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    out = io.BytesIO(workbook(a=[["text", "label"], ["好", 0]]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as packed, packed.open("xl/media/a.bin", "w") as large:
        for _ in range(workbook_rows.LARGEST_UNPACKED >> 24):
            large.write(bytes(1 << 24))
    with pytest.raises(UnreadableFile, match="unpacks to more than is read"):
        records_of(out.getvalue())
