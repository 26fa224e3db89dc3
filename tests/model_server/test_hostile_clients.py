"""Clients that mean no good: each gets a 4xx or is cut off, and the next one is served as before."""

from __future__ import annotations

import contextlib
import gzip
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.certificates import make_pair
from support.conformance import PREDICT
from support.unfinished import send_unfinished

from sentiment.model_server import grpc_calls, model_server, ports
from sentiment.model_server.fair import Caller
from sentiment.model_server.health import health_messages
from sentiment.model_server.tls import Tls
from sentiment.processes import memory_bytes

REQUEST = b"GET /v1/models/sentiment HTTP/1.1\r\nHost: x\r\n"


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def messages_after(event: threading.Event) -> Iterator[bytes]:
    """Yields nothing at all, and keeps a call waiting for it until the event."""
    event.wait()
    yield from ()


def answer_to(client: Any, data: bytes) -> bytes:
    """Returns what comes back until the server closes, or has answered."""
    with connect(client.server.rest_port) as connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)
        return connection.recv(65536)
    return b""


@pytest.mark.parametrize(
    "data",
    [
        REQUEST + b"X: " + b"x" * 200_000 + b"\r\n\r\n",
        REQUEST + b"".join(b"X-%d: x\r\n" % number for number in range(50_000)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"GET /v1/models/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x00" * 1000,
    ],
)
def test_what_is_no_http_is_a_bad_request(standing: Any, data: bytes) -> None:
    answer = answer_to(standing, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert standing.ask("好") == ["正面"]


def test_a_client_that_never_finishes_its_head_is_cut_off(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "SECONDS_FOR_HEADERS", 0.3)
    client = start(site)
    with connect(client.server.rest_port) as silent, connect(client.server.rest_port) as slow:
        slow.sendall(REQUEST)
        assert (silent.recv(100), slow.recv(100)) == (b"", b"")
    assert client.ask("好") == ["正面"]


def test_idle_connections_leave_room_for_others(standing: Any) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(standing.server.rest_port))
            stack.enter_context(connect(standing.server.grpc_port))
        assert standing.ask("好") == ["正面"]
        assert standing.predict({"text": ["好"]}, "text").model_spec.version.value == 1


def test_a_new_connection_takes_the_place_of_the_longest_silent_one(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "MAX_SOCKETS", 8)
    client = start(site)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(client.server.rest_port)) for _ in range(30)]
        assert client.ask("好") == ["正面"]
        assert silent[0].recv(1) == b""


def test_eleven_hundred_silent_connections_to_each_port_stop_nobody(standing: Any) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(connect(standing.server.rest_port))
            stack.enter_context(connect(standing.server.grpc_port))
        assert standing.ask("好") == ["正面"]
        assert standing.predict({"text": ["好"]}, "text").model_spec.version.value == 1


def test_connections_over_tls_that_say_nothing_take_little_memory(site: Any, start: Any, tmp_path: Path) -> None:
    """As it was, a quarter of a megabyte each."""
    key, certificate = make_pair(tmp_path)
    client = start(site, tls=Tls(key.read_text(), certificate.read_text()))
    before = memory_bytes("self")
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(client.server.rest_port))
        client.wait_for(lambda: len(client.server._app._book) == 300, "all to be taken in")
        assert memory_bytes("self") - before < 40_000_000


def test_a_client_that_leaves_before_its_answer_harms_nobody(standing: Any) -> None:
    body = b'{"signature_name": "text", "instances": ["\xe5\xa5\xbd"]}'
    head = b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    for _ in range(20):
        with connect(standing.server.rest_port) as connection:
            connection.sendall(head + body)
            connection.shutdown(socket.SHUT_WR)
    assert standing.ask("好") == ["正面"]


@pytest.mark.parametrize(
    "data", [b"\x00" * 4096, REQUEST + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096]
)
def test_garbage_on_the_grpc_port_is_cut_off(standing: Any, data: bytes) -> None:
    with connect(standing.server.grpc_port) as connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)
        while connection.recv(65536):
            pass
    assert standing.predict({"text": ["好"]}, "text").model_spec.version.value == 1


