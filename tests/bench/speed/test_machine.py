"""What is said of the processor, and how many products a piece of work cannot do without."""

from __future__ import annotations

import pytest

from sentiment.bench.speed.machine import processor_of, this_processor
from sentiment.bench.speed.products import least, rate_of

SKYLAKE = "processor\t: 0\nmodel name\t: Some  Processor\nflags\t\t: fpu avx2 avx512f\n"
SAPPHIRE = SKYLAKE.replace("avx512f", "avx512_bf16 avx512_vnni amx_int8")
GRAVITON = "processor\t: 0\nFeatures\t: fp asimd asimddp bf16\n"


@pytest.mark.parametrize(
    ("told", "bfloat16", "int8"), [(SKYLAKE, False, False), (SAPPHIRE, True, True), (GRAVITON, True, True)]
)
def test_short_numbers_are_native_where_the_processor_says_so(told: str, bfloat16: bool, int8: bool) -> None:
    found = processor_of(told, 2)
    assert (found.bfloat16, found.int8) == (bfloat16, int8)


def test_the_line_names_processor_cores_and_both_kinds() -> None:
    assert processor_of(SKYLAKE, 1).told() == (
        "Some Processor, 1 core; does not multiply bf16 natively, does not multiply int8 natively"
    )
    assert "2 cores; multiplies bf16 natively, multiplies int8" in processor_of(SAPPHIRE, 2).told()
    assert this_processor().cores >= 1 and this_processor().name


def test_the_least_number_of_operations_grows_with_rows_layers_and_passes() -> None:
    shape = {"hidden_size": 4, "intermediate_size": 16, "num_hidden_layers": 1}
    # Of one piece: 4 × (4·4) and 2 × (4·16) for the dense layers, 2 × 4 for scores and sums; each product counts twice.
    assert least(shape, [1]) == 2 * (64 + 128 + 8)
    assert least({**shape, "num_hidden_layers": 3}, [1, 1], passes=3) == 18 * least(shape, [1])
    assert least(shape, [10]) > 10 * least(shape, [1])


def test_the_quickest_of_the_tries_counts() -> None:
    calls: list[int] = []
    assert rate_of(lambda: calls.append(1), 10.0, tries=3) > 0
    assert len(calls) == 4  # the first is not timed
