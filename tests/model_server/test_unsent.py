"""Answers that nobody takes, and what a refusal tells again: neither holds more memory than its client may have."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.certificates import make_pair
from support.conformance import ask
from support.unfinished import calls_without_a_window

from sentiment.model_server import model_server, servable, unsent
from sentiment.model_server.admission import SMALL_ANSWER, Admission
from sentiment.model_server.grpc_calls import MAX_CONCURRENT_CALLS
from sentiment.model_server.refusal import CUT, MOST_TOLD, Code, Refusal, quoted
from sentiment.model_server.rest_limits import RestLimits
from sentiment.model_server.tls import Tls
from sentiment.model_server.unsent import Twice

LONG = "名" * 300_000
PREDICT = "/tensorflow.serving.PredictionService/Predict"
MANY = {"signature_name": "text", "instances": ["好"] * 4000}  # rows, so that their answer counts


@pytest.mark.parametrize(
    "text", ["a" * 1024, "名" * 341, "", "\ud800" * 2, "a" * 2000, "名" * 2000, "😀" * 999, "\n" * 1025]
)
def test_what_is_told_is_short_and_begins_as_it_was_said(text: str) -> None:
    told, whole = Refusal(Code.NOT_FOUND, text).told, text.encode(errors="replace")
    assert len(told.encode()) <= MOST_TOLD + len(CUT)
    assert whole.decode().startswith(told.removesuffix(CUT))
    assert (told == whole.decode()) == (len(whole) <= MOST_TOLD)


def test_a_quoted_value_is_cut() -> None:
    assert (quoted("名" * 200), quoted("名" * 201)) == ("名" * 200, "名" * 200 + "…")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": LONG}, "Servable not found for request: Latest(名"),
        ({"model": LONG, "version": 3}, "Servable not found for request: Specific(名"),
        ({"label": LONG}, "Unrecognized servable version label: 名"),
        ({"signature": LONG}, 'Serving signature key "名'),
        ({"outputs": (LONG,)}, "output tensor alias not found in signature: 名"),
        ({"inputs": {LONG: ["好"], "more": ["好"]}}, "input size does not match signature: 2!=1 len({more,名"),
        ({"inputs": {LONG: ["好"]}}, "Signature input alias: text(feed name: "),
    ],
)
def test_grpc_tells_little_of_what_a_client_wrote(standing: Any, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        standing.predict(**{"inputs": {"text": ["好"]}, "signature": "text"} | asked)
    details = refused.value.details()
    assert details.startswith(said), details[:200]
    assert len(details.encode()) <= MOST_TOLD + len(CUT)


@pytest.mark.parametrize(
    ("method", "said"), [("Status", "Could not find any versions of model 名"), ("Metadata", "Metadata field 名")]
)
def test_status_and_metadata_tell_little_of_what_a_client_wrote(standing: Any, method: str, said: str) -> None:
    from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

    status, metadata = get_model_status_pb2.GetModelStatusRequest(), get_model_metadata_pb2.GetModelMetadataRequest()
    status.model_spec.name = LONG
    metadata.model_spec.name, metadata.metadata_field[:] = "sentiment", [LONG]
    path, request = {
        "Status": ("ModelService/GetModelStatus", status),
        "Metadata": ("PredictionService/GetModelMetadata", metadata),
    }[method]
    call = standing.channel.unary_unary(f"/tensorflow.serving.{path}")
    with pytest.raises(grpc.RpcError) as refused:
        call(request.SerializeToString(), timeout=20)
    assert refused.value.details().startswith(said)
    assert len(refused.value.details().encode()) <= MOST_TOLD + len(CUT)


def test_rest_tells_little_of_what_a_client_wrote(standing: Any) -> None:
    predict = "/v1/models/sentiment:predict"
    for path, body in (
        (predict, {"signature_name": LONG, "instances": ["a"]}),
        ("/v1/models/" + "a" * 20_000 + ":predict", {"instances": ["a"]}),
        ("/v1/models/sentiment/labels/" + "a" * 20_000 + ":predict", {"instances": ["a"]}),
        ("/v1/" + "a" * 20_000, {}),
    ):
        status, answer = standing.http(path, body)
        assert (status in (400, 404), len(answer["error"]) < 500) == (True, True), answer["error"][:500]
    for path in ("/" + "a" * 20_000, "/metrics?" + "a" * 20_000):
        status, _, page = ask(standing, "GET", path)
        assert (status in (400, 404), len(page) < 500) == (True, True), page[:500]


@pytest.fixture
def any_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so small a model an answer is large only with more rows than a server takes."""
    monkeypatch.setattr(servable, "MOST_ROWS", 10**6)


def large_answer() -> bytes:
    """Returns a request whose answer counts; eight of them fit into HTTP/2's first window."""
    from tensorflow_serving.apis import predict_pb2

    from sentiment.tensorflow_setup import tf

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", "text"
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([b""] * 3000))
    return bytes(request.SerializeToString())


