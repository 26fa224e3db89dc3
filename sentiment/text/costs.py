"""Formats what a model costs for people: parameters, milliseconds, and the machine on which they were measured."""

from __future__ import annotations

from sentiment.language import tr, tr_many
from sentiment.results.cost import Machine, Pace


def millions(parameters: int) -> str:
    """Returns a number of parameters: `3.2 M`; below a million, all of it."""
    return f"{parameters / 1e6:,.1f} M" if parameters >= 1e6 else f"{parameters:,}"


def took(pace: Pace | None) -> str:
    """Returns the time for a post: `1.84 ms`."""
    if pace is None:
        return tr("not measured")
    value = pace.milliseconds
    digits = 3 if value < 0.1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f} ms"


def machine_told(machine: Machine) -> str:
    """Returns `AMD EPYC 7B13, 2 cores, float32`."""
    return tr_many(
        "{processor}, {number} core, {precision}",
        "{processor}, {number} cores, {precision}",
        machine.cores,
        processor=machine.processor,
        precision=machine.precision,
    )
