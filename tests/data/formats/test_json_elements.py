"""The elements of a JSON document, whatever the pieces in which it is read."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.formats import json_elements
from sentiment.data.formats.json_elements import CUT_OFF, TOO_LONG, elements

VALUES = st.recursive(
    st.text('a"\\[{}],好', max_size=6) | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"{]好', max_size=3), inner, max_size=3),
    max_leaves=8,
)


def read(content: bytes, piece: int = 1 << 16) -> list[tuple[bytes, str]]:
    class InPieces(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            return super().read(piece)

    return list(elements(InPieces(content)))


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 2]), st.booleans(), st.integers(1, 30))
def test_the_elements_of_a_list_are_found(values: list[Any], indent: int | None, ascii_only: bool, piece: int) -> None:
    found = read(json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode(), piece)
    assert [(json.loads(element), reason) for element, reason in found] == [(value, "") for value in values]


@given(st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=5), st.integers(1, 30))
def test_objects_one_behind_the_other_are_found(values: list[Any], piece: int) -> None:
    found = read("\n".join(json.dumps(value, indent=1) for value in values).encode(), piece)
    assert [(json.loads(element), reason) for element, reason in found] == [(value, "") for value in values]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", []),
        (b" \n", []),
        (b"[]", []),
        (b"[ ]\n[1]", [(b"1", "")]),
        (b"[1, {}, ]", [(b"1", ""), (b"{}", "")]),
        (b"1", [(b"1", "")]),
        (b'{"a": 1}, {"b": 2}', [(b'{"a": 1}', ""), (b'{"b": 2}', "")]),
        (b'[{"a": 1}, {"b"', [(b'{"a": 1}', ""), (b'{"b"', CUT_OFF)]),
        (b'[{"a": 1},', [(b'{"a": 1}', ""), (b"", CUT_OFF)]),
        (b'{"a": "', [(b'{"a": "', CUT_OFF)]),
        (b'{"a": "\\', [(b'{"a": "\\', CUT_OFF)]),
        (b"}}", [(b"}", ""), (b"}", "")]),
        (b"[1]]", [(b"1", ""), (b"]", "")]),
        (b"[1}", [(b"1}", "")]),
        (b'{"a": "b", "c": "[,]"}', [(b'{"a": "b", "c": "[,]"}', "")]),
    ],
)
@pytest.mark.parametrize("piece", [1, 2, 100])
def test_documents_of_every_kind(content: bytes, found: list[tuple[bytes, str]], piece: int) -> None:
    assert [(element.strip(), reason) for element, reason in read(content, piece)] == found


@given(st.binary(max_size=100) | st.text('[]{},"\\ a1:', max_size=60).map(str.encode), st.integers(1, 9))
def test_any_bytes_are_cut_and_nothing_is_lost(content: bytes, piece: int) -> None:
    found = read(content, piece)
    assert found == read(content, 10_000)
    kept = b"".join(element for element, _ in found)
    assert set(content) - set(b"[], \t\r\n\x0b\x0c") <= set(kept)


def test_an_element_that_is_too_long_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_elements, "LARGEST_ELEMENT", 100)
    found = read(b'["' + b"x" * 1_000 + b'", 2]', 7)
    assert [(len(element), reason) for element, reason in found] == [(100, TOO_LONG), (1, "")]


@pytest.mark.parametrize("sign", [b"[", b'{"a":', b"x", b'"', b"]"])
def test_a_document_of_nothing_but_one_sign_takes_no_memory(sign: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_elements, "LARGEST_ELEMENT", 10_000)
    content = sign * (60_000 // len(sign))
    tracemalloc.start()
    count = sum(1 for _ in elements(io.BytesIO(content)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 0
    assert peak < 400_000
