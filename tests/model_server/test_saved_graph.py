"""A version leaves nothing behind: no thread, no memory, though it had queues of its own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.hostile_encoders import changed

from sentiment.model_server.parameter_files import Batching
from sentiment.model_server.refusal import Refusal
from sentiment.model_server.servable import Servable
from sentiment.tensorflow_setup import tf

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


def test_a_signature_has_nothing_of_what_the_loader_added(tmp_path: Path) -> None:
    """TensorFlow 1's loader makes a saver where there is none: who gives it a path would have a file written there."""
    v1, folder = tf.compat.v1, tmp_path / "1"
    with tf.Graph().as_default(), v1.Session() as session:
        weight = v1.get_variable("weight", [1])
        session.run(weight.initializer)
        more = v1.placeholder(tf.float32, [1])
        v1.saved_model.simple_save(session, str(folder), {"more": more}, {"sum": weight + more})

    def write(meta: Any) -> None:
        meta.ClearField("saver_def")
        del meta.graph_def.node[len(meta.graph_def.node) - sum("save/" in one.name for one in meta.graph_def.node) :]
        meta.signature_def["serving_default"].inputs["path"].name = "save/Const:0"

    assert Servable(folder).run("serving_default", {"more": np.zeros(1, np.float32)})["sum"].shape == (1,)
    with pytest.raises(Refusal, match="Tensor save/Const:0, specified in either feed_devices or fetch_devices was not"):
        Servable(changed(folder, tmp_path / "2", write))
