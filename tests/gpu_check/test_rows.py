"""The table, its sentence and the exit code."""

from __future__ import annotations

import pytest

from sentiment.gpu_check.rows import FAILED, NOT_POSSIBLE, PASSED, Row, exit_code, sentence_of, table_of

DRIVER = Row("driver", PASSED, "CUDA 12.4", needs_gpu=False)
GOOD, BAD = Row("XLA", PASSED, "2 ms"), Row("training", FAILED, why="it must learn; found nothing")
NO_GPU = Row("memory", NOT_POSSIBLE, why="there is no GPU.")


@pytest.mark.parametrize(
    ("rows", "code", "sentence"),
    [
        ([DRIVER, GOOD], 0, "1 of 1 check passed"),
        ([DRIVER, GOOD, NO_GPU], 0, "1 of 2 checks passed, 1 not possible here"),
        ([DRIVER, GOOD, BAD, NO_GPU], 1, "1 of 3 checks passed, 1 failed, 1 not possible here"),
        ([BAD, NO_GPU], 1, "0 of 2 checks passed, 1 failed, 1 not possible here"),
        ([DRIVER, NO_GPU], 3, "nothing was checked: none of the 1 check is possible here"),
        ([DRIVER], 3, "nothing was checked: none of the 0 checks is possible here"),
    ],
)
def test_what_was_not_run_is_never_reported_as_working(rows: list[Row], code: int, sentence: str) -> None:
    assert (exit_code(rows), sentence_of(rows)) == (code, sentence)


def test_each_row_is_in_the_table_and_each_reason_once_below_it() -> None:
    table = table_of([DRIVER, GOOD, BAD, NO_GPU, Row("TensorRT", NOT_POSSIBLE, why="there is no GPU.")])
    assert table.rows[1] == ["XLA", "passed", "2 ms"]
    assert list(table.notes) == [
        "training: failed, because it must learn; found nothing",
        "memory, TensorRT: not possible here, because there is no GPU.",
        "1 of 4 checks passed, 1 failed, 2 not possible here",
    ]
