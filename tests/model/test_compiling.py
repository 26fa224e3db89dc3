"""XLA compiles a shape of batches where its batches save more time than that takes, and nothing else."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from sentiment.model.arithmetic import BFLOAT16, FLOAT32
from sentiment.model.batches import plan, width
from sentiment.model.compiling import ANSWERING, TRAINING, Prices, operations, shapes, worth

SMALL = {"num_hidden_layers": 4, "hidden_size": 312, "intermediate_size": 1200}
TINY = {"num_hidden_layers": 2, "hidden_size": 128, "intermediate_size": 512}
LENGTHS = np.random.default_rng(1).integers(3, 90, 1000).astype(np.int32)


def test_every_pass_has_the_shapes_that_are_counted_whatever_its_order() -> None:
    counted = shapes(LENGTHS, 32, 64)
    for seed in range(3):
        batches = plan(LENGTHS, 32, np.random.default_rng(seed))
        found = Counter((len(rows), width(int(min(64, LENGTHS[rows].max())), 64)) for rows in batches)
        assert {shape for shape in found if shape[0] == 32} <= set(counted)
        assert sum(found.values()) == counted.total() == len(batches)


def test_operations_are_those_of_the_products() -> None:
    one = {"num_hidden_layers": 1, "hidden_size": 2, "intermediate_size": 3}
    assert operations((1, 5), one) == 2 * 5 * (4 * 4 + 2 * 2 * 3 + 2 * 5 * 2)
    assert operations((3, 5), {**one, "num_hidden_layers": 2}) == 6 * operations((1, 5), one)


def test_a_short_training_is_not_compiled_and_a_long_one_is() -> None:
    assert not worth({(32, 32): 40, (32, 64): 40}, TINY, TRAINING[BFLOAT16], 2)
    assert worth({(32, 32): 1, (32, 64): 2000}, SMALL, TRAINING[BFLOAT16], 2) == {(32, 64)}


def test_one_layer_is_compiled_for_all_so_more_layers_pay_sooner() -> None:
    few = {(32, 64): 5}
    assert not worth(few, SMALL, TRAINING[BFLOAT16], 2)
    assert worth(few, {**SMALL, "num_hidden_layers": 48}, TRAINING[BFLOAT16], 2)


@pytest.mark.parametrize("prices", [ANSWERING, TRAINING])
@pytest.mark.parametrize("arithmetic", [BFLOAT16, FLOAT32])
def test_a_shape_is_compiled_only_for_another_arithmetic(arithmetic: str, prices: dict[str, Prices]) -> None:
    assert bool(worth({(64, 64): 10_000}, SMALL, prices[arithmetic], 2)) == (arithmetic == BFLOAT16)
