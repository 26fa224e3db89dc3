"""The REST port, as TensorFlow Serving answers it: paths, bodies, codes and texts. Each test names what says so."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from support.conformance import PREDICT, ROW, TEXT, ask

METRICS = "/monitoring/prometheus/metrics"
ASKED = json.dumps({"signature_name": "text", "instances": ["噓"]}).encode()


def test_the_rest_status_has_these_fields(client: Any) -> None:
    """`http_rest_api_util.cc:ToJsonString`; `get_model_status_impl.cc:GetModelStatusWithModelSpec`."""
    status = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert client.http("/v1/models/sentiment/versions/1") == (200, {"model_version_status": [status]})
    versions = [entry["version"] for entry in client.http("/v1/models/sentiment")[1]["model_version_status"]]
    assert versions == ["2", "1"]
    assert client.http("/v1/models/sentiment/labels/nobody") == client.http("/v1/models/sentiment")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/other", 404, "Could not find any versions of model other"),
        ("/v1/models/sentiment/versions/5", 404, "Could not find version 5 of model sentiment"),
        ("/v1/models", 400, "Missing model name in request."),
        ("/v1/models/sentiment/nothing", 400, "Malformed request: GET /v1/models/sentiment/nothing"),
        ("/v1/models/sentiment/labels/beta/metadata", 400, "Unrecognized servable version label: beta"),
        ("/v1/models/sentiment/versions/9/metadata", 404, "Servable not found for request: Specific(sentiment, 9)"),
    ],
)
def test_a_get_that_is_refused(client: Any, path: str, status: int, message: str) -> None:
    """`http_rest_api_handler.cc:ProcessRequest`, `get_model_status_impl.cc`,
    `server_core.cc:GetModelVersionForLabel`."""
    assert client.http(path) == (status, {"error": message})


def test_the_rest_metadata_says_which_version_a_label_means(client: Any) -> None:
    """`get_model_metadata_impl.cc:SavedModelGetSignatureDef`, `http_rest_api_util.cc:ToJsonString`."""
    status, answer = client.http("/v1/models/sentiment/labels/stable/metadata")
    assert (status, answer["model_spec"]) == (200, {"name": "sentiment", "signature_name": "", "version": "1"})
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert signatures["text"]["inputs"]["text"]["dtype"] == "DT_STRING"


def test_row_form(client: Any) -> None:
    """`json_tensor.cc:FillTensorMapFromInstancesList` and `MakeRowFormatJsonFromTensors`."""
    status, answer = client.http(PREDICT, {"instances": [ROW, ROW]})
    assert (status, [len(row) for row in answer["predictions"]]) == (200, [3, 3])
    encoded = {"b64": base64.b64encode("推".encode()).decode()}
    where = "/v1/models/sentiment/labels/stable:predict"
    _, answer = client.http(where, {"signature_name": "text", "instances": ["噓", encoded]})
    assert [(row["label"], row["label_id"]) for row in answer["predictions"]] == [("負面", 1), ("正面", 0)]
    _, named = client.http(where, {"signature_name": "text", "instances": [{"text": "噓"}, {"text": "推"}]})
    assert named == answer


def test_column_form(client: Any) -> None:
    """`json_tensor.cc:FillTensorMapFromInputsMap` and `MakeColumnarFormatJsonFromTensors`."""
    _, columns = client.http(PREDICT, {"inputs": {name: [values, values] for name, values in ROW.items()}})
    _, rows = client.http(PREDICT, {"instances": [ROW, ROW]})
    assert columns["outputs"] == rows["predictions"]
    _, answer = client.http(PREDICT, {"signature_name": "text", "inputs": ["噓"]})
    assert (answer["outputs"]["label"], answer["outputs"]["label_id"]) == (["負面"], [1])


def test_a_float_is_written_with_no_more_digits_than_it_has(client: Any) -> None:
    """`json_tensor.cc:WriteDecimal`: six digits, or nine where six are another number."""
    _, answer = client.http(PREDICT, {"instances": [ROW]})
    assert all(float(f"{value:.9g}") == value for value in answer["predictions"][0])


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/other:predict", 404, "Servable not found for request: Latest(other)"),
        ("/v1/models/sentiment/versions/9:predict", 404, "Servable not found for request: Specific(sentiment, 9)"),
        ("/v1/models/sentiment/labels/beta:predict", 400, "Unrecognized servable version label: beta"),
        ("/v1/models/sentiment/labels/%C3%A9:predict", 400, "Unrecognized servable version label: é"),
        ("/v1/models/sentiment:explain", 400, "Malformed request: POST /v1/models/sentiment:explain"),
        ("/v1/models/sentiment:PREDICT", 400, "Malformed request: POST /v1/models/sentiment:PREDICT"),
        ("/v1/models/sentiment:predict?x=1", 400, "Malformed request: POST /v1/models/sentiment:predict?x=1"),
        ("/v1/models/sentiment", 400, "Malformed request: POST /v1/models/sentiment"),
        ("/v1/models/sentiment/versions/x:predict", 400, "Malformed request: POST"),
        ("/v1/anything", 400, "Malformed request: POST /v1/anything"),
    ],
)
def test_a_post_that_is_refused(client: Any, path: str, status: int, message: str) -> None:
    """`http_rest_api_util.cc:ParseModelInfo`, `http_rest_api_handler.cc:ProcessRequest` (methods are in small letters),
    `evhttp_request.cc:uri_path` (a query is part of the path)."""
    answered, error = client.http(path, {"instances": ["x"]})
    assert (answered, message in error["error"]) == (status, True), error


def test_a_path_is_understood_in_any_case_but_not_its_method(client: Any) -> None:
    """`http_rest_api_util.cc:kPredictionApiGegex`, `kModelStatusApiRegex`; `http_rest_api_handler.cc:ProcessRequest`.

    A method in capitals is in the table above; `/METADATA` is none, so what is answered is the status.
    """
    assert client.http("/V1/Models/sentiment/Versions/0001:predict", ASKED)[0] == 200
    assert client.http("/V1/MODELS/sentiment") == client.http("/v1/models/sentiment")
    assert client.http("/v1/models/SENTIMENT")[0] == 404
    assert client.http("/v1/models/sentiment/METADATA") == client.http("/v1/models/sentiment")
    assert client.http("/v1/models/sentiment/versions/000000000000000000000000000001")[0] == 200


def test_a_query_is_part_of_the_path(client: Any) -> None:
    """`evhttp_request.cc:uri_path`."""
    assert client.http("/v1/models/sentiment?x=1") == (
        404,
        {"error": "Could not find any versions of model sentiment?x=1"},
    )
    assert client.http("/v1/models/sentiment/metadata?x=1")[0] == 400


@pytest.mark.parametrize("version", [2**63, 10**30])
@pytest.mark.parametrize(("method", "end"), [("POST", ":predict"), ("GET", ""), ("GET", "/metadata")])
def test_a_version_that_is_too_large_is_refused_without_a_word(
    client: Any, version: int, method: str, end: str
) -> None:
    """`http_rest_api_handler.cc:ProcessRequest` returns before it has written a text."""
    path = f"/v1/models/sentiment/versions/{version}{end}"
    status, headers, body = ask(client, method, path, ASKED if method == "POST" else b"")
    assert (status, headers["content-type"], headers["content-length"], body) == (400, "application/json", "0", b"")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_malformed_requests(client: Any, method: str) -> None:
    """`evhttp_server.cc:Initialize`, `http_rest_api_handler.cc:ProcessRequest`."""
    status, answer = client.http("/v1/models/sentiment", method=method)
    assert (status, answer) == (400, {"error": f"Malformed request: {method} /v1/models/sentiment"})


@pytest.mark.parametrize(
    "path", ["/v1/models/a|b", "/v1/models/a%zz", '/v1/models/sentiment?x="y"', "/v1/models/a#b#c"]
)
def test_what_a_uri_must_escape_is_refused_in_html(client: Any, path: str) -> None:
    """`evhttp_request.cc:decode`, `evhttp_server.cc:DispatchEvRequest`."""
    status, headers, _ = ask(client, "GET", path)
    assert (status, headers["content-type"].partition(";")[0]) == (400, "text/html")


def test_head_is_no_get(client: Any) -> None:
    """`http_rest_api_handler.cc:ProcessRequest`."""
    assert ask(client, "HEAD", "/v1/models/sentiment")[0] == 400


@pytest.mark.parametrize("method", ["TRACE", "FOO"])
def test_methods_that_no_path_has_are_501(client: Any, method: str) -> None:
    """`evhttp_server.cc:Initialize`: libevent refuses what is not allowed there."""
    status, headers, _ = ask(client, method, "/v1/models/sentiment")
    assert (status, headers["content-type"].partition(";")[0]) == (501, "text/html")


def test_options_with_an_origin_is_a_question_of_a_browser(client: Any) -> None:
    """`http_server.cc:ProcessRequest`; without `--rest_api_enable_cors_support` the answer has no header for it."""
    status, headers, body = ask(client, "OPTIONS", PREDICT, Origin="https://example.com")
    assert (status, body) == (200, b"")
    assert not [name for name in headers if name.startswith("access-control")]
    for origin in ("", "null"):
        status, _, body = ask(client, "OPTIONS", PREDICT, Origin=origin)
        assert (status, body) == (400, b"")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/models/other:predict", b"{", 400),
        ("/v1/models/other:predict", b"[]", 400),
        ("/v1/models/other:predict", b"{}", 404),
        ("/v1/models/other:predict", b'{"instances": []}', 404),
        ("/v1/models/other:predict", b'{"signature_name": 7}', 400),
        ("/v1/models/sentiment:predict", b'{"signature_name": "no"}', 400),
    ],
)
def test_the_json_is_read_then_the_model_is_looked_for_then_the_inputs(
    client: Any, path: str, body: bytes, status: int
) -> None:
    """`json_tensor.cc:FillPredictRequestFromJson`."""
    answered, error = client.http(path, body)
    assert (answered, list(error)) == (status, ["error"])
    if b"no" in body:
        assert error["error"] == 'Serving signature name: "no" not found in signature def'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"{", "JSON Parse error: "),
        (b"[1, 2]", "Is not object"),
        (b"null", "Is not object"),
        (b"{}", "Missing 'inputs' or 'instances' key"),
        (b'{"input": [1]}', "Missing 'inputs' or 'instances' key"),
        (b'{"instances": []}', "No values in 'instances' array"),
        (b'{"instances": "x"}', "Expecting 'instances' to be an list/array"),
        (b'{"instances": [1], "inputs": [1]}', "ormatted correctly expecting only one of 'inputs' or 'instances' keys"),
        (b'{"instances": [1e999]}', "JSON Parse error: "),
        (b'{"note": "\\ud800", "inputs": {}}', "JSON Parse error: The surrogate pair in string is invalid."),
        (b'{"signature_name": 7, "instances": [1]}', "'signature_name' key must be a string value."),
    ],
)
def test_a_body_that_is_no_request_is_a_bad_request(client: Any, body: bytes, message: str) -> None:
    """`json_tensor.cc:ParseJson`, `FillSignature` and `FillPredictRequestFromJson`."""
    status, answer = client.http(PREDICT, body, method="POST")
    assert (status, list(answer), message in answer["error"]) == (400, ["error"], True), answer


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"instances": [[1, 2]]}, "instances is a plain list, but expecting list of objects"),
        ({"instances": [ROW, [1]]}, "Expecting object but got list at item 1 of input list"),
        ({"instances": [{"input_ids": [1]}]}, "keys must be equal to: input_ids,input_mask,segment_ids"),
        ({"instances": [1]}, "instances is a plain list, but expecting list of objects"),
        ({"instances": [{**ROW, "input_ids": ["a", "b"]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [True, False]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [1.5, 2]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [2**31, 2]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [float("nan"), 1]}]}, "is not of expected type: int32"),
        ({"instances": [{**ROW, "input_ids": [None, 1]}]}, "is not of expected type: int32"),
        ({"inputs": [[1]]}, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"input_ids": [[1]], "input_mask": [[1]]}}, "Missing named input: segment_ids in 'inputs' object."),
        ({"inputs": {**ROW, "input_ids": [[1, 2], [3]]}}, "Encountered list at unexpected size"),
        ({"signature_name": "text", "instances": [1]}, "is not of expected type: string"),
        ({"signature_name": "text", "instances": [{"b64": "*"}]}, "Unable to base64 decode"),
        ({"signature_name": "text", "instances": ["a", {"text": "b"}]}, "Expecting value/list but got object"),
        ({"instances": [ROW, {**ROW, "input_ids": [1, 2, 3]}]}, ""),
        ({"instances": [{**ROW, "more": [1]}]}, ""),
    ],
)
def test_inputs_that_do_not_fit_are_bad_requests(client: Any, request_body: Any, message: str) -> None:
    """`json_tensor.cc:FillTensorMapFromInstancesList`, `FillTensorMapFromInputsMap`, `FillTensorProto` and
    `AddValueToTensor`."""
    status, answer = client.http(PREDICT, request_body)
    assert (status, message in answer["error"]) == (400, True), answer


def test_an_object_of_inputs_may_hold_more(client: Any) -> None:
    """`json_tensor.cc:FillTensorMapFromInputsMap` looks only for the signature's own."""
    columns = {name: [values] for name, values in ROW.items()}
    assert client.http(PREDICT, {"inputs": {**columns, "more": "x"}})[0] == 200


