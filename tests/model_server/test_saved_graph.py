"""A version leaves nothing behind: no thread, no memory, though it had queues of its own."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from sentiment.model_server.parameter_files import Batching
from sentiment.model_server.refusal import Refusal
from sentiment.model_server.servable import Servable

BATCHING = Batching(max_batch_size=8, batch_timeout_micros=0, num_batch_threads=3, pad=True)
TEXT = {"text": np.array(["好".encode()], object)}


def threads_of_the_process() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def come_and_go(folder: Path) -> None:
    servable = Servable(folder, BATCHING)
    assert servable.run("text", TEXT)["label"].tolist() == ["正面".encode()]
    servable.close()


def test_a_batched_version_leaves_no_thread_behind(toys: dict[int, Path]) -> None:
    come_and_go(toys[1])
    before = threads_of_the_process()
    for _ in range(3):
        come_and_go(toys[1])
    assert threads_of_the_process() <= before + 2, "each had nine threads of its queues"


def test_answers_are_the_same_with_batching_and_without(toys: dict[int, Path]) -> None:
    ids = np.array([[3, 4, 0]], np.int32)
    inputs = {"input_ids": ids, "input_mask": ids, "segment_ids": ids * 0}
    answers = []
    for limits in (None, BATCHING):
        servable = Servable(toys[2], limits)
        answers.append(servable.run("serving_default", inputs)["probabilities"])
        servable.close()
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-6)


def test_the_loader_s_own_signature_is_not_served(toys: dict[int, Path]) -> None:
    servable = Servable(toys[1])
    with pytest.raises(Refusal, match='Serving signature key "__saved_model_init_op" not found'):
        servable.run("__saved_model_init_op", {})
    servable.close()


def test_closing_waits_for_those_who_use_it(toys: dict[int, Path]) -> None:
    servable = Servable(toys[1])
    with servable:
        closing = threading.Thread(target=servable.close)
        closing.start()
        closing.join(0.2)
        assert closing.is_alive()
        assert servable.run("text", TEXT)["label_id"].tolist() == [0]
    closing.join(20)
    assert not closing.is_alive()
