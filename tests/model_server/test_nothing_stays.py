"""What a refused request held is gone with its answer: nothing waits for Python to look for circles of references.

A list of texts counts as one object there, so such a search may not come before the memory is full.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import logging
import socket
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.conformance import ask

import sentiment.model_server
from sentiment.model_server.rest_limits import RestLimits
from sentiment.model_server.threads import Threads

SERVER = str(Path(sentiment.model_server.__file__).parent)
MODEL = "/v1/models/sentiment"
PREDICT = f"{MODEL}:predict"


@contextlib.contextmanager
def circles() -> Iterator[list[str]]:
    """Yields a list: afterwards, the functions of the server whose variables only a search for circles would free."""
    found: list[str] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        frames = [one for one in gc.garbage if isinstance(one, types.FrameType)]
        found += sorted({one.f_code.co_qualname for one in frames if one.f_code.co_filename.startswith(SERVER)})
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


REFUSED_BY_THE_GRAPH = b'{"inputs": {"input_ids": [[99]], "input_mask": [[1]], "segment_ids": [[0]]}}'
POSTS: dict[str, tuple[str, bytes, int]] = {  # what is wrong: path, body, status
    "no inputs": (PREDICT, b'{"x": ["a", "b"]}', 400),
    "no JSON": (PREDICT, b'{"instances": ["a",', 400),
    "half a pair": (PREDICT, b'{"signature_name": "text", "instances": ["\\ud83d"]}', 400),
    "a key twice": (PREDICT, b'{"a": 1, "a": 1}', 400),
    "too deep": (PREDICT, b"[" * 100_000, 400),
    "no UTF-8": (PREDICT, b'{"instances": ["\xff"]}', 400),
    "a wrong type": (PREDICT, b'{"signature_name": "text", "instances": ["a", 1]}', 400),
    "no base64": (PREDICT, b'{"signature_name": "text", "instances": [{"b64": "*"}]}', 400),
    "a wrong shape": (PREDICT, b'{"signature_name": "text", "instances": [["a"]]}', 400),
    "no such signature": (PREDICT, b'{"signature_name": "no", "instances": ["a"]}', 400),
    "what the graph refuses": (PREDICT, REFUSED_BY_THE_GRAPH, 400),
    "no such version": (f"{MODEL}/versions/9:predict", b'{"instances": ["a"]}', 404),
    "no such label": (f"{MODEL}/labels/no:predict", b'{"instances": ["a"]}', 400),
    "examples": (f"{MODEL}:classify", b'{"examples": [{"a": 1}]}', 400),
    "no examples": (f"{MODEL}:regress", b'{"x": ["a"]}', 400),
    "a bad path": (f"{MODEL}:no", b'{"x": ["a"]}', 400),
}


@pytest.mark.parametrize("what", POSTS)
def test_a_refused_body_is_gone_with_its_answer(standing: Any, what: str) -> None:
    path, body, status = POSTS[what]
    with circles() as found:
        statuses = {standing.http(path, body)[0] for _ in range(3)}
    assert (statuses, found) == ({status}, [])


def test_a_zipped_body_is_gone_with_its_refusal_and_with_its_answer(standing: Any) -> None:
    bodies = [gzip.compress(b'{"x": ["a"]}'), b"no gzip", gzip.compress(b" " * (20 << 20))]
    good = gzip.compress(b'{"signature_name": "text", "instances": ["a"]}')
    with circles() as found:
        statuses = [ask(standing, "POST", PREDICT, body, Content_Encoding="gzip")[0] for body in (*bodies, good)]
    assert (statuses, found) == ([400, 400, 413, 200], [])


def test_what_ends_before_its_body_is_whole_leaves_nothing(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(seconds_for_body=0.2, body_bytes=1000))
    half = b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n{"
    with circles() as found:
        assert client.http(PREDICT, b" " * 2000)[0] == 413
        with socket.create_connection(("127.0.0.1", client.server.rest_port), timeout=20) as late:
            late.sendall(half)
            assert late.recv(100).startswith(b"HTTP/1.1 408")
        with socket.create_connection(("127.0.0.1", client.server.rest_port), timeout=20) as leaving:
            leaving.sendall(half)
        assert client.http(PREDICT, b"[]")[0] == 400
    assert found == []


CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # what is wrong: inputs, and of whom they are asked
    "no such version": ({"text": ["a"]}, {"version": 9}),
    "no such model": ({"text": ["a"]}, {"model": "no"}),
    "another input": ({"no": ["a"]}, {}),
    "a wrong type": ({"text": [1]}, {}),
    "a wrong shape": ({"text": [["a"]]}, {}),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_refused_message_is_gone_with_its_answer(standing: Any, what: str) -> None:
    inputs, spec = CALLS[what]
    with circles() as found:
        for _ in range(3):
            with pytest.raises(grpc.RpcError):
                standing.predict(inputs, "text", **spec)
    assert found == []


@pytest.mark.parametrize("data", [b"\xff" * 1000, b"", gzip.compress(b"\xff" * 1000), b"\x12\x00" * 70_000])
def test_a_message_that_is_no_request_is_gone_with_its_answer(standing: Any, data: bytes) -> None:
    call = standing.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with circles() as found:
        for _ in range(3):
            with pytest.raises(grpc.RpcError):
                call(data, timeout=20)
    assert found == []


def test_what_nobody_foresaw_leaves_nothing_either(standing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(standing.server.core, "using", fail)
    for log in (logging.getLogger("sentiment.server"), logging.getLogger()):
        monkeypatch.setattr(log, "handlers", [])  # pytest's keep what they are given
    with circles() as found:
        for _ in range(3):
            assert standing.http(PREDICT, b'{"instances": ["a"]}')[0] == 500
            with pytest.raises(grpc.RpcError):
                standing.predict({"text": ["a"]}, "text")
    assert found == []


def test_a_version_that_does_not_load_leaves_nothing(site: Any, start: Any) -> None:
    client = start(site)
    with circles() as found:
        site.add(2, lambda folder: (folder / "saved_model.pb").write_bytes(b"\xff"))
        site.configure(1, 2, stable=1)
        client.wait_until(2, "END")
    assert found == []


def test_the_error_of_what_a_thread_was_given_does_not_stay_with_it() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    pool = Threads(1, "test")
    with circles() as found:
        assert isinstance(pool.submit(fail).exception(20), ZeroDivisionError)
        assert pool.submit(len, "").result(20) == 0  # the thread has done the first
    pool.close()
    assert found == []