@pytest.mark.usefixtures("any_rows")
def test_answers_over_grpc_that_nobody_takes_count_and_are_dropped(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_server, "SECONDS_BETWEEN_SILENT", 0.05)
    client = start(site, rest=RestLimits(all_bodies_bytes=4_000_000))
    calls, share = client.server._calls, client.server._admission._bytes
    with calls_without_a_window(client.server.grpc_port, PREDICT, large_answer(), 8):
        client.wait_for(lambda: len(calls.unsent) == 8 and not calls.running._inside, "all to be answered")
        assert share._held["127.0.0.1"] > 8 * SMALL_ANSWER
        assert calls.places._held == {"127.0.0.1": 8}, "a place, too, as long as the answer is not out"
        assert client.ask("好") == ["正面"]
        monkeypatch.setattr(unsent, "SECONDS_FOR_ANSWER", 0.0)
        client.wait_for(lambda: not share._held and calls.places.free == MAX_CONCURRENT_CALLS, "them to be dropped")
        assert len(calls.unsent) == 0


@pytest.mark.usefixtures("any_rows")
def test_answers_over_grpc_are_no_more_than_a_client_may_hold(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(all_bodies_bytes=400_000))
    calls, share = client.server._calls, client.server._admission._bytes
    with calls_without_a_window(client.server.grpc_port, PREDICT, large_answer(), 8):
        counted = (
            b'sentiment_requests_total{entrypoint="GRPC",label="",model_name="sentiment",status="OK",version="1"} 8.0'
        )
        client.wait_for(lambda: counted in client.server.metrics.render(), "all to be computed")
        client.wait_for(lambda: not calls.running._inside, "them to be answered or refused")
        assert 1 < calls.places._held["127.0.0.1"] < 8, "the others are refused, and need no place"
        assert share._held["127.0.0.1"] <= 200_000
        assert client.ask("好") == ["正面"]
    client.wait_for(lambda: not share._held, "them to end with the connection")


def test_small_answers_that_nobody_takes_are_few(site: Any, start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsent, "MOST_SMALL", 100)
    client = start(site)
    waiting = client.server._calls.unsent
    with calls_without_a_window(client.server.grpc_port, "/grpc.health.v1.Health/Check", b"", 200):
        client.wait_for(lambda: len(waiting) >= 50, "as many as may")
        assert len(waiting) == 50
        assert client.predict({"text": ["好"]}, "text").model_spec.version.value == 1
    client.wait_for(lambda: len(waiting) == 0, "them to end with the connection")


def test_a_method_that_nobody_serves_is_refused_as_any_other_call(standing: Any) -> None:
    with pytest.raises(grpc.RpcError, match="Method not found!") as refused:
        standing.channel.unary_unary("/tensorflow.serving.PredictionService/Nothing")(b"", timeout=20)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    standing.wait_for(lambda: len(standing.server._calls.unsent) == 0, "it to be out")


def unread(client: Any, body: bytes, trusting: ssl.SSLContext | None = None) -> socket.socket:
    """Returns a connection that has asked, and whose answer stays with the server."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", client.server.rest_port))
    if trusting:
        connection = trusting.wrap_socket(connection, server_hostname="127.0.0.1")
    head = b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.sendall(head + body)
    return connection


@pytest.mark.usefixtures("any_rows")
@pytest.mark.parametrize("with_tls", [False, True])
def test_an_answer_over_rest_that_nobody_takes_counts_and_ends_its_connection(
    site: Any, start: Any, tmp_path: Path, with_tls: bool
) -> None:
    """As it was, over TLS it was out for the server when it was encrypted, and neither counted nor ended."""
    key, certificate = make_pair(tmp_path)
    client = start(
        site,
        rest=RestLimits(seconds_for_answer=0.5),
        tls=Tls(key.read_text(), certificate.read_text()) if with_tls else None,
    )
    trusting = ssl.create_default_context(cafile=str(certificate)) if with_tls else None
    share, book = client.server._admission._bytes, client.server._app._book
    body = json.dumps({"signature_name": "text", "instances": ["好"] * 65_000}).encode()
    with closing(unread(client, body, trusting)) as connection:
        address = connection.getsockname()
        client.wait_for(lambda: share._held.get("127.0.0.1", 0) > 4_000_000, "the answer")
        assert with_tls or client.ask("好") == ["正面"]
        client.wait_for(lambda: not share._held and not book.has(address), "it to be dropped")
    assert with_tls or client.ask("好") == ["正面"]


@pytest.mark.usefixtures("any_rows")
def test_a_large_answer_over_rest_that_is_too_much_is_refused(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(all_bodies_bytes=200_000))
    status, answer = client.http("/v1/models/sentiment:predict", MANY)
    assert (status, answer) == (429, {"error": "The memory for answers is full"})
    assert client.ask("好") == ["正面"]


def test_a_small_answer_is_given_to_a_client_that_holds_all_it_may() -> None:
    admission = Admission(1000)
    assert admission.take("a", 500)
    assert admission.take_answer("a", SMALL_ANSWER) == 0
    with pytest.raises(Refusal, match="answers is full") as refused:
        admission.take_answer("a", SMALL_ANSWER + 1)
    assert refused.value.code is Code.RESOURCE_EXHAUSTED


def test_it_is_done_when_the_second_has_said_so() -> None:
    done: list[int] = []
    twice = Twice(lambda: done.append(1))
    twice()
    assert done == []
    twice()
    assert done == [1]
