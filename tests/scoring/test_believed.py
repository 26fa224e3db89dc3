"""A reader that a file has got hold of says anything: nothing comes of it but a line about that file."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring import believed, in_parts
from sentiment.scoring.columns import Columns
from sentiment.scoring.reading import Head, Told, Wanted

WANTED = Wanted(name="x.parquet", size=1_000, shard_rows=10, shards=(2, 4))


def head(**changed: Any) -> Head:
    whole: dict[str, Any] = {"first": 20, "numbers": [20, 29], "places": {"text": 0}, "last": False, "reason": ""}
    return Head(**(whole | changed))


def stream(**columns: Any) -> bytes:
    sink, table = pa.BufferOutputStream(), pa.table(columns)
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return bytes(sink.getvalue())


def test_an_honest_piece_is_believed() -> None:
    found, table = believed.piece_of(WANTED, head(), stream(text=["好", "棒"], x=[1, 2]))
    assert found == head() and table.column("text").to_pylist() == ["好", "棒"]
    later = head(first=0, numbers=[], places={"text": 1, "title": 0})
    named = Wanted(name="x.csv", size=9, shard_rows=10, columns=Columns(title="head"))
    assert believed.piece_of(named, later, stream(head=pa.array([], pa.string()), text=pa.array([], pa.string())))


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
    given = {"text": ["好", "棒"], "x": [1, 2]} | columns
    content = stream(**{name: values for name, values in given.items() if values is not None})
    with pytest.raises(UnreadableFile) as caught:
        believed.piece_of(WANTED, head(**changed), content)
    assert str(caught.value) == believed.WRONG.format(wrong)


def test_a_table_that_is_none_is_refused() -> None:
    honest = stream(text=["abc"])
    beyond = honest.replace(struct.pack("<ii", 0, 3), struct.pack("<ii", 0, 60_000_000))
    assert beyond != honest
    for content in (b"", b"no table", honest[:-20], beyond):
        with pytest.raises(UnreadableFile, match="a table"):
            believed.piece_of(WANTED, head(numbers=[20]), content)


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


def test_a_reason_is_no_book() -> None:
    told = believed.told_by(msgspec.json.encode(Told(refused="長" * 2_000_000)))
    assert len(told.refused) == believed.LONGEST_REASON and told.refused.endswith("…")
    found, _ = believed.piece_of(WANTED, head(numbers=[], reason="x" * 5_000), stream(text=pa.array([], pa.string())))
    assert len(found.reason) == believed.LONGEST_REASON
