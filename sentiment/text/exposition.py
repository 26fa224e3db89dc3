"""Figures as the text that Prometheus reads (its text format 0.0.4). Standard library only, as the client needs it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass
class Family:
    """The figures of one name. A counter's name ends in `_total`; the unit is in every name, and in base units."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str  # one line
    samples: list[tuple[str, dict[str, str], float]] = field(default_factory=list)  # name, labels, value

    def add(self, value: float | None, *, suffix: str = "", **labels: object) -> None:
        """Adds a figure; None, which is not known, is left out."""
        if value is not None:
            named = {name: str(said) for name, said in labels.items()}
            self.samples.append((self.name + suffix, named, float(value)))


def rendered(families: Iterable[Family]) -> str:
    """Returns the text; a name without figures is left out."""
    return "".join(line + "\n" for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for name, labels, value in family.samples:
        yield f"{name}{_labels(labels)} {number(value)}"


def _labels(labels: Mapping[str, str]) -> str:
    said = ",".join(f'{name}="{value.translate(ESCAPES)}"' for name, value in labels.items())
    return f"{{{said}}}" if said else ""


def number(value: float) -> str:
    """Returns a number as Prometheus writes it: 3, 0.25, +Inf."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() else repr(value)
