"""What a JSON body holds is counted before it is parsed."""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conformance import PREDICT, ask

from sentiment.model_server import json_sizes, tensor_json
from sentiment.model_server.admission import LARGE
from sentiment.model_server.json_sizes import MOST_DIGITS, MOST_LISTS, MOST_STRINGS, require_countable
from sentiment.model_server.refusal import Refusal

TOLD = f"JSON Parse error: a body must have at most {MOST_STRINGS} keys and texts; it has more"
LISTS = f"JSON Parse error: a body must have at most {MOST_LISTS} lists and objects; found "
DIGITS = f"JSON Parse error: a number must have at most {MOST_DIGITS} digits in a row; one has more"


def keys(number: int, colon: bytes = b":") -> bytes:
    return b"{" + b",".join(b'"%x"%s1' % (key, colon) for key in range(number)) + b"}"


BURDENS = {
    "keys": keys(200_000),
    "keys with room before the colon": keys(200_000, b" \n:"),
    "keys that end with a backslash": keys(200_000).replace(b'":', b'\\\\":'),
    "texts": b'{"instances": [' + b'"a",' * 200_000 + b'"a"]}',
    "escaped quotes": b'{"instances": [' + b'"\\"",' * 200_000 + b'"a"]}',
    "objects": b'{"instances": [' + b'{"a":1},' * 200_000 + b"{}]}",
    "objects in objects": b'{"a":' * 200_000,
}
OTHERS = {  # body, what is told
    "lists": (b'{"x": [' + b"[]," * 100_000 + b"[]]}", f"{LISTS}100003"),
    "lists in lists": (b'{"x": ' + b"[" * 200_000, f"{LISTS}200001"),
    "objects without keys": (b'["[\\"[", ' + b"{}," * 100_000 + b"{}]", f"{LISTS}100002"),
    "long numbers": (b'{"x": [' + b",".join([b"9" * 310] * 1000) + b"]}", DIGITS),
    "one long number": (b'{"x": ["\\\\", ' + b"1" * 310 + b', "' + b"a" * 200_000 + b'"]}', DIGITS),
}


@pytest.mark.parametrize("what", OTHERS)
def test_many_lists_and_long_numbers_are_a_bad_request(standing: Any, what: str) -> None:
    body, told = OTHERS[what]
    assert standing.http(PREDICT, body) == (400, {"error": told})


@pytest.mark.parametrize("what", BURDENS)
def test_more_keys_and_texts_than_a_request_may_have_are_a_bad_request(standing: Any, what: str) -> None:
    status, _, body = ask(standing, "POST", PREDICT, gzip.compress(BURDENS[what]), Content_Encoding="gzip")
    assert (status, json.loads(body)) == (400, {"error": TOLD})


def test_a_million_different_keys_are_refused_before_they_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was, all other threads stood still for 1.5 seconds."""
    monkeypatch.setattr(tensor_json, "_DECODER", None)
    with pytest.raises(Refusal, match=TOLD):
        tensor_json.parse_body(keys(1_000_000))


@pytest.mark.parametrize(
    "body", [b'{"\\ud83d": 1}', b'{"a": [[1, {"b": "\\uDe00"}]]}', b'{"a": {"b": ["\\ud83d", "\\ude00"]}}']
)
def test_half_a_surrogate_pair_is_found_wherever_it_is(body: bytes) -> None:
    with pytest.raises(Refusal, match="The surrogate pair in string is invalid"):
        tensor_json.parse_body(body)


def test_others_have_their_turn_while_surrogate_pairs_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was, all that was parsed was written again, which kept Python's lock as long as parsing does."""
    monkeypatch.setattr("json.dumps", None)
    document, _ = tensor_json.parse_body(b'{"a": ["\\ud83d\\ude00", 1, null, true, 1.5, {}]}')
    assert document == {"a": ["😀", 1, None, True, 1.5, {}]}


def test_others_have_their_turn_while_many_numbers_are_parsed() -> None:
    """As it was, the parser kept Python's lock to their end: a third of all the time that a million of them took.

    Python gives the lock away between its own functions alone, so one of them has to be called for each number.
    """
    numbers = 200_001
    body = b'{"inputs": [' + b"1234567," * (numbers - 1) + b"1]}"
    assert len(body) > LARGE
    with calls_of(tensor_json._whole.__code__) as calls:
        document, _ = tensor_json.parse_body(body)
    assert calls == [numbers] and document["inputs"][-2:] == [1234567, 1]


