"""Posts with titles through a real gRPC socket: what does not fit is the client's mistake; titles count as texts do."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from support.conformance import PREDICT
from tensorflow.core.framework import tensor_pb2, types_pb2

from sentiment.model_server.tensors import LONGEST_TEXT
from sentiment.model_server.work import LONGEST, MOST_ROWS, TURN, lengths_of

LONG = b"x" * LONGEST


def strings(values: list[bytes], *sizes: int) -> Any:
    """Returns a tensor of texts that claims these sizes, whatever it holds."""
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=values)
    proto.tensor_shape.SetInParent()
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    return proto


def unknown_rank() -> Any:
    proto = strings([b"x"])
    proto.tensor_shape.unknown_rank = True
    return proto


def packed(kind: int, content: bytes) -> Any:
    proto = strings([], 1)
    proto.dtype, proto.tensor_content = kind, content
    return proto


SHAPE, HELD = r"Expects input {} to be of shape \[\?\] but \[{}\] is provided", "a tensor must hold its values"
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no dimension": (lambda: b"x", "shape"),
    "two dimensions": (lambda: [[b"x"]], "shape"),
    "33 dimensions": (lambda: strings([b"x"], *[1] * 33), "at most 32 dimensions"),
    "no known rank": (unknown_rank, "the shape must be fully known"),
    "fewer than none": (lambda: strings([b"x"], -1), "the shape must be fully known"),
    "more than it holds": (lambda: strings([b"x"], 1024), HELD),
    "a trillion": (lambda: strings([b"x"], 2**20, 2**20), "larger than|at most 2000000 values"),
    "more than it says": (lambda: strings([b"x"] * 9, 1), HELD),
    "numbers": (lambda: np.ones(1, np.int32), "string but int32 is provided"),
    "not numbers": (lambda: np.full(1, np.nan, np.float32), "string but float32 is provided"),
    "truth": (lambda: np.ones(1, np.bool_), "string but bool is provided"),
    "packed texts": (lambda: packed(types_pb2.DT_STRING, b"\x01x"), "."),
    "a resource": (lambda: packed(types_pb2.DT_RESOURCE, b"x" * 8), "tensor parsing error"),
    "a type that is none": (lambda: packed(99, b"x" * 8), "tensor parsing error"),
    "too long": (lambda: [b"x" * (LONGEST_TEXT + 1)], f"at most {LONGEST_TEXT} bytes"),
    "unequally many": (lambda: [b"x", b"y"], "equally many rows; found 1 and 2"),
    "none for one": (lambda: strings([], 0), "equally many rows; found 0 and 1"),
}


def refused(server: Any, inputs: dict[str, Any], signature: str = "titled", **spec: Any) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        server.predict(inputs, signature, label="canary", **spec)
    return error.value.code().name, error.value.details()


def labels(server: Any, titles: Any, texts: Any) -> list[str]:
    answer = server.predict({"title": titles, "text": texts}, "titled", label="canary")
    return [label.decode() for label in answer.outputs["label"].string_val]


@pytest.mark.parametrize("side", ["title", "text"])
@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_is_an_invalid_argument_on_either_side(standing_both: Any, what: str, side: str) -> None:
    make, message = WRONG[what]
    given = {"title": [b"x"], "text": [b"x"]} | {side: make()}
    code, details = refused(standing_both, given)
    assert code == "INVALID_ARGUMENT" and "Traceback" not in details and len(details) <= 1024, details
    wanted = SHAPE.format(side, ".*") if message == "shape" else message
    assert re.search(wanted, details), details
    assert labels(standing_both, ["推", ""], ["噓", "噓"]) == ["正面", "負面"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"text": ["好"]}, "Missing but required: {title}"),
        ({"title": ["好"]}, "Missing but required: {text}"),
        ({"title": ["好"], "text": ["好"], "tilte": ["好"]}, "Sent extra: {tilte}"),
        ({"Title": ["好"], "text": ["好"]}, "Signature input alias: title"),
        ({}, "2"),
    ],
)
def test_what_is_missing_or_too_much_is_named(standing_both: Any, inputs: dict[str, Any], message: str) -> None:
    code, details = refused(standing_both, inputs)
    assert (code, message in details) == ("INVALID_ARGUMENT", True), details


def test_a_version_without_titles_has_no_such_signature(standing_both: Any) -> None:
    with pytest.raises(grpc.RpcError) as error:
        standing_both.predict({"title": ["店"], "text": ["好"]}, "titled", label="stable")
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_no_rows_have_no_answers_and_strange_titles_have_theirs(standing_both: Any) -> None:
    assert labels(standing_both, strings([], 0), strings([], 0)) == []
    strange = [b"\xff\xfe", b"\0", "\u202e推".encode(), b"[SEP] [CLS]", "推".encode() * 9]
    assert labels(standing_both, strange, [b"x"] * 5) == ["負面"] * 4 + ["正面"]


def test_rows_values_and_bytes_are_counted_with_their_titles(standing_both: Any) -> None:
    many = [b""] * (MOST_ROWS + 1)
    assert refused(standing_both, {"title": many, "text": many}) == (
        "INVALID_ARGUMENT",
        f"a request must have at most {MOST_ROWS} rows; found {MOST_ROWS + 1}",
    )
    half = [b""] * 40_000  # either alone has few enough fields, and both together have not
    code, details = refused(standing_both, {"title": half, "text": half})
    assert (code, "at most 65536 fields, texts and dimensions" in details) == ("INVALID_ARGUMENT", True), details
    large = [b"x" * (LONGEST_TEXT - 1)] * 24  # 9 MB, and the limit of a message is 16
    code, _ = refused(standing_both, {"title": large, "text": large})
    assert code == "RESOURCE_EXHAUSTED"
    assert labels(standing_both, ["推"], ["噓"]) == ["正面"]


def test_a_message_that_packs_titles_is_counted_as_it_is_unpacked(standing_both: Any) -> None:
    from tensorflow_serving.apis import predict_pb2

    from sentiment.tensorflow_setup import tf

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", "titled"
    request.model_spec.version_label = "canary"
    for name in ("title", "text"):
        request.inputs[name].CopyFrom(tf.make_tensor_proto([b"x" * (LONGEST_TEXT - 1)] * 24))
    call = standing_both.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as error:
        call(gzip.compress(request.SerializeToString(), 1), timeout=20)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert labels(standing_both, ["推"], ["噓"]) == ["正面"]


@pytest.mark.parametrize("longer", ["title", "text"])
def test_a_long_title_makes_turns_as_short_as_a_long_text_does(standing_both: Any, longer: str) -> None:
    """`rows` tells how many rows were computed together: titles that were not counted would all have one turn."""
    rows, short = 32, {"title": [b""] * 32, "text": [b""] * 32}
    response = standing_both.predict(short | {longer: [LONG] * rows}, "titled", label="canary")
    together = set(response.outputs["rows"].int_val)
    assert max(together) <= TURN // LONGEST < rows
    alone = standing_both.predict(short, "titled", label="canary")
    assert set(alone.outputs["rows"].int_val) == {rows}


def test_a_title_and_its_text_are_as_much_work_as_both() -> None:
    column = np.array([LONG, b"", b"ab"], object)
    empty = np.array([b""] * 3, object)
    both, one = (lengths_of({"title": title, "text": column}) for title in (column, empty))
    assert both == [2 * LONGEST, 4, 8] and one == [LONGEST + 2, 4, 6]


@pytest.mark.parametrize(
    "inputs",
    [
        {"title": ["a", "b"], "text": ["c"]},
        {"title": [["a"]], "text": ["c"]},
        {"title": "a", "text": ["c"]},
        {"title": [1], "text": ["c"]},
        {"title": [None], "text": ["c"]},
        {"title": [{"b64": "*"}], "text": ["c"]},
        {"text": ["c"]},
    ],
)
def test_the_same_mistakes_over_rest_are_bad_requests(standing_both: Any, inputs: dict[str, Any]) -> None:
    path = PREDICT.replace("/models/sentiment", "/models/sentiment/labels/canary")
    status, answer = standing_both.http(path, {"signature_name": "titled", "inputs": inputs})
    assert (status, "Traceback" in answer["error"]) == (400, False), answer
