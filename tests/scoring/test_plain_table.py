"""What a stranger's Parquet file says of itself beside its rows is checked, or left out."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from support.lying_parquet import number, with_footer

from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring import parquet_rows, plain_table

from .test_hostile_archive import GOOD, TEXTS, Scored, packed


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.int64()])
@pytest.mark.parametrize("index", [2, 2**31 - 1, -1])
def test_an_index_beyond_its_dictionary_is_found(index: int, kind: pa.DataType) -> None:
    words = pa.array([1, 2]) if kind == pa.int64() else pa.array(["a", "b"]).cast(kind)
    column = pa.DictionaryArray.from_arrays(pa.array([0, index], pa.int32()), words, safe=False)
    table = pa.table({"x": column})
    with pytest.raises(pa.ArrowException, match="bounds"):
        plain_table.plain_table(table)


def test_a_dictionary_within_a_list_is_refused_and_an_honest_one_is_kept(tmp_path: Path) -> None:
    words = pa.array(["a", "b", "a", "a"]).dictionary_encode()
    nested = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3, 4], pa.int32()), words)
    files = {
        "nested.parquet": packed({"text": TEXTS, "x": nested}),
        "flat.parquet": packed({"text": TEXTS, "x": words}),
    }
    scored = Scored(tmp_path, {**files, **GOOD})
    assert scored.reasons() == {"nested.parquet": plain_table.NO_DICTIONARY.format("x")}
    assert len(scored.shards()) == 2


def test_what_a_schema_says_beside_its_names_is_in_no_shard(tmp_path: Path) -> None:
    secret = base64.b64encode(b"said by a stranger" * 1_000)
    fields = [pa.field("text", pa.string(), metadata={"x": secret})]
    table = pa.table([pa.array(TEXTS * 100)], pa.schema(fields, metadata={"pandas": secret}))
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    scored = Scored(tmp_path, {"a.parquet": sink.getvalue().to_pybytes()})
    assert len(scored.shards()) == 4
    kept = [path.read_bytes() for path in (tmp_path / "scores/data").iterdir()]
    assert kept and not any(secret[:100] in content for content in kept)
    wide = pa.table({"text": ["a"], "n" * 2_000_000: ["b"]})
    with pytest.raises(UnreadableFile, match="names and types"):
        plain_table.plain_table(wide)


@pytest.mark.parametrize("values", [[["a"]], [{"a": 1}], [[{"a": True}] * 9]])
def test_what_is_no_single_value_is_no_title(values: list[Any]) -> None:
    assert parquet_rows.values_of(pa.array(values)) == [None]
    assert parquet_rows.values_of(pa.array(["a", None])) == ["a", None]
    assert parquet_rows.values_of(pa.array([1, None])) == [1, None]


@pytest.mark.parametrize(
    ("column", "least"),
    [
        (pa.array([[None] * 1_000]), 8_000),
        (pa.array([[True] * 1_000]), 8_000),
        (pa.array([[[None] * 1_000]]), 8_000),
        (pa.array([[{"a": None}] * 1_000]), 16_000),
        (pa.array([[(1, None)] * 1_000], pa.map_(pa.int8(), pa.null())), 16_000),
        (pa.array([[None] * 1_000], pa.list_(pa.null(), 1_000)), 8_000),
    ],
)
def test_what_stands_in_a_list_counts_though_it_takes_no_byte(column: pa.Array, least: int) -> None:
    assert plain_table.whole_bytes(column) >= least
    assert plain_table.whole_bytes(pa.nulls(1_000)) == 0, "there are as many rows, and they are counted"


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("values", [pa.nulls(3_000_000), pa.array(np.zeros(3_000_000, bool))])
def test_a_list_of_more_values_than_the_footer_states_is_refused(
    tmp_path: Path, values: pa.Array, opaque: bool
) -> None:
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    if opaque:  # the file's own schema makes it one value
        lists = pa.ExtensionArray.from_storage(pa.opaque(lists.type, "a", "b"), lists)
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"text": ["好"], "x": lists}), sink, compression="zstd", data_page_size=1 << 30)
    stated = b"\x16" + number(len(values))
    content = with_footer(sink.getvalue().to_pybytes(), (stated, b"\x16" + number(1, len(stated) - 1)))
    assert len(content) < 5_000
    scored = Scored(tmp_path, {"a.parquet": content, **GOOD})
    assert scored.reasons() == {"a.parquet": parquet_rows.UNPACKS}
    assert [one.file for one in scored.shards()] == ["good.tsv"]


def test_an_extension_of_arrows_types_is_what_it_stores() -> None:
    words = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(["a"]).dictionary_encode())
    for column in (words, pa.array([[None] * 1_000])):
        hidden = pa.ExtensionArray.from_storage(pa.opaque(column.type, "a", "b"), column)
        assert plain_table.whole_bytes(hidden) >= (8_000 if column is not words else 1)
        [stored] = plain_table.of_usual_types(pa.record_batch({"x": hidden})).columns
        assert stored.equals(column)
    hidden = pa.ExtensionArray.from_storage(pa.opaque(words.type, "a", "b"), words)
    with pytest.raises(UnreadableFile, match="dictionary"):
        plain_table.plain_table(pa.table({"x": hidden}))
    plain = pa.array([b"x" * 16], pa.uuid())
    assert plain_table.of_usual_types(pa.record_batch({"x": plain})).column(0).type == pa.uuid()


def test_a_dictionary_keeps_the_type_of_its_indices_also_where_there_are_no_rows(tmp_path: Path) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 1], pa.uint32()), pa.array(["a", "b"]))
    files = {
        "some.parquet": packed({"text": TEXTS, "x": words}),
        "none.parquet": packed({"text": words[:0], "x": words[:0]}),
    }
    scored = Scored(tmp_path, files)
    assert not scored.reasons() and len(scored.shards()) == 2


def test_views_of_texts_are_texts(tmp_path: Path) -> None:
    views = {"text": pa.array(TEXTS, pa.string_view()), "title": pa.array(TEXTS, pa.string_view())}
    content = packed({**views, "x": pa.array([b"1"] * 4, pa.binary_view())})
    scored = Scored(tmp_path, {"a.parquet": content, "none.parquet": packed({"text": pa.array([], pa.string_view())})})
    assert not scored.reasons() and sum(one.shard.scored for one in scored.shards() if one.shard) == 4
    assert int(scored.compared().total.sum()) == 4


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.string_view()),
        pa.list_(pa.list_(pa.string_view())),
        pa.large_list(pa.binary_view()),
        pa.list_(pa.string_view(), 1),
        pa.map_(pa.string_view(), pa.struct([pa.field("a", pa.binary_view(), nullable=False)])),
        pa.struct([("a", pa.string_view()), ("b", pa.list_(pa.int8()))]),
    ],
)
def test_views_within_lists_and_structures_are_texts(kind: pa.DataType) -> None:
    column = pa.nulls(3, kind)
    [usual] = plain_table.of_usual_types(pa.record_batch({"x": column})).columns
    assert "view" in str(kind) and str(usual.type) == str(kind).replace("_view", "")
    assert plain_table.whole_bytes(usual) >= 0 and len(plain_table.plain_table(pa.table({"x": usual}))) == 3


def test_a_column_that_nobody_asks_for_refuses_no_file_and_is_kept(tmp_path: Path) -> None:
    views = pa.array(TEXTS, pa.string_view())
    words = pa.ExtensionArray.from_storage(pa.opaque(pa.string_view(), "a", "b"), views)
    offsets = pa.array(range(5), pa.int32())
    columns = {
        "list": pa.ListArray.from_arrays(offsets, views),
        "struct": pa.StructArray.from_arrays([views], ["a"]),
        "opaque": pa.ListArray.from_arrays(offsets, words),
        "json": pa.ListArray.from_arrays(offsets, pa.ExtensionArray.from_storage(pa.json_(pa.string_view()), views)),
    }
    scored = Scored(tmp_path, {"a.parquet": packed({"text": TEXTS, **columns})})
    assert not scored.reasons()
    [path] = (tmp_path / "scores/data").iterdir()
    kept = parquet.read_table(path)
    assert kept.column("struct").to_pylist() == [{"a": text} for text in TEXTS]
    for name in ("list", "opaque", "json"):
        assert kept.column(name).to_pylist() == [[text] for text in TEXTS]


def test_lengths_of_texts_are_their_bytes() -> None:
    texts = pa.array(["好", None, "ab"])
    for column in (texts, texts.dictionary_encode(), texts.cast(pa.large_string())):
        assert plain_table.lengths_of(pa.chunked_array([column, column])).tolist() == [3, 0, 2] * 2


@pytest.mark.parametrize("stated", [-1, 1, 34])
def test_a_footer_that_states_another_number_of_rows_than_its_groups_is_named(tmp_path: Path, stated: int) -> None:
    content = packed({"text": ["好"] * 33})
    right, wrong = number(33), bytes([2 * stated if stated >= 0 else 1])
    # of the footer: version, schema, and then the number of rows, field 3
    content = with_footer(content, (b"\x16" + right + b"\x19\x1c\x19", b"\x16" + wrong + b"\x19\x1c\x19"))
    scored = Scored(tmp_path, {"a.parquet": content, **GOOD})
    assert scored.reasons() == {"a.parquet": parquet_rows.OTHER_ROWS}
    assert [one.file for one in scored.shards()] == ["good.tsv"]
