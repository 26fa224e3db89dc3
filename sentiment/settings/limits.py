"""The two limits of a figure: from which value on it warns, and from which it stops the run."""

from __future__ import annotations

from dataclasses import dataclass

OFF = "off"


@dataclass(frozen=True)
class Limits:
    """From which value on a finding warns, and from which it stops the run; None: never. Written as `0.05,off`."""

    warn: float | None
    fail: float | None

    @classmethod
    def read(cls, text: str) -> Limits:
        """Reads `warn,fail`, each a share from 0 to 1 or `off`. Raises: ValueError otherwise, or for fail < warn."""
        warn, fail = (None if part.strip() == OFF else _share(part) for part in text.split(","))
        if warn is not None and fail is not None and fail < warn:
            raise ValueError(text)
        return cls(warn, fail)

    def __str__(self) -> str:
        return ",".join(OFF if value is None else f"{value:g}" for value in (self.warn, self.fail))


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value
