"""Linear scales: values to coordinates, with ticks on round values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Axis:
    """A linear scale from values `low`..`high` to coordinates `start`..`end`."""

    low: float
    high: float
    start: float
    end: float
    steps: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        if self.high == self.low:
            return round((self.start + self.end) / 2, 1)
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The coordinate and the label of each step; all labels have as many digits as the finest step needs."""
        finest = min((b - a for a, b in zip(self.steps, self.steps[1:], strict=False)), default=1.0)
        digits = next((digits for digits in range(7) if abs(round(finest, digits) - finest) < finest / 1000), 7)
        return [(self.at(step), f"{step:.{digits}f}") for step in self.steps]


def round_axis(low: float, high: float, start: float, end: float, about: int = 4) -> Axis:
    """Returns an axis that covers `low`..`high` and ends on round steps of 1, 2, 2.5 or 5 times a power of ten."""
    size = max(abs(low), abs(high), 1e-3)
    if high - low < 1e-6 * size:
        low, high = low - 0.05 * size, high + 0.05 * size
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    steps = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Axis(steps[0], steps[-1], start, end, steps)


def whole_axis(first: int, last: int, start: float, end: float) -> Axis:
    """Returns the axis of whole numbers from `first` to `last`: at most nine of them are written, the first always."""
    every = next(
        factor * 10**power for power in count() for factor in (1, 2, 5) if (last - first) // (factor * 10**power) <= 7
    )
    steps = (first, *range((first // every + 1) * every, last + 1, every))
    if len(steps) > 1 and steps[1] - first < every / 2:  # the second number would cover the first
        steps = (first, *steps[2:])
    return Axis(first, last, start, end, steps)
