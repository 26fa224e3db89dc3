from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sentiment.model.curves import Curves, best_epoch, out_of_patience

LOSSES = st.lists(st.floats(0, 10), min_size=1, max_size=20)


def test_the_best_epoch_is_the_first_of_the_lowest() -> None:
    assert best_epoch([0.9, 0.5, 0.7, 0.5]) == 2


def test_patience_counts_epochs_without_a_lower_loss() -> None:
    assert not out_of_patience([], 1)
    assert not out_of_patience([0.9, 0.5, 0.6], 2)
    assert out_of_patience([0.9, 0.5, 0.6, 0.5], 2)
    assert not out_of_patience([0.9, 0.5, 0.6, 0.7, 0.8], 0)


@given(LOSSES, st.integers(1, 5))
def test_training_ends_exactly_when_patience_is_gone(losses: list[float], patience: int) -> None:
    ended = next((n for n in range(1, len(losses) + 1) if out_of_patience(losses[:n], patience)), len(losses))
    assert ended - best_epoch(losses[:ended]) <= patience
    assert min(losses[:ended]) == losses[best_epoch(losses[:ended]) - 1]


def test_the_result_counts_the_epochs_that_were_trained() -> None:
    curves = Curves([0.9, 0.8], [0.5, 0.6], [0.7, 0.9], [0.5, 0.5], steps=3, seconds=4.0, kept_epoch=1)
    result = curves.as_json(rows=100, asked=5)
    assert (result["epochs"], result["kept_epoch"], result["stopped_early"]) == (2, 1, True)
    assert result["rows_per_second"] == 50.0
    assert result["resumed_from_epoch"] is None
    assert curves.describe() == "loss 0.8000, accuracy 0.6000, val_loss 0.9000, val_accuracy 0.5000"
    assert "val_loss" not in Curves([1.0], [0.5]).last()
