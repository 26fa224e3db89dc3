"""What Arrow takes and cannot keep is found by a process that may end of it, before the run writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pytest

from sentiment.data.formats.record import UnreadableFile
from sentiment.data.formats.unpack import most_unpacked
from sentiment.scoring import kept, kinds, reader
from sentiment.scoring.asked import Head, Told, Wanted, most_held, most_memory, most_values
from sentiment.scoring.believed import piece_of
from sentiment.scoring.messages import Heard
from sentiment.scoring.plain_table import BYTES_OF_A_VALUE, whole_bytes
from sentiment.scoring.rows import MOST_OF_SHARD
from sentiment.scoring.sent import sent

from .test_forged_types import of_lists
from .test_hostile_archive import GOOD, TEXTS, Scored, packed

WANTED = Wanted(name="a.parquet", size=1_000, shard_rows=100, shards=(0, 1))
ANY_SIZE = "MADE['lists'] = MADE['lists']._replace(test=pa.types.is_fixed_size_list)"
READER = f"""
import socket, sys
import pyarrow as pa
from sentiment.scoring.kinds import MADE
{ANY_SIZE}
from sentiment.scoring.reading import main
main(socket.socket(fileno=int(sys.argv[1])))
"""


@pytest.fixture
def another_type(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lists without a value count as a type that nobody knows of how Arrow fails with it."""
    made = kinds.MADE["lists"]._replace(test=pa.types.is_fixed_size_list)
    monkeypatch.setitem(kinds.MADE, "lists", made)
    monkeypatch.setattr(reader, "python_module", lambda _, end: [sys.executable, "-P", "-c", READER, end])
    reader._reader().close()
    yield
    reader._reader().close()


@pytest.mark.usefixtures("another_type")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (of_lists([{"a": []}, {"a": []}], pa.binary(2), 0), "its reader was ended (killed by SIGSEGV)"),
        (of_lists([{"a": []}, None, {"a": []}], pa.int32(), 0), "its columns cannot be kept beside their scores: "),
    ],
)
def test_what_ends_whoever_writes_it_or_cannot_be_read_again_ends_alone(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    scored = Scored(tmp_path, {"a.parquet": content, **GOOD, "z.parquet": packed({"text": TEXTS})})
    [found] = scored.reasons().values()
    assert found.startswith(reason)
    assert [one.file for one in scored.shards()] == ["good.tsv", "z.parquet"]
    assert int(scored.compared().total.sum()) == 1 + len(TEXTS)


def piece(column: pa.Array) -> Heard:
    columns, content = sent(pa.table({"text": ["a"] * len(column), "x": column}))
    head = Head(
        first=0, numbers=list(range(len(column))), columns=columns, places={"text": 0}, last=True, reason=""
    )  # fmt: skip
    return Heard(Told(piece=head), content)


BAD_WORDS = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
        pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int16()), BAD_WORDS),
    ],
    ids=lambda column: str(column.type),
)
def test_what_a_reader_sends_that_cannot_be_read_again_is_not_scored(
    monkeypatch: pytest.MonkeyPatch, column: pa.Array
) -> None:
    whole, said = reader.Reader.heard, piece(column)

    def heard(self: reader.Reader, file: BinaryIO, wanted: Wanted) -> Iterator[Heard]:
        return whole(self, file, wanted) if wanted.kept is not None else iter([said])

    monkeypatch.setattr(reader.Reader, "heard", heard)
    with pytest.raises(UnreadableFile, match="cannot be kept beside their scores"):
        list(reader.pieces(None, WANTED))  # type: ignore[arg-type]


def test_what_is_kept_may_be_read_again_and_what_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    kept.require_kept(pa.table({"text": TEXTS * 3_000, "x": [[None]] * 12_000}))
    kept.require_kept(pa.table({"text": pa.array([], pa.string())}))
    with pytest.raises(UnreadableFile, match="cannot be kept beside their scores"):
        kept.written(pa.table({"x": pa.nulls(1, pa.month_day_nano_interval())}))
    content = kept.written(pa.table({"text": TEXTS[1:]}))
    monkeypatch.setattr(kept, "written", lambda table: content)
    with pytest.raises(UnreadableFile, match="another number of rows"):
        kept.require_kept(pa.table({"text": TEXTS}))


def of_nothing(values: int) -> pa.Array:
    """Returns a list of so many nulls, which take no byte."""
    ends = pa.py_buffer(np.array([0, values], np.int32).tobytes())
    return pa.Array.from_buffers(pa.list_(pa.null()), 1, [None, ends], children=[pa.nulls(values)])


def test_a_list_of_nothing_may_have_as_many_values_as_the_file_may_unpack_to() -> None:
    told, content, _ = piece(of_nothing(260_000_000))
    assert len(content) < 200
    with pytest.raises(UnreadableFile, match="a table"):
        piece_of(WANTED, told, content)
    most = most_unpacked(WANTED.size) // BYTES_OF_A_VALUE
    told, content, _ = piece(of_nothing(most))
    head, table = piece_of(WANTED, told, content)
    assert head.numbers == [0] and len(table) == 1


def test_a_child_has_no_memory_for_what_the_file_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the run takes such a list, because its bounds are others, the trial's memory is still that of the file."""
    told, content, _ = piece(of_nothing(90_000_000))
    assert told.piece and most_memory(WANTED.size) < 90_000_000 * BYTES_OF_A_VALUE
    wanted = Wanted(
        name="a.tsv", size=WANTED.size, shard_rows=100_000_000, kept=told.piece.columns, table=len(content)
    )  # fmt: skip
    with pytest.raises(UnreadableFile, match=reader.TOO_MUCH):
        list(reader._reader().heard(pa.BufferReader(content), wanted))


@pytest.mark.parametrize("size", [0, 1_000, 1 << 20, 1 << 34])
def test_bounds_are_those_of_the_reader_and_an_honest_one_comes_to_none(size: int) -> None:
    wanted = Wanted(name="a.parquet", size=size, shard_rows=7, shards=(0, 1))
    counted = min(MOST_OF_SHARD, most_unpacked(size))  # by which the reader ends a file
    assert most_held(wanted) == 2 * counted and most_values(wanted) * BYTES_OF_A_VALUE == 2 * counted
    text = Wanted(name="a.tsv", size=size, shard_rows=1 << 40)
    assert 2 * most_held(text) >= most_memory(size) and most_held(text) <= 2 * MOST_OF_SHARD
    assert most_values(text) == 1 << 40, "of a row, a column may have a bit"


def test_rows_that_are_counted_a_few_at_a_time_are_no_more_than_twice_as_many_together() -> None:
    """Of 64 values without a null none has a bit that says so; where one of all is null, each has."""
    flags: list[Any] = [True] * 10_000 + [None]
    whole = pa.array(flags, pa.bool_())
    parts = [pa.array(flags[at : at + 64], pa.bool_()) for at in range(0, len(flags), 64)]
    assert sum(map(whole_bytes, parts)) < whole_bytes(whole) <= 2 * sum(map(whole_bytes, parts))
