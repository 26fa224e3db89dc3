"""The REST port: paths, bodies and HTTP codes of the real server."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

PREDICT = "/v1/models/sentiment:predict"
ROW = {"input_ids": [3, 4], "input_mask": [1, 1], "segment_ids": [0, 0]}


def test_the_status_has_exactly_the_real_server_s_shape(standing: Any) -> None:
    status = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert standing.http("/v1/models/sentiment") == (200, {"model_version_status": [status]})
    assert standing.http("/v1/models/sentiment/versions/1") == (200, {"model_version_status": [status]})


def test_the_status_ignores_labels(standing: Any) -> None:
    assert standing.http("/v1/models/sentiment/labels/nobody") == standing.http("/v1/models/sentiment")


def test_the_status_of_what_is_not_there_is_404(standing: Any) -> None:
    assert standing.http("/v1/models/other") == (404, {"error": "Could not find any versions of model other"})
    message = "Could not find version 5 of model sentiment"
    assert standing.http("/v1/models/sentiment/versions/5") == (404, {"error": message})


def test_the_metadata_says_which_version_a_label_means(standing: Any) -> None:
    status, answer = standing.http("/v1/models/sentiment/labels/stable/metadata")
    assert (status, answer["model_spec"]) == (200, {"name": "sentiment", "signature_name": "", "version": "1"})
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert signatures["text"]["inputs"]["text"]["dtype"] == "DT_STRING"
    assert standing.http("/v1/models/sentiment/labels/beta/metadata")[0] == 400
    assert standing.http("/v1/models/sentiment/versions/9/metadata")[0] == 404


def test_row_form_of_a_single_output_is_a_plain_list(standing: Any) -> None:
    status, answer = standing.http(PREDICT, {"instances": [ROW, ROW]})
    assert status == 200
    assert [len(row) for row in answer["predictions"]] == [3, 3]
    assert abs(sum(answer["predictions"][0]) - 1) < 1e-6


def test_row_form_of_several_outputs_is_a_list_of_objects(standing: Any) -> None:
    _, answer = standing.http(PREDICT, {"signature_name": "text", "instances": ["噓", {"b64": encode("推")}]})
    assert [(row["label"], row["label_id"]) for row in answer["predictions"]] == [("負面", 1), ("正面", 0)]
    _, named = standing.http(PREDICT, {"signature_name": "text", "instances": [{"text": "噓"}, {"text": "推"}]})
    assert named == answer


def test_column_form(standing: Any) -> None:
    columns = {name: [values, values] for name, values in ROW.items()}
    _, answer = standing.http(PREDICT, {"inputs": columns})
    _, rows = standing.http(PREDICT, {"instances": [ROW, ROW]})
    assert answer["outputs"] == rows["predictions"]
    _, answer = standing.http(PREDICT, {"signature_name": "text", "inputs": ["噓"]})
    assert (answer["outputs"]["label"], answer["outputs"]["label_id"]) == (["負面"], [1])


def test_a_float_is_written_with_no_more_digits_than_it_has(standing: Any) -> None:
    _, answer = standing.http(PREDICT, {"instances": [ROW]})
    assert all(len(repr(value)) <= 13 for value in answer["predictions"][0])


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/other:predict", 404, "Servable not found for request: Latest(other)"),
        ("/v1/models/sentiment/versions/9:predict", 404, "Servable not found for request: Specific(sentiment, 9)"),
        ("/v1/models/sentiment/labels/beta:predict", 400, "Unrecognized servable version label: beta"),
        ("/v1/models/sentiment/labels/%C3%A9:predict", 400, "Unrecognized servable version label: é"),
        ("/v1/models/sentiment:classify", 501, "classify is not served; use predict"),
        ("/v1/models/sentiment:regress", 501, "regress is not served; use predict"),
        ("/v1/models/sentiment:explain", 400, "Malformed request: POST /v1/models/sentiment:explain"),
        ("/v1/models/sentiment", 400, "Malformed request: POST /v1/models/sentiment"),
        (
            "/v1/models/sentiment/versions/x:predict",
            400,
            "Malformed request: POST /v1/models/sentiment/versions/x:predict",
        ),
        (
            "/v1/models/sentiment/versions/99999999999999999999:predict",
            400,
            "Failed to convert version: 99999999999999999999 to numeric.",
        ),
        ("/v2/models", 404, "Not found: /v2/models"),
    ],
)
def test_a_post_to_what_is_not_there(standing: Any, path: str, status: int, message: str) -> None:
    assert standing.http(path, {"instances": ["x"]}) == (status, {"error": message})


def test_a_get_of_what_is_not_there(standing: Any) -> None:
    assert standing.http("/v1/models") == (400, {"error": "Missing model name in request."})
    assert standing.http("/v1/models/sentiment/nothing")[0] == 400
    assert standing.http("/")[0] == 404
    assert standing.http("/v1/models/sentiment", method="DELETE")[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"null",
        b"\xff\xfe",
        b'{"instances": ["\xff"]}',
        b'{"signature_name": "text", "instances": ["\\ud800"]}',
        b'{"instances": [' + b"9" * 5000 + b"]}",
        b"[" * 200_000,
        b'{"instances": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"signature_name": 7, "instances": [1]}',
        b'{"signature_name": "nothing", "instances": [1]}',
        b'{"instances": []}',
        b'{"instances": "x"}',
        b'{"instances": [1], "inputs": [1]}',
        b'{"input": [1]}',
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
        ({"instances": [[1, 2]]}, "instances is a plain list, but expecting list of objects"),
        ({"instances": [ROW, [1]]}, "Expecting object but got list at item 1"),
        ({"instances": [{"input_ids": [1]}]}, "keys must be equal to: input_ids,input_mask,segment_ids"),
        ({"instances": [ROW, {**ROW, "input_ids": [1, 2, 3]}]}, "Encountered list at unexpected size"),
        ({"instances": [{**ROW, "input_ids": ["a", "b"]}]}, "not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [True, False]}]}, "not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [1.5, 2]}]}, "not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [2**31, 2]}]}, "not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [float("nan"), 1]}]}, "not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [None, 1]}]}, "not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": 1}]}, "to be of shape [?,?] but [1] is provided"),
        ({"inputs": [[1]]}, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"input_ids": [[1]]}}, "Missing named input: input_mask"),
        ({"inputs": {"input_ids": [], "input_mask": [], "segment_ids": []}}, "to be of shape [?,?] but [0]"),
        ({"signature_name": "text", "instances": [1]}, "not of expected type: string"),
        ({"signature_name": "text", "instances": [{"b64": "*"}]}, "Unable to base64 decode"),
        ({"signature_name": "text", "instances": ["a", {"text": "b"}]}, "but got object"),
        ({"signature_name": "text", "inputs": "a"}, "to be of shape [?] but [] is provided"),
        ({"signature_name": "nothing", "instances": ["a"]}, 'Serving signature name: "nothing" not found'),
    ],
)
def test_inputs_that_do_not_fit_are_bad_requests(standing: Any, request_body: Any, message: str) -> None:
    status, answer = standing.http(PREDICT, request_body)
    assert (status, message in answer["error"]) == (400, True), answer


def test_bytes_that_are_no_utf8_are_answered(standing: Any) -> None:
    garbage = {"b64": base64.b64encode(b"\xff\xfe\x80").decode()}
    assert standing.http(PREDICT, {"signature_name": "text", "instances": [garbage]})[0] == 200


def test_a_huge_body_is_413_and_the_server_goes_on(site: Any, start: Any) -> None:
    client = start(site, max_body_bytes=10_000)
    body = json.dumps({"signature_name": "text", "instances": ["x" * 20_000]}).encode()
    assert client.http(PREDICT, body) == (413, {"error": "the body must be at most 10000 bytes"})
    assert client.ask("好") == ["正面"]
