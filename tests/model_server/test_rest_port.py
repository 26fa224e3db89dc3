"""What the REST port adds to test_conformance.py: our own words, limits, hostile bodies, what is not served."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sentiment.model_server.rest_limits import RestLimits

PREDICT = "/v1/models/sentiment:predict"
ROW = {"input_ids": [3, 4], "input_mask": [1, 1], "segment_ids": [0, 0]}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/sentiment:classify", 501, "classify is not served; use predict"),
        ("/v1/models/sentiment:regress", 501, "regress is not served; use predict"),
        ("/v2/models", 404, "Not found: /v2/models"),
    ],
)
def test_a_post_to_what_is_not_there(standing: Any, path: str, status: int, message: str) -> None:
    assert standing.http(path, {"instances": ["x"]}) == (status, {"error": message})


def test_a_get_of_what_is_not_there(standing: Any) -> None:
    assert standing.http("/")[0] == 404
    assert standing.http("/v1/models/sentiment", method="DELETE")[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b'{"instances": ["\xff"]}',
        b'{"signature_name": "text", "instances": ["\\ud800"]}',
        b'{"instances": [' + b"9" * 5000 + b"]}",
        b"[" * 200_000,
        b'{"instances": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
)
def test_a_body_that_is_no_request_is_a_bad_request(standing: Any, body: bytes) -> None:
    status, answer = standing.http(PREDICT, body, method="POST")
    assert status == 400
    assert list(answer) == ["error"]
    assert answer["error"]


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"instances": [ROW, {**ROW, "input_ids": [1, 2, 3]}]}, "Encountered list at unexpected size"),
        ({"instances": [{**ROW, "input_ids": 1}]}, "to be of shape [?,?] but [1] is provided"),
        ({"inputs": {"input_ids": [], "input_mask": [], "segment_ids": []}}, "to be of shape [?,?] but [0]"),
        ({"signature_name": "text", "inputs": "a"}, "to be of shape [?] but [] is provided"),
    ],
)
def test_inputs_that_do_not_fit_are_bad_requests(standing: Any, request_body: Any, message: str) -> None:
    status, answer = standing.http(PREDICT, request_body)
    assert (status, message in answer["error"]) == (400, True), answer


def test_bytes_that_are_no_utf8_are_answered(standing: Any) -> None:
    garbage = {"b64": base64.b64encode(b"\xff\xfe\x80").decode()}
    assert standing.http(PREDICT, {"signature_name": "text", "instances": [garbage]})[0] == 200


def test_a_huge_body_is_413_and_the_server_goes_on(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(body_bytes=10_000))
    body = json.dumps({"signature_name": "text", "instances": ["x" * 20_000]}).encode()
    assert client.http(PREDICT, body) == (413, {"error": "the body must be at most 10000 bytes"})
    assert client.ask("好") == ["正面"]
