"""The uncertainty of a share of rows, and of the difference of two; Student's quantile."""

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


def student_95(degrees: int) -> float:
    """Returns the two-sided 95 % point of Student's distribution with so many (whole) degrees of freedom, to 1e-9.

    The distribution is a finite sum: M. Abramowitz, I. Stegun (1964), "Handbook of mathematical functions", 26.7.3-4.
    """
    low, high = 1.0, 13.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < 0.95 else (low, middle)
    return high


def _within(t: float, degrees: int) -> float:
    """Returns the chance of a value in -t..t."""
    angle = math.atan2(t, math.sqrt(degrees))
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = term if degrees > 1 else 0.0
    for number in range(2 if odd else 1, degrees - 2, 2):
        term *= number / (number + 1) * math.cos(angle) ** 2
        total += term
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