def test_base64_needs_no_padding(client: Any) -> None:
    """`json_tensor.cc:JsonDecodeBase64Object`, `absl::Base64Unescape`."""
    bare = base64.b64encode("推好".encode() + b"!").decode().rstrip("=")
    status, answer = client.http(PREDICT, {"signature_name": "text", "instances": [{"b64": bare}]})
    assert (status, answer["predictions"][0]["label"]) == (200, "正面")


@pytest.mark.parametrize("method", ["classify", "regress"])
@pytest.mark.parametrize(
    ("request_body", "status", "message"),
    [
        (b"{", 400, "JSON Parse error: "),
        (b"{}", 400, "When method is classify, key 'examples' is expected and was not found"),
        (b'{"examples": 1}', 400, "Expecting 'examples' value to be an list/array"),
        (b'{"examples": []}', 400, "'examples' value is an empty array"),
        (b'{"examples": [1]}', 400, "Example must be JSON object"),
        (b'{"examples": [{"x": [1]}]}', 400, "Expected one input Tensor."),
        (b'{"signature_name": "text", "examples": [{"x": [1]}]}', 400, "output Tensor"),
        (b'{"signature_name": "no", "examples": [{"x": [1]}]}', 400, "No signature was found with the name: no"),
    ],
)
def test_classify_and_regress_want_examples_and_other_signatures(
    client: Any, method: str, request_body: bytes, status: int, message: str
) -> None:
    """`json_tensor.cc:FillClassifyRegressRequestFromJson`, `classifier.cc:GetClassificationSignatureDef`,
    `regressor.cc:GetRegressionSignatureDef`."""
    answered, error = client.http(f"/v1/models/sentiment:{method}", request_body)
    assert (answered, message in error["error"]) == (status, True), error
    assert client.http(f"/v1/models/other:{method}", b'{"examples": [{"x": [1]}]}')[0] == 404


