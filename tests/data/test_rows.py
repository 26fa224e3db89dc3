"""Rows of delimited files: real posts hold quotes, and none of them may swallow a row."""

from __future__ import annotations

import csv
import io
import itertools
import time
from typing import SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data import file_lines
from sentiment.data.quoted_fields import Fields
from sentiment.data.rows import (
    CLOSED_WITHIN,
    NEVER_CLOSED,
    RESUME_AFTER,
    TWO_READINGS,
    WITHIN_QUOTES,
    Row,
    RowReader,
    split_fields,
)


def read(content: bytes, delimiter: str = "\t", columns: int = 2) -> list[Row]:
    """Reads `content`; a complete row has `columns` fields, the last one a digit."""
    reader = RowReader(io.BytesIO(content), delimiter)
    return list(reader.rows(lambda fields: len(fields) == columns and fields[-1].isdigit()))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("好\t0", ("好", "0")),
        ('"好"\t0', ("好", "0")),
        ('"他說""好"""\t0', ('他說"好"', "0")),
        ('"看重你自己\t1', ('"看重你自己', "1")),
        ('"故事"的男同學\t1', ('"故事"的男同學', "1")),
        ('他說"好"\t1', ('他說"好"', "1")),
        ('"a\tb"\t1', ("a\tb", "1")),
        ('""\t1', ("", "1")),
        ('"\t"\t1', ("\t", "1")),
        ("\t", ("", "")),
        ("", ("",)),
        ('"好""\t1', ('"好""', "1")),
    ],
)
def test_only_a_closed_quote_quotes(line: str, fields: tuple[str, ...]) -> None:
    assert split_fields(line, "\t") == fields


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1, max_size=4))
@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_what_the_csv_module_writes_is_read_back(delimiter: str, fields: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(fields)
    assert split_fields(out.getvalue().removesuffix("\n"), delimiter) == tuple(fields)


def test_lines_have_numbers_and_blank_ones_are_left_out() -> None:
    found = read("好\t0\n\n  \r\n壞\t1\r\n".encode())
    assert [(row.number, row.fields) for row in found] == [(1, ("好", "0")), (4, ("壞", "1"))]


def test_a_byte_order_mark_is_no_text() -> None:
    assert read(b"\xef\xbb\xbfa\t1\n")[0].fields == ("a", "1")


def test_only_a_line_feed_ends_a_line() -> None:
    text = "一\u2028二\x0b三\x0c四\x85五\r六"
    assert [row.fields for row in read(f"{text}\t1\n".encode())] == [(text, "1")]


def test_a_quoted_text_may_hold_line_breaks() -> None:
    found = read('"第一行\n第二行, 有""引號""\n第三行",1\n好,0\n'.encode(), ",")
    assert [(row.number, row.fields) for row in found] == [
        (1, ('第一行\n第二行, 有"引號"\n第三行', "1")),
        (4, ("好", "0")),
    ]


def test_a_quoted_text_in_the_last_column_may_hold_line_breaks_too() -> None:
    reader = RowReader(io.BytesIO('1,"第一行\n第二行"\n0,好\n'.encode()), ",")
    found = reader.rows(lambda fields: len(fields) == 2 and fields[0].isdigit())
    assert [row.fields for row in found] == [("1", "第一行\n第二行"), ("0", "好")]


def test_a_quote_that_is_lost_makes_no_row_of_what_it_may_quote() -> None:
    reader = RowReader(io.BytesIO('1,"沒關\n0,好"\n0,"沒關\n沒標籤\n2,"也好"\n'.encode()), ",")
    found = list(reader.rows(lambda fields: len(fields) == 2 and fields[0].isdigit()))
    assert [(row.fields, row.error) for row in found] == [
        (("1", "沒關\n0,好"), ""),
        ((), CLOSED_WITHIN),
        ((), WITHIN_QUOTES),
        ((), WITHIN_QUOTES),
    ]


def test_rows_go_on_where_enough_of_them_are_whole() -> None:
    good = [f"好{number}\t1" for number in range(RESUME_AFTER)]
    short = read("\n".join(['"沒關', *good[1:]]).encode())
    assert [row.error for row in short] == [NEVER_CLOSED] + [WITHIN_QUOTES] * (len(good) - 1)
    enough = read("\n".join(['"沒關', "口味", *good]).encode())
    assert [row.error for row in enough] == [NEVER_CLOSED, WITHIN_QUOTES] + [""] * len(good)


def test_one_quote_does_not_swallow_a_file() -> None:
    lines = ['"沒關', *(f"第{number}篇\t1" for number in range(60_000))]
    found = read("\n".join(lines).encode())
    assert [row.number for row in found] == list(range(1, len(lines) + 1))
    assert [row.number for row in found if row.error] == [1]


def test_in_a_tsv_a_whole_row_keeps_its_stray_quote() -> None:
    found = read('"沒關的引號\t1\n好的\t0\n"又一個"呢\t0\n壞"\t1\n'.encode())
    assert [row.fields for row in found] == [('"沒關的引號', "1"), ("好的", "0"), ('"又一個"呢', "0"), ('壞"', "1")]
    found = read('0,"沒關,好\n第二行,1\n'.encode(), ",", 3)
    assert [row.error for row in found] == [NEVER_CLOSED, WITHIN_QUOTES]


def test_a_quoted_text_may_be_as_long_as_it_likes_and_look_like_rows() -> None:
    text = "\n\n".join(f'第{number}行,1\n"引號",\t' for number in range(2_000))
    out = io.StringIO()
    csv.writer(out).writerows([(text, 1), ("口味", 0)])
    assert [row.fields for row in read(out.getvalue().encode(), ",")] == [(text, "1"), ("口味", "0")]


@pytest.mark.parametrize(
    ("line", "fields", "error"),
    [
        (r'"他說\"好吃\"",1', ('他說"好吃"', "1"), ""),
        (r'"他說\"好,吃\", 真的",1', ('他說"好,吃", 真的', "1"), ""),
        ('"兩行\n他說\\"好\\"",1', ('兩行\n他說"好"', "1"), ""),
        (r'"路徑,C:\",1', ("路徑,C:\\", "1"), ""),
        (r'"a\"",1', ('a"', "1"), ""),
    ],
)
def test_quotes_behind_a_backslash_are_read_as_spark_writes_them(
    line: str, fields: tuple[str, ...], error: str
) -> None:
    (row, *_) = read(f"{line}\n".encode(), ",")
    assert (row.fields, row.error) == (fields, error)


def test_what_can_be_read_in_two_ways_is_refused() -> None:
    (row,) = read(b'"a\\",1\n",1\n', ",")
    assert row.error == TWO_READINGS


def test_a_line_that_is_not_utf_8_is_a_row_with_an_error() -> None:
    found = read(b"\xa7\xda\xb7R\t1\n" + "好\t0\n".encode())
    assert [(row.error, row.fields) for row in found] == [("not UTF-8", ()), ("", ("好", "0"))]
    assert found[0].raw == "\\xa7\u06b7R\t1"


@pytest.mark.parametrize("extra", [0, 1, 2, 300_000])
def test_a_line_that_is_too_long_costs_only_itself(extra: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_lines, "MAXIMUM_LINE_BYTES", 100)
    found = read(b"a" * (99 + extra) + b"\n" + "好\t0\n".encode())
    assert [row.error for row in found] == ["" if extra == 0 else "line too long", ""]
    assert found[1].fields == ("好", "0")


def test_the_line_at_which_a_file_broke_off_is_an_error() -> None:
    found = list(RowReader(io.BytesIO("好\t0\n壞".encode()), "\t", broken=lambda: "cut off").rows(lambda fields: True))
    assert [(row.number, row.raw, row.error) for row in found] == [(1, "好\t0", ""), (2, "壞", "cut off")]
    found = list(RowReader(io.BytesIO("好\t0\n".encode()), "\t", broken=lambda: "cut off").rows(lambda fields: True))
    assert [(row.number, row.raw, row.error) for row in found] == [(1, "好\t0", ""), (2, "", "cut off")]


@pytest.mark.parametrize("line", ['"', '"x' + "好" * 3_000, '""' * 2_000 + '"', '"\t' * 2_000])
def test_a_file_of_nothing_but_quotes_is_read_in_reasonable_time(line: str) -> None:
    lines = 1_500_000 // (len(line) + 300)
    started = time.process_time()
    found = read(f"{line}\n".encode() * lines)
    assert sum(row.raw.count("\n") + 1 for row in found) == lines
    assert time.process_time() - started < 10


@given(st.lists(st.sampled_from(['"', "好\t1", '"好\t1', '好"\t1', '"好"\t1', "壞", '"x\ty', ""]), max_size=12))
@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_every_line_is_in_one_row(delimiter: str, lines: list[str]) -> None:
    found = read("\n".join(lines).replace("\t", delimiter).encode(), delimiter)
    assert [row.number for row in found] == sorted({row.number for row in found})
    joined = itertools.chain.from_iterable(row.raw.split("\n") for row in found)
    given = [line.replace("\t", delimiter) for line in lines if line]
    assert [line for line in joined if line] == given


class Counted(str):
    """A line that counts how many of its characters were copied or looked at."""

    read = 0

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        found = super().__getitem__(key)
        Counted.read += len(found)
        return found


@pytest.mark.parametrize("backslash", [False, True])
@pytest.mark.parametrize("part", ['\\""', '\\"', '\\\\\\"', "\\"])
def test_a_line_of_backslashes_and_quotes_is_looked_at_a_few_times_only(
    part: str, backslash: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counted, "read", 0)
    line = Counted('"好' + part * 2_000)
    Fields("\t", backslash).take(line, "\n")
    assert Counted.read < 4 * len(line)


@given(
    st.lists(st.sampled_from(["好", "\t", "0", '"', "\\", "\n", "\r\n", "\r", "\xe5", "\ufeff"]), max_size=40),
    st.integers(1, 12),
)
def test_where_a_block_of_the_file_ends_changes_no_row(pieces: list[str], size: int) -> None:
    content = "".join(pieces).encode().replace("\xe5".encode(), b"\xe5")  # half a character
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_lines, "BLOCK", size)
        in_blocks = read(content)
    assert in_blocks == read(content)
