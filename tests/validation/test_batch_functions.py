"""A batch function that asks for a million threads ended the process: no number of one is beyond what is of use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed

from sentiment.model import saved_model
from sentiment.model.graph_batches import BATCHES, MOST_THREADS, THREADS
from sentiment.validation.operations import models_of, operations_of


def batches(meta: Any) -> list[Any]:
    library = meta.graph_def.library.function
    return [node for function in library for node in function.node_def if node.op == BATCHES]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (THREADS, 10**6),
        (THREADS, 0),
        (THREADS, -1),
        ("max_batch_size", 10**9),
        ("max_enqueued_batches", 10**9),
        ("batch_timeout_micros", 10**9),
        ("low_priority_max_batch_size", 10**9),
    ],
)
def test_a_number_that_is_of_no_use_is_refused(
    name: str, number: int, exported: Path, model: Path, tmp_path: Path
) -> None:
    def change(meta: Any) -> None:
        batches(meta)[-1].attr[name].i = number

    hostile = changed(exported, tmp_path / "hostile", change)
    found = saved_model.dangers(hostile, models_of(model, operations_of(hostile)))
    assert found == [f"{BATCHES} with {name} {number}"]


def test_many_that_ask_for_some_are_refused_together(exported: Path, model: Path, tmp_path: Path) -> None:
    def change(meta: Any) -> None:
        assert batches(meta), "an export batches by itself"
        for number in range(17):
            node = meta.graph_def.node.add(name=f"batch_{number}", op=BATCHES)
            node.attr[THREADS].i = MOST_THREADS

    hostile = changed(exported, tmp_path / "hostile", change)
    found = saved_model.dangers(hostile, models_of(model, operations_of(hostile)))
    assert found == [f"{BATCHES} with more than 1,024 threads, taken together"]


def test_sizes_are_numbers_too(exported: Path, model: Path, tmp_path: Path) -> None:
    def change(meta: Any) -> None:
        batches(meta)[0].attr["allowed_batch_sizes"].list.i.append(2**40)

    hostile = changed(exported, tmp_path / "hostile", change)
    assert saved_model.dangers(exported, models_of(model, operations_of(exported))) == []
    found = saved_model.dangers(hostile, models_of(model, operations_of(hostile)))
    assert found == [f"{BATCHES} with allowed_batch_sizes {2**40}"]
