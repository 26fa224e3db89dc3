"""The search for the largest batch that fits, as a pure decision: from what was tried to what to try next."""

from __future__ import annotations

from dataclasses import dataclass, field

PRECISION = 16  # the answer is exact to a sixteenth: it can tell 6, 14 and 100 from 7, 15 and 106


@dataclass
class Search:
    """The batch sizes that fit, and the smallest one that did not."""

    largest: int  # the search never exceeds this
    fitted: set[int] = field(default_factory=set)
    too_large: int | None = None

    def note(self, batch: int, *, fits: bool) -> None:
        """Records whether `batch` fits."""
        if fits:
            self.fitted.add(batch)
        else:
            self.too_large = min(batch, self.too_large or batch)

    @property
    def best(self) -> int:
        """The largest batch known to fit; 0 when not even one row fits."""
        return max(self.fitted, default=0)

    @property
    def next(self) -> int | None:
        """The batch to try next: double until one does not fit, then halfway between. None: the answer is known."""
        if self.too_large is None:
            return None if self.best >= self.largest else min(max(1, 2 * self.best), self.largest)
        if self.too_large - self.best <= max(1, self.best // PRECISION):
            return None
        return (self.too_large + self.best) // 2


def one_smaller(batch: int) -> int:
    """Returns the batch to fall back to when one that seemed to fit does not; 0 after a single row."""
    return batch - max(1, batch // PRECISION)
