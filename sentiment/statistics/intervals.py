"""The uncertainty of a share of rows, and of the difference of two."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054  # two-sided 95 %


def wilson(right: int, rows: int) -> tuple[float, float] | None:
    """Returns the 95 % score interval of the share right / rows, in 0..1; None when there are no rows.

    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22:209-212. It
    stays within 0..1 and keeps a width when all rows are right, unlike the textbook's normal interval.
    """
    if rows == 0:
        return None
    share, weight = right / rows, Z_95**2 / rows
    middle = (share + weight / 2) / (1 + weight)
    half = Z_95 * math.sqrt(share * (1 - share) / rows + weight / (4 * rows)) / (1 + weight)
    # At 0 and at `rows` the bound is exactly 0 and 1; rounding may miss that by an ulp.
    return (0.0 if right == 0 else middle - half), (1.0 if right == rows else middle + half)


def difference_at_most(right: int, rows: int, was_right: int, was_rows: int) -> float:
    """Returns the upper end of the 95 % interval of right / rows - was_right / was_rows, on rows of two sets.

    R. G. Newcombe (1998), "Interval estimation for the difference between independent proportions", Statistics in
    Medicine 17:873-890, method 10. Both sets must have rows.
    """
    now, before = wilson(right, rows), wilson(was_right, was_rows)
    if now is None or before is None:
        raise ValueError(f"both sets must have rows: {rows=}, {was_rows=}")
    share, was = right / rows, was_right / was_rows
    return share - was + math.hypot(now[1] - share, was - before[0])
