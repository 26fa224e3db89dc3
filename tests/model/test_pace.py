"""How long a post takes: from full batches of a pass that is made anyway, without the first, which compiles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentiment.data.tsv import Post


def test_one_batch_that_was_held_up_does_not_decide() -> None:
    from sentiment.model.pace import pace_of

    found = pace_of([0.064, 0.128, 9.0, 0.064, 0.128], 64)
    assert found is not None
    assert found.milliseconds == pytest.approx(2.0) and (found.batch, found.batches) == (64, 5)


def test_too_few_batches_are_no_measurement_and_no_time_is_zero() -> None:
    from sentiment.model.pace import pace_of

    assert pace_of([0.1, 0.1], 64) is None
    fast = pace_of([0.0, 0.0, 0.0], 64)
    assert fast is not None and fast.milliseconds == 0.0001


def test_the_first_batch_and_those_that_are_not_full_do_not_count(toy_model: Path) -> None:
    from sentiment.model.batches import encode
    from sentiment.model.folder import open_model
    from sentiment.model.scoring import Scorer

    opened = open_model(toy_model)
    scorer = Scorer(opened.keras, opened.card.max_seq_length, 4)
    scorer.probabilities(encode(opened.tokenizer, [Post("好", 0)] * 15))
    before = scorer.pace
    assert before is None, "two full batches beside the first, and one of three posts"
    scorer.probabilities(encode(opened.tokenizer, [Post("好", 0)] * 9))
    found = scorer.pace
    assert found and (found.batch, found.batches) == (4, 4)
    assert 0 < found.milliseconds < 1000


def test_the_machine_is_named() -> None:
    from sentiment.model.pace import this_machine

    found = this_machine()
    assert found.processor and (found.cores, found.precision) == (len(os.sched_getaffinity(0)), "float32")
    assert this_machine("mixed_float16").precision == "mixed_float16"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("processor\t: 0\nmodel name\t: AMD  EPYC 7B13\n\nmodel name\t: other\n", "AMD EPYC 7B13"),
        ("processor\t: 0\nmodel name\t:\nBogoMIPS\t: 50.00\n", os.uname().machine),
        ("", os.uname().machine),
    ],
)
def test_the_processor_has_the_name_that_the_system_gives_it(told: str, name: str) -> None:
    from sentiment.model.pace import processor_name

    assert processor_name(told) == name
