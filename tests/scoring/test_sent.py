"""A table on its way from the process that reads a file: it arrives as it was, or not at all, and ends nothing else."""

from __future__ import annotations

import decimal
import random
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring import kinds, sent
from sentiment.scoring.kinds import Field, Kind
from sentiment.scoring.plain_table import MOST_LEVELS, plain_table, whole_bytes
from sentiment.scoring.sent import NO_TABLE

MOST = 1 << 20
JSON = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(["{}"] * 4))
COLUMNS = {
    "text": ["好", None, "", "ab"],
    "words": pa.array(["a", "b", None, "a"]).dictionary_encode(),
    "bytes": pa.array([b"abc", None, b"xyz", b"123"], pa.binary(3)),
    "time": pa.array([1, None, 3, 4], pa.timestamp("us", "Asia/Taipei")),
    "exact": pa.array([decimal.Decimal(1), None] * 2, pa.decimal256(70, 3)),
    "list": [["a"], [], None, ["b", None]],
    "large": pa.array([["x"]] * 4, pa.large_list(pa.large_string())),
    "pairs": pa.array([[1, 2], None, [3, 4], [5, 6]], pa.list_(pa.int8(), 2)),
    "struct": pa.array([{"a": 1, "b": [1, None]}, None, {}, {"a": 2}]),
    "map": pa.array([[("a", ["x"])], None, [], [("c", None)]], pa.map_(pa.string(), pa.list_(pa.string()))),
    "nulls": pa.nulls(4),
    "none": pa.array([[None] * 3] * 4, pa.list_(pa.null())),
    "bool": [True, None, False, True],
    "uuid": pa.array([b"x" * 16] * 4, pa.uuid()),
    "json": pa.ListArray.from_arrays(pa.array(range(5), pa.int32()), JSON),
    "opaque": pa.ExtensionArray.from_storage(pa.opaque(pa.string(), "a", "b"), pa.array(["q"] * 4)),
}  # fmt: skip
TABLE = pa.table(COLUMNS)
OFFSETS = 15  # arrays of these columns, or within them, that have some


def arrived(table: pa.Table) -> pa.Table:
    fields, content = sent.sent(table)
    said = msgspec.json.decode(msgspec.json.encode(fields), type=list[Field])
    return plain_table(sent.received(said, content, MOST))


def test_each_type_arrives_as_it_was_also_from_the_middle_of_a_table() -> None:
    several = pa.concat_tables([TABLE.slice(1, 2), TABLE, TABLE.slice(3)])
    for table in (TABLE, TABLE[:0], TABLE.slice(2, 1), several, several.slice(1, 5)):
        found = arrived(table)
        assert found.schema == table.schema
        assert all(a.to_pylist() == b.to_pylist() for a, b in zip(found.columns, table.columns, strict=True))
        assert all(column.num_chunks == 1 for column in found.columns)


def test_dictionaries_become_one_where_their_indices_have_room() -> None:
    def column(index: pa.DataType) -> pa.ChunkedArray:
        words = [[f"{part}-{word}" for word in range(100)] for part in range(3)]
        indices = pa.array(range(100), index)
        return pa.chunked_array([pa.DictionaryArray.from_arrays(indices, pa.array(one)) for one in words])

    for index, chunks in ((pa.int32(), 1), (pa.int8(), 3)):
        whole = pa.table({"x": column(index)})
        found = arrived(whole).column("x")
        assert (found.num_chunks, found.type, found.to_pylist()) == (chunks, whole["x"].type, whole["x"].to_pylist())


def test_more_dictionaries_than_may_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent, "MOST_CHUNKS", 2)
    parts = [pa.array([str(word) for word in range(part, part + 100)]).dictionary_encode() for part in (0, 100, 200)]
    narrow = [part.cast(pa.dictionary(pa.int8(), pa.string())) for part in parts]
    with pytest.raises(UnreadableFile, match="dictionaries"):
        sent.sent(pa.table({"x": pa.chunked_array(narrow)}))


