"""A reader that a file has got hold of says anything: nothing comes of it but a line about that file."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring import believed, in_parts
from sentiment.scoring.asked import Head, Told, Wanted, most_said
from sentiment.scoring.columns import Columns
from sentiment.scoring.plain_table import plain_table
from sentiment.scoring.sent import WRONG, sent

WANTED = Wanted(name="x.parquet", size=1_000, shard_rows=10, shards=(2, 4))


def head(**changed: Any) -> Head:
    whole: dict[str, Any] = {"first": 20, "numbers": [20, 29], "places": {"text": 0}, "last": False, "reason": ""}
    return Head(**(whole | {"columns": []} | changed))


def piece(wanted: Wanted, said: Head, lines: bytes = b"", **columns: Any) -> tuple[Head, pa.Table]:
    fields, content = sent(pa.table(columns))
    return believed.piece_of(wanted, Told(piece=msgspec.structs.replace(said, columns=fields)), content, lines)


def test_an_honest_piece_is_believed() -> None:
    found, table = piece(WANTED, head(), text=["好", "棒"], x=[1, 2])
    assert found == head(columns=found.columns) and table.column("text").to_pylist() == ["好", "棒"]
    later = head(first=0, numbers=[], places={"text": 1, "title": 0})
    named = Wanted(name="x.csv", size=9, shard_rows=10, columns=Columns(title="head"))
    assert piece(named, later, head=pa.array([], pa.string()), text=pa.array([], pa.string()))


@pytest.mark.parametrize(
    ("changed", "columns", "wrong"),
    [
        ({"first": -20_000_000}, {}, "a shard"),
        ({"first": 40, "numbers": [40, 41]}, {}, "a shard"),
        ({"first": 21, "numbers": [21, 22]}, {}, "a shard"),
        ({"numbers": [20, 30]}, {}, "numbers of rows"),
        ({"numbers": [21, 21]}, {}, "numbers of rows"),
        ({"numbers": [19, 21]}, {}, "numbers of rows"),
        ({"numbers": [20, 21, 22]}, {}, "a number of rows"),
        ({"places": {"text": 7}}, {}, "a column of texts"),
        ({"places": {"text": 1}}, {}, "a column of texts"),
        ({}, {"text": [1, 2]}, "a column of texts"),
        ({}, {"sentiment_label": ["a", "b"]}, "names of columns"),
        ({"places": {}}, {"text": None, "other": ["a", "b"]}, "names of columns"),
    ],
)
def test_a_piece_that_no_file_can_have_is_refused(changed: dict[str, Any], columns: dict[str, Any], wrong: str) -> None:
    given: dict[str, Any] = {"text": ["好", "棒"], "x": [1, 2]} | columns
    with pytest.raises(UnreadableFile) as caught:
        piece(WANTED, head(**changed), b"", **{name: values for name, values in given.items() if values is not None})
    assert str(caught.value) == WRONG.format(wrong)


def test_a_table_that_is_none_is_refused() -> None:
    fields, honest = sent(pa.table({"text": ["abc"]}))
    told = Told(piece=head(numbers=[20], columns=fields))
    assert len(believed.piece_of(WANTED, told, honest)[1]) == 1
    beyond = honest.replace(struct.pack("<ii", 0, 3), struct.pack("<ii", 0, 60_000_000))
    assert beyond != honest
    for content in (b"", b"no table", honest[:-20], beyond):
        with pytest.raises(UnreadableFile, match="a table"):
            believed.piece_of(WANTED, told, content)


def test_a_message_has_room_for_the_longest_names_and_all_numbers() -> None:
    rows = 20_000
    names = {f"{number}{chr(1) * 1_000}": ["a"] for number in range(1_000)}
    fields, _ = sent(plain_table(pa.table({"text": ["a"], **names})))
    numbers = [2**62 + number for number in range(rows)]
    message = msgspec.json.encode(Told(piece=head(numbers=numbers, columns=fields, reason="x" * 1_000)))
    wanted = msgspec.structs.replace(WANTED, shard_rows=rows)
    assert 5 << 20 < len(message) < most_said(wanted) and believed.told_by(message).piece


@pytest.mark.parametrize("message", [b"", b"xx", b"\xff", b"[" * 100_000, b'{"piece":{}}', b'{"read":["a",1]}'])
def test_a_message_that_is_none_is_refused(message: bytes) -> None:
    with pytest.raises(UnreadableFile, match="a message"):
        believed.told_by(message)


@pytest.mark.parametrize(
    ("start", "size"), [(-1, 10), (0, 0), (0, 1 << 50), (1_000, 1), (0, in_parts.LARGEST_PART + 1)]
)
def test_a_part_that_the_file_does_not_have_is_not_given(start: int, size: int) -> None:
    believed.require_part(WANTED, 999, 1)
    with pytest.raises(UnreadableFile, match="a part"):
        believed.require_part(WANTED, start, size)


@pytest.mark.parametrize(
    "told",
    [
        Told(whole=True, no_column=True, missing=True),
        Told(refused=" \n"),
        Told(refused="\u200b\u2800"),
        Told(refused=" " * 1_000 + "x", no_column=True),
    ],
)
def test_nothing_is_refused_without_a_reason_that_can_be_read(told: Told) -> None:
    with pytest.raises(UnreadableFile, match="its reader said what is of no file: no reason"):
        believed.told_by(msgspec.json.encode(told))
    with pytest.raises(UnreadableFile, match="no reason"):
        piece(WANTED, head(numbers=[], reason="\u3164"), text=pa.array([], pa.string()))


def test_a_reason_is_no_book() -> None:
    told = believed.told_by(msgspec.json.encode(Told(refused="長" * 2_000_000)))
    assert len(told.refused) == believed.LONGEST_REASON and told.refused.endswith("…")
    found, _ = piece(WANTED, head(numbers=[], reason="x" * 5_000), text=pa.array([], pa.string()))
    assert len(found.reason) == believed.LONGEST_REASON
