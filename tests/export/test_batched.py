"""Batching inside the graph, in a session as a model server loads it: fed directly, as the real server feeds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.toy_batched import HELD, LENGTHS, TURNS, ids_of, save_batched_toy

from sentiment.model_server.saved_graph import SavedGraph
from sentiment.model_server.work import MOST_ROWS

IDS, TEXT = "serving_default", "text"
WAIT = 20.0
THREE = ("input_ids", "input_mask", "segment_ids")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate") / "open"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, gate: Path) -> Path:
    folder = tmp_path_factory.mktemp("batched") / "1"
    save_batched_toy(folder, gate)
    return folder


class Loaded:
    """A loaded version, and requests to it in the background."""

    def __init__(self, folder: Path, gate: Path) -> None:
        from sentiment.tensorflow_setup import tf

        # What waits for the gate holds a thread; by itself a session has those of the process's first one.
        threads = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=8, use_per_session_threads=True)
        self.saved, self.gate = SavedGraph(folder, threads), gate
        self.runs = {name: self._run(name) for name in (IDS, TEXT)}
        self.pool = ThreadPoolExecutor(32)
        self.asked: list[Future[Any]] = []

    def _run(self, name: str) -> Callable[..., Any]:
        definition = self.saved.signature_defs[name]
        return self.saved.function(self.saved.tensors(definition.inputs), self.saved.tensors(definition.outputs))

    def ask(self, inputs: dict[str, Any], signature: str = IDS) -> list[list[float]]:
        """Returns [sum, columns, rows] of each row."""
        answer: list[list[float]] = self.runs[signature](inputs)["probabilities"].tolist()
        return answer

    def later(self, inputs: dict[str, Any], signature: str = IDS) -> Future[list[list[float]]]:
        self.asked.append(self.pool.submit(self.ask, inputs, signature))
        return self.asked[-1]

    def occupy(self, *lengths: int) -> list[Future[list[list[float]]]]:
        """Keeps both threads of the buckets of these lengths busy until the gate is opened."""
        held = [self.later(ids_of(TURNS[LENGTHS.index(length)], length, HELD)) for length in lengths]
        time.sleep(0.2)  # until they are taken from their queues
        return held

    def release(self) -> None:
        """Opens the gate until everything has its answer."""
        self.gate.touch()
        wait(self.asked, WAIT)
        self.asked.clear()
        self.gate.unlink()

    def close(self) -> None:
        self.pool.shutdown()
        self.saved.close()


@pytest.fixture(scope="module")
def version(toy: Path, gate: Path) -> Iterator[Loaded]:
    found = Loaded(toy, gate)
    yield found
    found.close()


@pytest.fixture
def loaded(version: Loaded) -> Iterator[Loaded]:
    """The loaded version, with nothing in its queues."""
    yield version
    version.release()


def texts(*lengths: int) -> dict[str, Any]:
    return {"text": np.array([b"x" * length for length in lengths], object)}


@pytest.mark.parametrize("rows", [1, 2, 3, 31])
def test_a_row_is_padded_to_its_bucket_and_a_batch_to_a_power_of_two(loaded: Loaded, rows: int) -> None:
    filled = 1 << (rows - 1).bit_length()
    assert loaded.ask(ids_of(rows, 3)) == [[3, 4, filled]] * rows
    assert loaded.ask(texts(*[5] * rows), TEXT) == [[5, 8, filled]] * rows


def test_a_request_of_many_rows_is_split(loaded: Loaded) -> None:
    assert {row[2] for row in loaded.ask(ids_of(100, 4))} == {4, 32}
    assert {row[2] for row in loaded.ask(ids_of(9, 16))} == {1, 2}


def test_columns_that_no_row_uses_are_not_computed(loaded: Loaded) -> None:
    inputs = ids_of(2, 16)
    inputs["input_mask"][:, 3:] = 0
    assert loaded.ask(inputs) == [[3, 4, 2]] * 2


def test_requests_of_both_signatures_share_a_batch_but_short_ones_none_with_long_ones(loaded: Loaded) -> None:
    held = loaded.occupy(4, 8)
    short = [loaded.later(*request) for request in [(ids_of(1, 3), IDS), (texts(3), TEXT)] * 4]
    middle = [loaded.later(ids_of(1, 6)) for _ in range(4)]
    long = loaded.ask(ids_of(2, 16))
    loaded.gate.touch()
    assert long == [[16, 16, 2]] * 2, "long ones have threads of their own"
    found = [future.result(WAIT)[0] for future in short]
    assert {tuple(row[:2]) for row in found} == {(3, 4)}
    assert max(row[2] for row in found) > 4, "more than there are of one signature"
    assert {tuple(future.result(WAIT)[0][:2]) for future in middle} == {(6, 8)}
    assert all(future.result(WAIT) for future in held)


def test_no_rows_are_answered_although_every_thread_is_busy(loaded: Loaded) -> None:
    loaded.occupy(4, 8)
    for columns in (0, 4):
        assert loaded.runs[IDS](ids_of(0, columns))["probabilities"].shape == (0, 3)
    assert loaded.runs[TEXT](texts())["probabilities"].shape == (0, 3)


def test_versions_that_are_loaded_at_once_share_no_queue(loaded: Loaded, toy: Path, gate: Path) -> None:
    """Even two of the same file: the names of its queues are names of the session that loaded it."""
    held = loaded.occupy(4, 8)
    other = SavedGraph(toy)
    definition = other.signature_defs[IDS]
    run = other.function(other.tensors(definition.inputs), other.tensors(definition.outputs))
    assert run(ids_of(1, 3))["probabilities"].tolist() == [[3, 4, 1]]
    other.close()
    assert not any(future.done() for future in held)


def test_a_full_queue_is_unavailable_and_refuses_nobody_else(loaded: Loaded) -> None:
    from sentiment.tensorflow_setup import tf

    held = loaded.occupy(16, 16)
    waiting = [loaded.later(ids_of(MOST_ROWS, 16)) for _ in range(3)]
    (refused,) = wait(waiting, WAIT, FIRST_COMPLETED).done
    assert isinstance(refused.exception(WAIT), tf.errors.UnavailableError)
    assert loaded.ask(ids_of(1, 3)) == [[3, 4, 1]]
    loaded.gate.touch()
    assert [len(future.result(WAIT)) for future in waiting if future is not refused] == [MOST_ROWS] * 2
    assert [len(future.result(WAIT)) for future in held] == [2, 2]


ONE = np.ones((2, 4), np.int32)
HOSTILE = {
    "one dimension": dict.fromkeys(THREE, ONE[0]),
    "three dimensions": dict.fromkeys(THREE, ONE[np.newaxis]),
    "none": dict.fromkeys(THREE, ONE[0, 0]),
    "a mask of one dimension": {**ids_of(2, 4), "input_mask": ONE[0]},
    "unequal rows": {**ids_of(2, 4), "input_mask": ONE[:1]},
    "unequal columns": {**ids_of(2, 4), "segment_ids": ONE[:, :3]},
    "too many rows": ids_of(MOST_ROWS + 1, 4),
    "another type": dict.fromkeys(THREE, ONE.astype(np.float32)),
    "texts for ids": dict.fromkeys(THREE, np.full((2, 4), b"x", object)),
}
HOSTILE_TEXTS = {
    "no dimension": np.array(b"x", object),
    "two dimensions": np.array([[b"x"]], object),
    "too many": np.array([b"x"] * (MOST_ROWS + 1), object),
    "numbers": ONE[:, 0],
}


def test_what_does_not_fit_is_refused_alone_while_an_honest_request_waits(loaded: Loaded) -> None:
    from sentiment.tensorflow_setup import tf

    loaded.occupy(4, 8)
    honest = [loaded.later(ids_of(1, 3)), loaded.later(texts(3), TEXT)]
    for name, inputs in HOSTILE.items():
        with pytest.raises(tf.errors.InvalidArgumentError):
            loaded.ask(inputs)
            pytest.fail(name)
    for name, text in HOSTILE_TEXTS.items():
        with pytest.raises(tf.errors.InvalidArgumentError):
            loaded.ask({"text": text}, TEXT)
            pytest.fail(name)
    odd = [loaded.later(ids_of(2, 0)), loaded.later(ids_of(1, 3, 10**9))]
    loaded.gate.touch()
    assert [future.result(WAIT)[0][:2] for future in honest] == [[3, 4]] * 2
    assert [len(future.result(WAIT)) for future in odd] == [2, 1]


def test_what_was_wrong_is_said(loaded: Loaded) -> None:
    from sentiment.tensorflow_setup import tf

    for name, said in (
        ("unequal rows", "input_ids, input_mask and segment_ids must have the same shape"),
        ("too many rows", f"a request must have at most {MOST_ROWS} rows"),
        # All three are wrong, and TensorFlow looks at them in any order.
        (
            "one dimension",
            r"(ids|mask).* \[4\] is not compatible with expected shape \[\?,\?\]",
        ),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=said):
            loaded.ask(HOSTILE[name])


def test_a_version_leaves_no_thread_behind_and_can_come_again(toy: Path, gate: Path) -> None:
    def come_and_go() -> None:
        loaded = Loaded(toy, gate)
        assert loaded.ask(ids_of(1, 3)) + loaded.ask(ids_of(1, 16)) == [[3, 4, 1], [16, 16, 1]]
        loaded.close()

    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    come_and_go()
    before = threads()
    for _ in range(3):
        come_and_go()
    assert threads() <= before + 2, "each had four threads of its queues"


def test_two_exports_name_their_queues_differently(toy: Path, gate: Path, tmp_path: Path) -> None:
    """TensorFlow 2's loader keeps the queues of all graphs in one place."""
    from sentiment.tensorflow_setup import tf

    save_batched_toy(tmp_path / "2", gate, bias=0.5)
    loaded = [tf.saved_model.load(str(folder)).signatures[IDS] for folder in (toy, tmp_path / "2")]
    inputs = {name: tf.constant(value) for name, value in ids_of(1, 3).items()}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: loaded[number % 2](**inputs)["probabilities"][0, 0], range(64)))
    assert [float(answer) for answer in answers] == [3.0, 3.5] * 32