def test_a_grpc_message_that_is_no_request_is_refused(standing: Any) -> None:
    import grpc

    call = standing.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as refused:
        call(b"\xff" * 1000, timeout=20)
    assert refused.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert standing.predict({"text": ["好"]}, "text").model_spec.version.value == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [' + b"9" * 5_000_000 + b"]}",
        b'{"a": ' * 100_000,
        b'{"signature_name": "text", "instances": [' + b"[" * 400 + b"]" * 400 + b"]}",
        b'{"signature_name": "text", "instances": [' + b"0," * 2_000_001 + b"0]}",
        b'{"instances": [1], "instances": [{"b64": "*"}]}',
        b'{"signature_name": "text", "instances": [' + b"[]," * 100_000 + b"[]]}",
        b'{"signature_name": "text", "instances": "' + b"\\u0000" * 100_000 + b'"}',
    ],
)
def test_json_that_is_a_burden_is_a_bad_request(standing: Any, body: bytes) -> None:
    status, answer = standing.http("/v1/models/sentiment:predict", body)
    assert (status, len(answer["error"]) < 500) == (400, True), answer["error"][:500]


def bomb(megabytes: int) -> bytes:
    """Returns a request for one text of zeros, compressed."""
    from tensorflow_serving.apis import predict_pb2

    from sentiment.tensorflow_setup import tf

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", "text"
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([b"0" * (megabytes << 20)]))
    return gzip.compress(request.SerializeToString())


def test_a_text_that_nobody_would_read_whole_is_refused_over_both_ports(standing: Any) -> None:
    """As it was, one of 16 MB was computed alone for two seconds, in which nobody else was answered."""
    import grpc

    from sentiment.model_server.tensors import LONGEST_TEXT

    assert standing.ask("推" + "a" * (LONGEST_TEXT - 3)) == ["正面"]
    told = f"a text must have at most {LONGEST_TEXT} bytes; found {LONGEST_TEXT + 1}"
    long = "a" * (LONGEST_TEXT + 1)
    body = json.dumps({"signature_name": "text", "instances": ["好", long]}).encode()
    assert standing.http(PREDICT, body) == (400, {"error": told})
    with pytest.raises(grpc.RpcError, match=told):
        standing.predict({"text": [long.encode()]}, "text")


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_small_messages_that_unpack_to_much_are_refused_before_they_do(standing: Any) -> None:
    """As it was, ten of them took 4 GB."""
    import grpc

    call = standing.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    message, before = bomb(60), peak_bytes()
    # Its own flag says that a message is compressed; without it the server looks at the first bytes.
    with ThreadPoolExecutor(10) as pool:
        refused = [pool.submit(call, message, timeout=60).exception() for _ in range(10)]
    codes = {error.code() for error in refused if isinstance(error, grpc.RpcError)}
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert peak_bytes() - before < 400e6
    assert standing.ask("好") == ["正面"]


def test_a_compressed_message_of_an_honest_client_is_answered(site: Any, start: Any) -> None:
    import grpc

    client = start(site)
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        with grpc.insecure_channel(client.server.grpc_address, compression=compression) as channel:
            answer = type(client)(client.server, channel).predict({"text": ["好" * 2000]}, "text")
            assert answer.outputs["label"].string_val[0].decode() == "正面"


def test_a_message_must_hold_the_values_that_it_claims(standing: Any) -> None:
    """As it was, two messages of 112 bytes took 44 seconds of a processor."""
    import grpc

    from sentiment.tensorflow_setup import tf

    shape = tf.TensorShape([1000, 512]).as_proto()
    tensor = tf.make_tensor_proto(1).__class__(dtype=3, tensor_shape=shape, int_val=[1])
    texts = tf.make_tensor_proto(1).__class__(dtype=7, tensor_shape=tf.TensorShape([1000]).as_proto())
    texts.string_val.append(b"x")
    for inputs, signature in (
        (dict.fromkeys(("input_ids", "input_mask", "segment_ids"), tensor), ""),
        ({"text": texts}, "text"),
    ):
        with pytest.raises(grpc.RpcError, match="must hold its values; found 1 of ") as refused:
            standing.predict(inputs, signature)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_every_type_number_is_answered_or_refused_without_an_internal_error(standing: Any) -> None:
    import grpc

    from sentiment.tensorflow_setup import tf

    for number in (*range(32), 101, 123, 2**31 - 1):
        tensor = tf.make_tensor_proto(1).__class__(dtype=number, tensor_shape=tf.TensorShape([1]).as_proto())
        tensor.tensor_content = b"\x00" * 8
        with pytest.raises(grpc.RpcError) as refused:
            standing.predict({"text": tensor}, "text")
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT, (number, refused.value.details())


