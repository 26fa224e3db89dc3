"""A Parquet file whose kept Arrow schema says other types than its columns have: it ends alone, in one line."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from sentiment.data.formats.record import UnreadableFile
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.scoring import archive, kinds, parquet_rows, work
from sentiment.scoring.asked import Head, Told, Wanted
from sentiment.scoring.believed import piece_of
from sentiment.scoring.columns import NoColumn
from sentiment.scoring.kinds import Field, Kind
from sentiment.scoring.plain_table import whole_bytes
from sentiment.scoring.sent import NO_TABLE, sent

from .test_hostile_archive import GOOD, Scored

KEPT, HIDDEN = b"ARROW:schema", b"ARROW:schemX"


def forged(table: pa.Table, schema: pa.Schema) -> bytes:
    """Returns a Parquet file of a table, whose footer says another schema than Arrow would put there."""
    sink = pa.BufferOutputStream()
    said = {HIDDEN: base64.b64encode(schema.serialize().to_pybytes())}
    parquet.write_table(table.replace_schema_metadata(said), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content.replace(KEPT, b"ARROW:schemY").replace(HIDDEN, KEPT)


def of_lists(values: list[Any], element: pa.DataType, size: int) -> bytes:
    """Returns a file whose column x is a struct of lists, and is said to be one of lists of `size` values."""
    item = pa.field("element", element, nullable=False)
    table = pa.table({"text": ["好"] * len(values), "x": pa.array(values, pa.struct([("a", pa.list_(item))]))})
    said = pa.struct([("a", pa.list_(item, size))])
    return forged(table, pa.schema([("text", pa.string()), ("x", said)]))


def of_decimals(kind: pa.DataType) -> bytes:
    table = pa.table({"text": ["好", "難"], "title": pa.array([1, 2], pa.decimal128(5, 0))})
    return forged(table, pa.schema([("text", pa.string()), ("title", kind)]))


@pytest.mark.parametrize(
    "content",
    [
        of_lists([{"a": []}, {"a": []}], pa.binary(2), 0),
        of_lists([{"a": []}, None, {"a": []}], pa.int32(), 0),
        of_decimals(pa.decimal256(5, 80)),
        of_decimals(pa.decimal256(5, -80)),
        of_decimals(pa.decimal256(5, 6)),
    ],
)
def test_a_type_that_no_file_has_is_not_kept(tmp_path: Path, content: bytes) -> None:
    scored = Scored(tmp_path, {"a.parquet": content, **GOOD})
    [reason] = scored.reasons().values()
    assert " has a type that is not kept: " in reason
    assert [one.file for one in scored.shards()] == ["good.tsv"]


@pytest.mark.parametrize("make", [pa.decimal32, pa.decimal64, pa.decimal128, pa.decimal256])
def test_a_decimal_that_a_file_may_have_is_kept_and_no_other(make: Any) -> None:
    for scale in (0, 3, 5):
        column = pa.nulls(2, make(5, scale))
        [field], _ = sent(pa.table({"x": column}))
        assert kinds.type_of(field).type == column.type
    for scale in (-40, -1, 6, 60):
        with pytest.raises(NO_TABLE):
            kinds.type_of(Field(name="x", kind=Kind(name=str(make(5, 0)).split("(")[0], numbers=(5, scale))))


@pytest.mark.parametrize("scale", [-80, 80])
def test_what_python_has_no_number_for_is_none(scale: int) -> None:
    one = pa.array([1], pa.decimal256(5, 0)).buffers()
    column = pa.Array.from_buffers(pa.decimal256(5, scale), 1, one)
    assert parquet_rows.values_of(column) == [None] and parquet_rows.value_of(column[0]) is None


def test_lists_of_an_extension_without_a_value_are_no_table() -> None:
    """Arrow cannot make an empty array of such a type, and says so by an exception of its own."""
    lists = pa.nulls(2, pa.list_(pa.list_(pa.bool8())))
    columns, content = sent(pa.table({"text": ["a", "b"], "x": lists}))
    head = Head(first=0, numbers=[0, 1], columns=columns, places={"text": 0}, last=True, reason="")
    with pytest.raises(pa.ArrowNotImplementedError):
        whole_bytes(lists)
    with pytest.raises(UnreadableFile, match="a table"):
        piece_of(Wanted(name="x.tsv", size=9, shard_rows=10), Told(piece=head), content)


@pytest.mark.parametrize("error", [ArithmeticError("x"), NotImplementedError("x"), RuntimeError("x"), MemoryError()])
@pytest.mark.parametrize("owner", [(work, "answered"), (work, "scored"), (work, "packed")], ids=lambda one: str(one[1]))
def test_whatever_a_shard_raises_ends_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: tuple[Any, str], error: Exception
) -> None:
    def fail(*_: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(*owner, fail)
        reasons = Scored(tmp_path, GOOD).reasons()
    assert list(reasons) == ["good.tsv"] and reasons["good.tsv"].startswith("it cannot be scored: ")
    assert len(Scored(tmp_path, GOOD).shards()) == 1, "nothing of it is left that counts"


class NoDevice(Exception):
    """What TensorFlow raises where a GPU fails is of a class of its own like this one."""

    __module__ = "tensorflow.python.framework.errors_impl"


@pytest.mark.parametrize(
    "error", [InputError("the encoder must answer", found="no", do="Look."), OSError(28, "full"), NoDevice()]
)
def test_what_is_of_no_single_file_ends_the_run(tmp_path: Path, error: Exception) -> None:
    def fail(posts: list[Post]) -> NDArray[Any]:
        raise error

    scored = Scored(tmp_path, GOOD)
    scored.worker.answers = fail
    (tmp_path / "scores/data").rename(tmp_path / "away")
    with pytest.raises(type(error)):
        list(scored.worker.outcomes(scored.plan.portions[0]))


def test_whatever_is_raised_while_a_file_is_planned_ends_with_it() -> None:
    def fail(error: Exception) -> None:
        raise error

    plan = archive.Plan()
    for name, error in (("a.parquet", NoColumn("no column text")), ("b.parquet", KeyError("whatever"))):
        with plan.alone(name):
            fail(error)
    reasons = [one.reason for one in plan.refused]
    assert reasons[0] == "no column text" and reasons[1].startswith("it cannot be scored: an unexpected KeyError")