@contextlib.contextmanager
def calls_of(code: CodeType) -> Iterator[list[int]]:
    """Gives a list that then holds how often a function of Python was called."""
    calls = [0]

    def note(frame: FrameType, event: str, _: object) -> None:
        calls[0] += event == "call" and frame.f_code is code

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("before", [0, 1, 308, 309, 310, json_sizes.AT_ONCE - 309, json_sizes.AT_ONCE - 1])
@pytest.mark.parametrize(("digits", "refused"), [(MOST_DIGITS, False), (MOST_DIGITS + 1, True)])
def test_a_long_number_is_found_wherever_the_body_is_cut(before: int, digits: int, refused: bool) -> None:
    body = b"[" + b" " * (json_sizes.AT_ONCE - 2 - before) + b"1" * digits + b" " * json_sizes.NO_BURDEN + b"]"
    if not refused:
        require_countable(body)
        return
    with pytest.raises(Refusal, match=DIGITS):
        require_countable(body)


def test_a_large_body_is_counted_in_parts_between_which_others_have_their_turn() -> None:
    """As it was, ten looks at 16 MB, each to its end, and two copies of it."""

    class Looked(bytes):
        longest = 0

        def count(self, *sign_start_end: Any) -> int:
            _, start, end = sign_start_end
            Looked.longest = max(Looked.longest, end - start)
            return super().count(*sign_start_end)

        def __getitem__(self, part: Any) -> Any:
            Looked.longest = max(Looked.longest, part.stop - part.start)
            return super().__getitem__(part)

    body = Looked(b'["' + (b"1" * 310 + b"a[") * 80_000 + b'"]')
    require_countable(body)
    assert Looked.longest == json_sizes.AT_ONCE + 1
    assert max(map(len, json_sizes._without_texts(body))) <= json_sizes.AT_ONCE


@pytest.mark.parametrize(
    "body",
    [
        {"signature_name": "text", "instances": [{"text": 'He said: "no", {"a": [1, "b"]} ' * 40}] * 1024},
        {"instances": [{"input_ids": [21128] * 512, "input_mask": [1] * 512, "segment_ids": [0] * 512}] * 1024},
        {"inputs": ['"":' * 2_500] * 1024},
        {"instances": [{"b64": "5aW9" * 40}] * 1024},
        {"instances": ["6" * 400 + "[[[{{" * 200 + '\\"['] * 1024},
    ],
    ids=["texts with quotes", "three inputs", "quotes and colons", "base64", "digits and brackets"],
)
def test_the_largest_honest_request_is_taken(body: Any) -> None:
    data = json.dumps(body).encode()
    assert json_sizes.NO_BURDEN / 2 < len(data) < 16 << 20
    require_countable(data)


@settings(derandomize=True, max_examples=60)
@given(
    st.recursive(
        st.text('a"\\,:[{ ') | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text('a"\\'), inner)
    )
)
def test_strings_are_never_more_than_their_quotes_and_these_never_more_than_two_each(value: Any) -> None:
    data = json.dumps(value).encode()
    quotes = data.count(b'"') - data.count(b'\\"')
    assert strings_in(value) <= quotes <= 2 * strings_in(value)
    whole = b"".join(json_sizes._without_texts(data))
    for at_once in (1, 2, 3, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_sizes, "AT_ONCE", at_once)
            assert b"".join(json_sizes._without_texts(data)) == whole, "however it is cut"
            assert json_sizes._count(data, b'\\"') == data.count(b'\\"')
    assert whole.count(b"[") + whole.count(b"{") == lists_in(value)
    assert whole.count(b'"') == strings_in(value)


def strings_in(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(strings_in, value.values()))
    return sum(map(strings_in, value)) if isinstance(value, list) else int(isinstance(value, str))


def lists_in(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + sum(map(lists_in, inner))


def test_a_body_that_is_not_counted_cannot_have_too_many() -> None:
    shortest = b"[" + b'"",' * MOST_STRINGS
    assert len(shortest) > json_sizes.NO_BURDEN
    with pytest.raises(Refusal, match="keys and texts"):
        require_countable(shortest + b'"",' * MOST_STRINGS + b'""]')