def test_a_request_needs_no_content_type(client: Any) -> None:
    """`http_server.cc:ProcessRequest`, `http_rest_api_util.cc:AddHeaders`; the date is libevent's."""
    status, headers, body = ask(client, "POST", PREDICT, ASKED)
    assert (status, headers["content-type"], list(json.loads(body))) == (200, "application/json", ["predictions"])
    assert headers["date"].endswith(" GMT") and int(headers["content-length"]) == len(body)


def test_a_gzipped_body_is_unpacked(client: Any) -> None:
    """`evhttp_request.cc:ReadRequestBytes`, `NeedUncompressGzipContent`; what is damaged counts as an empty body."""
    status, _, body = ask(client, "POST", PREDICT, gzip.compress(ASKED), Content_Encoding="gzip")
    assert (status, json.loads(body)["predictions"][0]["label"]) == (200, "負面")
    damaged = gzip.compress(ASKED)[:-9]
    assert ask(client, "POST", PREDICT, damaged, Content_Encoding="gzip")[0] == 400
    assert ask(client, "POST", PREDICT, gzip.compress(ASKED))[0] == 400, "it is not called gzip"


def test_a_large_request_is_answered(client: Any) -> None:
    """No function of `evhttp_server.cc` or `http_server.cc` limits a body."""
    posts = ["推" + "長" * 100_000] * 16
    status, answer = client.http("/v1/models/sentiment/versions/1:predict", {"signature_name": "text", "inputs": posts})
    assert (status, answer["outputs"]["label_id"]) == (200, [0] * 16)


