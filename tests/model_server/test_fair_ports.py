"""Fairness through the sockets: one client's many rows do not keep another's single post waiting."""

from __future__ import annotations

import contextlib
import http.client
import json
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

from sentiment.model_server.fair import Caller
from sentiment.model_server.parameter_files import Batching
from sentiment.model_server.work import TURN, WORK, lengths_of, work_of

AS_SHIPPED = Batching(
    max_batch_size=1024, batch_timeout_micros=2000, max_enqueued_batches=64, num_batch_threads=2, pad=True,
    split_large=True, max_execution_batch_size=32, allowed_batch_sizes=(1, 2, 4, 8, 16, 32),
)  # fmt: skip
POST = "好" * 130  # a row's tokens; short posts have few, and then the number of rows is the limit


def over_rest(server: Any, rows: int, source: str) -> None:
    """Asks once over a connection of its own, from a local address that stands for a client."""
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=60, source_address=(source, 0))
    with contextlib.closing(connection):
        body = json.dumps({"signature_name": "slow", "instances": [POST] * rows}).encode()
        connection.request("POST", "/v1/models/sentiment:predict", body)
        response = connection.getresponse()
        assert (response.status, len(json.loads(response.read())["predictions"])) == (200, rows)


def over_grpc(server: Any, rows: int, source: str, post: str = POST) -> None:
    """Asks once over a connection of its own; all gRPC clients of a machine have the same address."""
    from tensorflow_serving.apis import predict_pb2

    from sentiment.tensorflow_setup import tf

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", "slow"
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([post.encode()] * rows))
    with grpc.insecure_channel(server.grpc_address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        answer = predict_pb2.PredictResponse.FromString(call(request.SerializeToString(), timeout=60))
    assert len(answer.outputs["done"].float_val) == rows


def test_many_short_posts_leave_room_in_the_queue_of_batches(site: Any, start: Any) -> None:
    """As it was, 64 batches of one client filled it, and another one's post was refused with UNAVAILABLE."""
    rows = {"text": np.array([b"x"] * 128, object)}
    assert WORK // work_of(lengths_of(rows)) * 128 <= AS_SHIPPED.max_enqueued_batches * AS_SHIPPED.largest_batch / 2
    server = start(site, batching=AS_SHIPPED).server
    greedy = [
        threading.Thread(target=over_grpc, args=(server, 1024, "127.0.0.1"), kwargs={"post": "x"}) for _ in range(16)
    ]
    for thread in greedy:
        thread.start()
    while any(thread.is_alive() for thread in greedy):
        over_rest(server, 1, "127.0.0.2")


@pytest.mark.parametrize("long", [1, 128])
def test_a_request_with_long_posts_takes_turns_that_are_not_long(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    """As it was, the other 127 posts of a request with one long counted as nothing, and 128 long ones were one turn."""
    client = start(site, batching=AS_SHIPPED)
    turnstile, costs = client.server._admission._work, list[float]()
    enter = turnstile.enter

    def noted(caller: Caller, cost: float) -> Any:
        costs.append(cost)
        return enter(caller, cost)

    monkeypatch.setattr(turnstile, "enter", noted)
    posts = ["推" + "! " * 512] * long + ["噓"] * (128 - long)
    assert client.ask(*posts) == ["正面"] * long + ["負面"] * (128 - long)
    assert max(costs) <= TURN
    assert sum(costs) >= 8 * 512 + 120 * 64 if long == 1 else sum(costs) == 128 * 512


@pytest.mark.parametrize("ask", [over_rest, over_grpc])
def test_a_single_post_does_not_wait_for_another_client_s_sixteen_thousand_rows(
    site: Any, start: Any, ask: Callable[..., None]
) -> None:
    server = start(site, batching=AS_SHIPPED).server
    ask(server, 1, "127.0.0.2")
    began = time.monotonic()
    greedy = [threading.Thread(target=ask, args=(server, 1024, "127.0.0.1")) for _ in range(16)]
    for thread in greedy:
        thread.start()
    time.sleep(0.1)
    singles = []
    while any(thread.is_alive() for thread in greedy):
        asked = time.monotonic()
        ask(server, 1, "127.0.0.2")
        singles.append(time.monotonic() - asked)
    whole = time.monotonic() - began
    assert len(singles) > 8, "as it was, they were answered near the end, or the queue was full"
    second_slowest = sorted(singles)[-2]  # one may meet all sixteen messages as they are read
    assert (statistics.median(singles) < whole / 10, second_slowest < whole / 2) == (True, True), (singles, whole)
