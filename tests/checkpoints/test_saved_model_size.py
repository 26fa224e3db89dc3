"""A graph of many small parts is refused before it is parsed: each of their two bytes would become an object."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.model import hub_encoder, saved_model, saved_model_size
from sentiment.model.saved_model_size import Count


def field(number: int, value: bytes) -> bytes:
    size, length = len(value), b""
    while size > 127:
        size, length = size >> 7, length + bytes([size & 127 | 128])
    return bytes([number << 3 | 2]) + length + bytes([size]) + value


def graph(nodes: bytes) -> bytes:
    return field(2, field(2, nodes))


NODE = field(1, field(2, b"NoOp"))


def test_parts_and_fields_are_counted() -> None:
    counted = Count(b"\x08\x01" + graph(NODE * 100))
    assert counted.parts == 1000 + 1 + 100 * 3  # of the MetaGraphDef, its GraphDef, and nodes
    assert counted.fields == 3 + 100 * 2
    function = field(2, field(1, field(3, field(2, b"NoOp"))))
    assert Count(graph(function)).parts == 1000 + 2 + 10 + 3


def collection(kept: bytes) -> bytes:
    return field(2, field(4, field(1, b"variables") + field(2, kept)))


INPUTS = graph(field(1, b"\x1a\x01a" * 9))
IN_A_COLLECTION = collection(field(1, b"\x0a\x01a" * 9))
VARIABLES = collection(field(2, b"\x0a\x00" * 9))
CALLED = field(2, field(7, field(1, field(6, b"\x0a\x01a" * 9))))


@pytest.mark.parametrize("listed", [INPUTS, IN_A_COLLECTION, VARIABLES, CALLED])
def test_names_in_lists_are_counted(listed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Count(listed)
    assert counted.names == 9
    assert not counted.is_too_much
    monkeypatch.setattr(saved_model_size, "MOST_NAMES", 8)
    assert Count(listed).is_too_much


def test_a_vocabulary_in_a_constant_has_no_names() -> None:
    words = field(8, b"\x42\x01a" * 100)
    assert Count(graph(field(1, field(5, field(1, b"value") + field(2, words))))).names == 0


def test_attributes_count_at_least_their_fields() -> None:
    attribute = field(5, field(1, b"a") + field(2, field(1, field(3, b"\1\1\1"))))
    assert Count(graph(field(1, attribute))).fields >= 6
    long = field(5, field(1, b"a" * 100) + field(2, field(7, field(2, b"") * 50)))
    assert Count(graph(field(1, long))).fields >= 3 + 1 + 2 + 1 + 50


@pytest.mark.parametrize("tag", [b"\x4a", b"\xca\x00"])
def test_functions_in_a_small_attribute_are_counted(tag: bytes) -> None:
    calls = field(5, field(1, b"a") + field(2, field(1, (tag + b"\x00") * 9)))
    assert Count(graph(field(1, calls))).parts >= 9 * 10


@pytest.mark.parametrize(
    "damaged", [b"\x12", b"\x12\xff", b"\x12\x80\x80", b"\x08" + b"\xff" * 20, b"\x0d", b"\xff" * 99]
)
def test_what_no_parser_takes_is_counted_to_where_it_ends(damaged: bytes) -> None:
    assert not Count(damaged).is_too_much
    before = Count(graph(NODE * 10) + damaged).parts
    assert before >= 10  # a parser has built them when it comes to what is damaged


def test_a_group_hides_nothing() -> None:
    assert Count(b"\x0b\x0c" + graph(NODE)).is_too_much


@pytest.mark.parametrize("part", [NODE, b"\x1a\x00", field(1, b"\x1a\x00" * 9)])
def test_a_graph_of_too_much_is_not_parsed(part: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_model_size, "MOST_PARTS", 2000)
    monkeypatch.setattr(saved_model_size, "MOST_FIELDS", 5000)
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01" + graph(part * 10_000))
    monkeypatch.setattr(saved_model, "_parsed", lambda folder: pytest.fail("it was parsed"))
    with pytest.raises(InputError, match="must only compute") as raised:
        hub_encoder.load(tmp_path)
    assert "a graph of more than 2,000 nodes and other parts, or 5,000 fields" in raised.value.found
    assert saved_model.meta_graphs(tmp_path) == []


def test_a_file_that_no_parser_takes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_model_size, "MOST_BYTES", 10)
    (tmp_path / "saved_model.pb").write_bytes(bytes(11))
    assert saved_model.dangers(tmp_path) == ["saved_model.pb of 11 bytes, where at most 10 may be"]


def test_an_honest_graph_is_far_from_too_much(honest: Path) -> None:
    counted = Count((honest / "saved_model.pb").read_bytes())
    assert counted.parts < saved_model_size.MOST_PARTS / 100
    assert counted.fields < saved_model_size.MOST_FIELDS / 100
    assert 0 < counted.names < saved_model_size.MOST_NAMES / 100