@pytest.mark.parametrize("path", ["/", "/v2/models", "/monitoring"])
def test_a_path_outside_the_api_is_not_found_in_html(client: Any, path: str) -> None:
    """`evhttp_server.cc:DispatchEvRequest`."""
    status, headers, _ = ask(client, "GET", path)
    assert (status, headers["content-type"].partition(";")[0], headers["connection"]) == (404, "text/html", "close")


def counted(client: Any, **labels: str) -> float:
    """Returns how many requests of the model `sentiment` were counted with these labels; which need not be all."""
    _, _, page = ask(client, "GET", METRICS)
    lines = [line for line in page.decode().splitlines() if line.startswith(":tensorflow:serving:")]
    name = "request_latency_count" if "API" in labels else "request_count"
    wanted = [f'{key}="{value}"' for key, value in {"model_name": "sentiment", **labels}.items()]
    found = [line for line in lines if f":{name}{{" in line and all(label in line for label in wanted)]
    assert len(found) <= 1, found
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


def settled(client: Any, before: float, by: int, **labels: str) -> bool:
    client.wait_for(lambda: counted(client, **labels) >= before + by, f"{labels} to be counted")
    return counted(client, **labels) == before + by


def test_requests_are_counted_and_measured_with_these_labels(client: Any) -> None:
    """`servables/tensorflow/util.cc`, `http_server.cc:ProcessRequest`, `prediction_service_impl.cc:Predict`."""
    good, bad = counted(client, status="OK"), counted(client, status="INVALID_ARGUMENT")
    times = [{"API": api, "entrypoint": port} for api, port in (("Predict", "GRPC"), ("predict", "REST"), ("", "REST"))]
    before = [counted(client, **labels) for labels in times]
    client.predict(TEXT, "text", label="stable")
    assert client.http(PREDICT, ASKED)[0] == 200
    assert client.http("/v1/models/sentiment")[0] == 200
    assert client.http("/v1/models/sentiment/versions/1/metadata")[0] == 200
    assert client.http(PREDICT, b"{}")[0] == 400
    assert client.http("/v1/models/sentiment/labels/none:predict", ASKED)[0] == 400
    assert settled(client, good, 4, status="OK")
    assert settled(client, bad, 2, status="INVALID_ARGUMENT")
    for was, by, labels in zip(before, (1, 1, 2), times, strict=True):
        assert settled(client, was, by, **labels), labels


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_metrics_are_where_the_monitoring_configuration_says(client: Any, method: str) -> None:
    """`http_server.cc:ProcessPrometheusRequest`, for any method; `evhttp_server.cc:DispatchEvRequest`."""
    client.predict(TEXT, "text", label="stable")
    status, headers, page = ask(client, method, METRICS)
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert b":tensorflow:serving:request_latency_bucket{" in page
    status, headers, page = ask(client, method, f"{METRICS}?x=1")
    assert (status, headers["content-type"].partition(";")[0]) == (400, "text/plain")
    assert page.decode() == f"Unexpected path: {METRICS}?x=1. Should be {METRICS}"