@pytest.mark.parametrize("length", [-(2**63), -2, -1, 0, 1, 7, 1 << 40, 2**63 - 1])
def test_whatever_a_length_says_nothing_is_read_beyond_the_bytes(length: int) -> None:
    fields, content = sent.sent(TABLE)
    count = int(np.frombuffer(content[:8], np.int64)[0])
    refused = 0
    for place in range(count + 1):
        changed = content[: 8 * place] + np.int64(length).tobytes() + content[8 * place + 8 :]
        try:
            plain_table(sent.received(fields, changed, MOST))
        except NO_TABLE:
            refused += 1
    assert refused > count // 4 and (refused == count + 1) == (length not in (-1, 0, 1, 7))


def test_bytes_that_are_changed_give_a_table_or_none() -> None:
    fields, content = sent.sent(TABLE)
    chance, refused = random.Random(5), 0
    for _ in range(300):
        changed = bytearray(content)
        for _ in range(3):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            assert len(plain_table(sent.received(fields, bytes(changed), MOST))) == 4
        except NO_TABLE:
            refused += 1
    assert 0 < refused < 300
    for cut in (b"", content[:5], content[:-16], content + bytes(16)):
        with pytest.raises(NO_TABLE):
            sent.received(fields, cut, MOST)


@pytest.mark.parametrize("table", [TABLE[:0], TABLE[:1]], ids=["no rows", "a row"])
@pytest.mark.parametrize("number", [-1, 5, 2**31 - 1])
def test_whatever_a_number_says_the_process_goes_on_and_what_arrived_can_be_used(table: pa.Table, number: int) -> None:
    fields, content = sent.sent(table)
    count = int(np.frombuffer(content[:8], np.int64)[0])
    refused = 0
    for place in range(8 * (count + 1), len(content) - 3, 4):
        changed = content[:place] + np.int32(number).tobytes() + content[place + 4 :]
        try:
            found = plain_table(sent.received(fields, changed, MOST))
            held = sum(whole_bytes(chunk) for column in found.columns for chunk in column.chunks)
            assert 0 <= held < len(content)
        except NO_TABLE:
            refused += 1
    assert refused >= OFFSETS


def column(name: str, *within: Kind, **parts: Any) -> Field:
    return Field(name="x", kind=Kind(name=name, fields=tuple(Field(name="", kind=one) for one in within), **parts))


@pytest.mark.parametrize(
    "field",
    [
        column("sparse_union", Kind(name="int8")),
        column("string_view"),
        column("list"),
        column("list", Kind(name="int8"), Kind(name="int8")),
        column("bytes", numbers=(-2,)),
        column("bytes", numbers=(0,)),
        column("decimal128", numbers=(99, 0)),
        column("timestamp", words=("years", "UTC")),
        column("dictionary", Kind(name="string"), Kind(name="string"), numbers=(0,)),
        column("opaque", Kind(name="extension<arrow.uuid>"), words=("a", "b")),  # Arrow ends the process
        column("json", Kind(name="int8")),
    ],
)
def test_a_type_that_is_none_of_the_list_is_refused(field: Field) -> None:
    with pytest.raises(NO_TABLE):
        kinds.type_of(field)


def test_types_that_nest_without_end_or_are_not_kept_are_refused() -> None:
    kind, deep = pa.int8(), Kind(name="int8")
    for _ in range(MOST_LEVELS):
        kind = pa.list_(kind)
        deep = Kind(name="list", fields=(Field(name="", kind=deep),))
    with pytest.raises(ValueError, match="levels"):
        kinds.type_of(Field(name="x", kind=deep))
    with pytest.raises(UnreadableFile, match="more than 64 levels"):
        sent.sent(pa.table({"x": pa.nulls(1, kind)}))
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(UnreadableFile, match="the column x has a type that is not kept: sparse_union"):
        sent.sent(pa.table({"x": union}))
