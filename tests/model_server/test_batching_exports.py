"""An export that batches in its graph, behind both ports: what a client sends wrong is its own affair."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from support.toy_batched import HELD, ids_of, save_batched_toy
from support.toy_servers import Site, served_site

from sentiment.model_server.work import MOST_ROWS

THREE = ("input_ids", "input_mask", "segment_ids")
ONE = np.ones((2, 4), np.int32)
REFUSED = {
    "one dimension": dict.fromkeys(THREE, ONE[0]),
    "three dimensions": dict.fromkeys(THREE, ONE[np.newaxis]),
    "unequal rows": {**ids_of(2, 4), "input_mask": ONE[:1]},
    "unequal columns": {**ids_of(2, 4), "segment_ids": ONE[:, :3]},
    "another type": dict.fromkeys(THREE, ONE.astype(np.float32)),
}
ODD = {"no rows": ids_of(0, 4), "no columns": ids_of(2, 0), "ids out of range": ids_of(1, 3, 10**9)}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[int, Path], Path]:
    """Two versions, whose answers differ by 0.5, and the gate that their held requests wait for."""
    folder = tmp_path_factory.mktemp("batched")
    for version in (1, 2):
        save_batched_toy(folder / str(version), folder / "gate", bias=0.5 * (version - 1))
    return {version: folder / str(version) for version in (1, 2)}, folder / "gate"


@pytest.fixture
def served(
    tmp_path: Path, start: Any, toy: tuple[dict[int, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Any, Path, Site]]:
    """A client of a server that serves version 1, the gate, and the site.

    Its sessions have threads of their own: what is held would take those that all sessions of a process share.
    """
    from sentiment.tensorflow_setup import tf

    own = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=8, use_per_session_threads=True)
    monkeypatch.setattr("sentiment.model_server.model_server._session_config", lambda options: own)
    versions, gate = toy
    site = served_site(tmp_path, versions)
    yield start(site), gate, site
    gate.unlink(missing_ok=True)


def rows_of(answer: Any) -> list[list[float]]:
    tensor = answer.outputs["probabilities"]
    sizes = [size.size for size in tensor.tensor_shape.dim]
    found: list[list[float]] = np.array(tensor.float_val).reshape(sizes).tolist()
    return found


def test_an_honest_request_in_flight_never_fails_with_a_hostile_one(served: tuple[Any, Path, Site]) -> None:
    client, gate, _ = served
    with ThreadPoolExecutor(8) as pool:
        held = [pool.submit(client.predict, ids_of(32, columns, HELD)) for columns in (4, 8)]
        honest = [pool.submit(client.predict, ids_of(1, 3)) for _ in range(4)]
        try:
            for name, inputs in REFUSED.items():
                with pytest.raises(grpc.RpcError) as refused:
                    client.predict(inputs)
                    pytest.fail(name)
                assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT, name
            assert rows_of(client.predict(ODD["no rows"])) == []
            odd = [pool.submit(client.predict, ODD[name]) for name in ("no columns", "ids out of range")]
            many = pool.submit(client.predict, ids_of(MOST_ROWS + 1, 4))
        finally:
            gate.touch()
        with pytest.raises(grpc.RpcError, match=f"at most {MOST_ROWS} rows"):
            many.result()
        assert [rows_of(future.result())[0][:2] for future in honest] == [[3, 4]] * 4
        assert [len(rows_of(future.result())) for future in (*held, *odd)] == [32, 32, 2, 1]


def test_both_ports_answer_no_rows_with_no_rows(served: tuple[Any, Path, Site]) -> None:
    client, _, _ = served
    body = {"signature_name": "text", "inputs": {"text": []}}
    status, answer = client.http("/v1/models/sentiment:predict", body)
    assert (status, answer) == (200, {"outputs": []})
    assert rows_of(client.predict({"text": np.array([], object)}, "text")) == []


def test_a_version_comes_and_goes_while_another_answers(served: tuple[Any, Path, Site]) -> None:
    client, _, site = served
    site.add(2)
    for versions, state in (((1, 2), "AVAILABLE"), ((1,), "END"), ((1, 2), "AVAILABLE")):
        site.configure(*versions)
        client.wait_until(2, state)
        assert rows_of(client.predict(ids_of(1, 3), version=1)) == [[3, 4, 1]]
        if state == "AVAILABLE":
            assert rows_of(client.predict(ids_of(1, 3), version=2)) == [[3.5, 4, 1]]