def test_a_call_whose_message_never_comes_gives_its_place_back(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import grpc

    monkeypatch.setattr(grpc_calls, "SECONDS_FOR_MESSAGE", 0.1)
    monkeypatch.setattr(model_server, "SECONDS_BETWEEN_SILENT", 0.1)
    client, never = start(site), threading.Event()
    call = client.channel.stream_unary("/tensorflow.serving.PredictionService/Predict")
    silent = [call.future(messages_after(never)) for _ in range(20)]
    for one in silent:
        with pytest.raises((grpc.RpcError, grpc.FutureCancelledError)):
            one.result(timeout=20)
    never.set()
    client.wait_for(lambda: client.server._calls.places.free == grpc_calls.MAX_CONCURRENT_CALLS, "the places")
    assert client.ask("好") == ["正面"]


def test_health_checks_whose_message_never_comes_are_answered_and_hold_nothing(standing: Any) -> None:
    """They bring no token. There are more of them than the port has threads."""
    never, response = threading.Event(), health_messages()[1]
    check = standing.channel.stream_unary("/grpc.health.v1.Health/Check", response_deserializer=response.FromString)
    silent = [check.future(messages_after(never), timeout=20) for _ in range(700)]
    try:
        assert standing.ask("好") == ["正面"]
        assert {one.result().status for one in silent} == {1}
    finally:
        never.set()


def test_few_messages_of_a_client_are_read_at_once_and_others_are_served(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come of a message that is not whole counts nowhere, so few may come at once."""
    monkeypatch.setattr(model_server, "SECONDS_BETWEEN_SILENT", 0.1)
    client, never = start(site), threading.Event()
    calls, call = client.server._calls, client.channel.stream_unary("/tensorflow.serving.PredictionService/Predict")
    futures = [call.future(messages_after(never)) for _ in range(40)]
    try:
        client.wait_for(lambda: calls.places.free == grpc_calls.MAX_CONCURRENT_CALLS - 40, "all calls to be taken in")
        client.wait_for(lambda: calls.reading.waiting, "some to wait")
        assert len(calls._awaited) == grpc_calls.MESSAGES_READ_AT_ONCE // 2
        with calls.reading.enter(Caller(("another", "1"), until=time.monotonic() + 2)):
            assert client.http("/v1/models/sentiment")[0] == 200
        monkeypatch.setattr(grpc_calls, "SECONDS_WHEN_OTHERS_WAIT", 0.1)
        assert client.ask("好") == ["正面"], "those that are late go when others wait"
    finally:
        never.set()
        for one in futures:
            one.cancel()


@pytest.mark.parametrize(
    ("path", "most"),
    [("/tensorflow.serving.PredictionService/Predict", 64), ("/grpc.health.v1.Health/Check", 0)],
    ids=["Predict", "health"],
)
def test_of_messages_that_never_end_little_is_taken(standing: Any, path: str, most: int) -> None:
    """As many megabytes are read as one client may have; of each other message what fits into HTTP/2's first window."""
    megabytes = send_unfinished(standing.server.grpc_port, path, 40, 1.5) >> 20
    assert megabytes <= most + 40 * 65_535 / 2**20
    assert megabytes >= most / 2
    assert standing.ask("好") == ["正面"]


def test_sixty_four_honest_calls_over_one_channel_are_all_answered(standing: Any) -> None:
    """Of messages that are larger than what comes unasked; more than are read at once."""
    text = "好" * 50_000
    with ThreadPoolExecutor(64) as pool:
        found = list(pool.map(lambda _: standing.ask(text), range(128)))
    assert found == [["正面"]] * 128
