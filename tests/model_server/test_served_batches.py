"""Batching: concurrent requests run together, nobody gets another's answer, a full queue refuses."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from support.conformance import THREE

from sentiment.model_server import model_server
from sentiment.model_server.model_server import ServerOptions
from sentiment.model_server.parameter_files import Batching

SLOW_TO_FILL = Batching(max_batch_size=16, batch_timeout_micros=200_000, num_batch_threads=1, pad=True)


def test_concurrent_requests_run_in_one_batch_and_keep_their_answers(site: Any, start: Any) -> None:
    client = start(site, batching=SLOW_TO_FILL)
    posts = ["推:好", "噓:爛", "路過", "噓:糟"] * 2
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda post: client.predict({"text": [post]}, "text").outputs, posts))
    labels = [answer["label"].string_val[0].decode() for answer in answers]
    assert labels == ["正面", "負面", "正面", "負面"] * 2
    assert max(answer["rows"].int_val[0] for answer in answers) > 1


def test_ids_of_different_lengths_are_padded_with_zeros_and_answered_as_alone(site: Any, start: Any) -> None:
    def ask(client: Any, length: int) -> list[float]:
        ids = np.full((1, length), 3, np.int32)
        outputs = client.predict({"input_ids": ids, "input_mask": ids, "segment_ids": ids * 0}).outputs
        return list(outputs["probabilities"].float_val)

    lengths = [2, 9, 5, 31, 2, 17]
    alone = [ask(start(site), length) for length in lengths]
    client = start(site, batching=SLOW_TO_FILL)
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda length: ask(client, length), lengths))
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert len({row[2] for row in alone}) == len(set(lengths))


@pytest.mark.parametrize("batching", [None, SLOW_TO_FILL, Batching(max_batch_size=4, allowed_batch_sizes=(1, 4))])
def test_no_rows_are_answered_with_no_rows(site: Any, start: Any, batching: Batching | None) -> None:
    client = start(site, batching=batching)
    status, answer = client.http("/v1/models/sentiment:predict", {"signature_name": "text", "inputs": {"text": []}})
    assert (status, answer["outputs"]["label"]) == (200, [])
    ids = np.zeros((0, 4), np.int32)
    outputs = client.predict({"input_ids": ids, "input_mask": ids, "segment_ids": ids}).outputs
    assert [size.size for size in outputs["probabilities"].tensor_shape.dim] == [0, 3]


def test_two_versions_never_share_a_batch(site: Any, start: Any) -> None:
    site.add(2)
    site.configure(1, 2, stable=1)
    client = start(site, batching=SLOW_TO_FILL)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda version: client.predict({"text": ["好"]}, "text", version=version), [1, 2] * 4))
    labels = [answer.outputs["label"].string_val[0].decode() for answer in answers]
    assert labels == ["正面", "負面"] * 4


def test_a_request_larger_than_a_batch_is_split(site: Any, start: Any) -> None:
    client = start(site, batching=Batching(64, 1000, split_large=True, max_execution_batch_size=4))
    outputs = client.predict({"text": ["噓"] * 11}, "text").outputs
    assert [label.decode() for label in outputs["label"].string_val] == ["負面"] * 11
    assert max(outputs["rows"].int_val) <= 4


@pytest.mark.parametrize("rows", [64, 200, 1024])
def test_without_batching_many_rows_take_turns(standing: Any, rows: int) -> None:
    outputs = standing.predict({"text": ["噓"] * rows}, "text").outputs
    assert [label.decode() for label in outputs["label"].string_val] == ["負面"] * rows
    assert max(outputs["rows"].int_val) == 64


TOO_MANY: dict[str, tuple[dict[str, Any], str, str]] = {
    "texts": ({"text": ["噓"] * 1025}, "text", "a request must have at most 1024 rows; found 1025"),
    "ids": (dict.fromkeys(THREE, [[1]] * 1025), "", "a request must have at most 1024 rows; found 1025"),
    "rows of nothing": (dict.fromkeys(THREE, [[]] * 1025), "", "a request must have at most 1024 rows; found 1025"),
    "one mask for many rows": (
        {**dict.fromkeys(THREE, [[1] * 512] * 1024), "input_mask": [[1] * 512]},
        "",
        "the inputs of a request must have equally many rows; found 1 and 1024",
    ),
}


@pytest.mark.parametrize("what", TOO_MANY)
def test_a_version_whose_graph_has_no_limit_of_rows_is_not_asked_for_more(standing: Any, what: str) -> None:
    """As it was, an export of before computed them at once: 40,000 short posts took all memory."""
    inputs, signature, told = TOO_MANY[what]
    with pytest.raises(grpc.RpcError) as refused:
        arrays = {name: np.array(rows, object if signature else np.int32) for name, rows in inputs.items()}
        standing.predict(arrays, signature)
    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, told)
    answer = standing.http("/v1/models/sentiment:predict", {"signature_name": signature, "inputs": inputs})
    assert answer == (400, {"error": told})


def test_a_full_queue_is_unavailable_and_503(site: Any, start: Any, tmp_path: Any) -> None:
    client = start(
        site,
        batching=Batching(max_batch_size=1, batch_timeout_micros=0, max_enqueued_batches=1, num_batch_threads=1),
    )
    gate = tmp_path / "gate"
    body = {"signature_name": "wait_for_file", "instances": [str(gate)]}

    def over_grpc() -> str:
        try:
            client.predict({"path": [str(gate)]}, "wait_for_file")
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"

    def over_rest() -> int:
        return int(client.http("/v1/models/sentiment:predict", body)[0])

    calls: list[Future[Any]] = []

    def comes_to(ask: Any, answer: Any) -> bool:
        calls.append(pool.submit(ask))
        return answer in [call.result() for call in calls if call.done()]

    with ThreadPoolExecutor(16) as pool:
        try:
            client.wait_for(lambda: comes_to(over_grpc, "UNAVAILABLE"), "UNAVAILABLE")
            client.wait_for(lambda: comes_to(over_rest, 503), "503")
            client.wait_for(lambda: comes_to(over_grpc, "UNAVAILABLE") and len(calls) > 12, "the queue to stay full")
            few = "what runs, and a queue that does not grow"
            client.wait_for(lambda: sum(not call.done() for call in calls) <= 4, few)
        finally:
            gate.touch()
    answers = [call.result() for call in calls]
    assert set(answers) <= {"OK", 200, "UNAVAILABLE", 503}
    assert len([answer for answer in answers if answer in ("OK", 200)]) <= 4


def test_a_request_that_would_break_the_batch_of_others_is_refused_alone(site: Any, start: Any) -> None:
    client = start(site, batching=SLOW_TO_FILL)
    ids = np.ones((1, 4), np.int32)
    for wrong in (np.ones((1, 5), np.int32), np.ones((2, 4), np.int32)):
        with pytest.raises(grpc.RpcError, match="Batching Run"):
            client.predict({"input_ids": ids, "input_mask": wrong, "segment_ids": ids})


def test_an_operation_has_a_batchs_share_of_the_processors_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(7)))
    found = [model_server._session_config(ServerOptions(Path(), intra_op_threads=given)) for given in (0, 5)]
    threads = [(config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) for config in found]
    assert threads == [(3, 0), (5, 0)]
