from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.training.hyperparameters import choose
from sentiment.training.memory import enough_memory, smaller
from sentiment.training.train import train
from sentiment.training.training_files import Files


@pytest.mark.parametrize(
    ("rows", "length", "advice"),
    [
        (32, 128, "--batch-size 16"),
        (3, 128, "--batch-size 1"),
        (1, 512, "--max-seq-length 384"),
        (1, 100, "--max-seq-length 96"),
        (1, 8, "a smaller --model-name"),
    ],
)
def test_the_next_to_try_is_half_the_batch_or_the_next_shorter_length(rows: int, length: int, advice: str) -> None:
    assert smaller(rows, length) == advice


@pytest.mark.slow
def test_a_real_operation_that_finds_no_memory() -> None:
    from sentiment.tensorflow_setup import tf

    @tf.function
    def absurd(size: Any) -> Any:
        return tf.reduce_sum(tf.random.uniform([size, 2**20]))

    message = (
        r"^a training step on 32 rows of 128 word pieces must fit into memory; found OOM when allocating tensor with "
        r"shape\[\d+,1048576\] .*\. Try --batch-size 16\.$"
    )
    with pytest.raises(InputError, match=message) as raised, enough_memory(32, 128, 32):
        absurd(tf.constant(2**26))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 320


def test_python_s_own_error_is_the_same_mistake() -> None:
    with pytest.raises(InputError, match=r"found out of memory\. Try --max-seq-length 96"), enough_memory(1, 128, 1):
        raise MemoryError


@pytest.mark.slow
def test_a_training_that_does_not_fit_names_its_longest_batch_at_once(
    toy_files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation of the model really asks for more memory than there is, for a full batch."""
    from sentiment.model.classifier import MaskedMean
    from sentiment.tensorflow_setup import tf

    whole = MaskedMean.call

    def greedy(self: Any, vectors: Any, mask: Any) -> Any:
        size = tf.where(tf.shape(mask)[0] == 8, tf.constant(2**46, tf.int64), 1)
        return whole(self, vectors, mask) + tf.minimum(tf.reduce_sum(tf.random.uniform([size])), 0)

    monkeypatch.setattr(MaskedMean, "call", greedy)
    files = replace(toy_files, output=tmp_path / "model")
    settings = choose("custom", "scratch/toy", num_epochs=1, batch_size=8, max_seq_length=16)
    with pytest.raises(InputError, match=r"must fit into memory; found OOM .* Try --batch-size 4\."):
        train(files, settings, Labels())
    assert list(tmp_path.iterdir()) == []
