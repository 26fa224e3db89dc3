"""What the REST port adds to conformance/: our own words, limits, hostile bodies, what is not served."""

from __future__ import annotations

import base64
import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.conformance import ask

from sentiment.model_server.rest_limits import RestLimits

PREDICT = "/v1/models/sentiment:predict"
ROW = {"input_ids": [3, 4], "input_mask": [1, 1], "segment_ids": [0, 0]}


@pytest.mark.parametrize(("path", "code"), [("/script", 404), ("/<script>", 400)])
def test_an_answer_outside_the_api_does_not_repeat_the_path(standing: Any, path: str, code: int) -> None:
    status, _, body = ask(standing, "GET", path)
    assert (status, b"script" in body) == (code, False)


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
        ({"signature_name": "text", "instances": [1, 2]}, "JSON Value of input text is not of expected type: string"),
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


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
def test_a_gzipped_body_is_unpacked_whole(standing: Any, size: int) -> None:
    texts = ["噓" + "a" * min(size, 300_000)] * max(1, size // 300_000)  # a longer text is refused
    asked = {"signature_name": "text", "instances": texts}
    zipped = gzip.compress(json.dumps(asked).encode())
    status, _, body = ask(standing, "POST", PREDICT, zipped, Content_Encoding="gzip")
    assert (status, json.loads(body)["predictions"][0]["label"]) == (200, "負面")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"no gzip at all", "the compressed message is damaged: Error -3"),
        (gzip.compress(b"{}")[:-1], "the compressed message is damaged: its end is missing"),
        (gzip.compress(b"a" * 10_000_000)[:-12], "the compressed message is damaged: its end is missing"),
        (gzip.compress(b"{}") + gzip.compress(b"{}"), "the compressed message is damaged: something follows its end"),
        (b"", "the compressed message is damaged: its end is missing"),
    ],
)
def test_a_damaged_gzip_is_a_bad_request(standing: Any, body: bytes, told: str) -> None:
    status, _, answer = ask(standing, "POST", PREDICT, body, Content_Encoding="gzip")
    assert (status, json.loads(answer)["error"].startswith(told)) == (400, True), answer


def test_a_gzip_bomb_is_413_and_nothing_of_it_stays(standing: Any, caplog: pytest.LogCaptureFixture) -> None:
    bomb = gzip.compress(b"[" * 200_000_000, 9)
    share, largest = standing.server._admission._bytes, 0
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, standing, "POST", PREDICT, bomb, Content_Encoding="gzip") for _ in range(8)]
        while not all(call.done() for call in asked):
            largest = max(largest, sum(share._held.values()))
            time.sleep(0.001)
    assert {(call.result()[0], call.result()[2]) for call in asked} == {
        (413, b'{"error": "a message must have at most 16777216 bytes"}')
    }
    assert len(bomb) < largest < 17_000_000 + 8 * len(bomb), "one is unpacked at a time"
    standing.wait_for(lambda: not share._held, "it to be given back")
    assert not caplog.records
    assert standing.ask("好") == ["正面"]


def test_gzip_has_no_more_memory_than_other_bodies(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(all_bodies_bytes=400_000))
    body = gzip.compress(json.dumps({"signature_name": "text", "instances": ["x" * 300_000]}).encode())
    status, _, answer = ask(client, "POST", PREDICT, body, Content_Encoding="gzip")
    assert (status, json.loads(answer)) == (503, {"error": "The memory for requests is full"})
    assert client.ask("好") == ["正面"]


def test_a_huge_body_is_413_and_the_server_goes_on(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(body_bytes=10_000))
    body = json.dumps({"signature_name": "text", "instances": ["x" * 20_000]}).encode()
    assert client.http(PREDICT, body) == (413, {"error": "the body must be at most 10000 bytes"})
    assert client.ask("好") == ["正面"]
