"""Shows a probe as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

HEADS = ("", "accuracy", "95 % interval", "answers", "errors", "first", "p50 ms", "p95 ms", "p99 ms")
NOTHING = "–"


def table(probe: Mapping[str, Any]) -> str:
    """Returns each server's figures, one line per label, and how often the labels disagree."""
    lines: list[str] = []
    for address, found in probe["servers"].items():
        lines += [address, *(f"  {line}" for line in _server(probe, found))]
    return "\n".join(lines)


def _server(probe: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    if "canary" not in found:
        yield found["unreachable"]
        return
    rows = [HEADS, *(_row(probe, label, found[label]) for label in ("stable", "canary") if label in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()
    pairs = found.get("pairs")
    if pairs and pairs["rows"]:
        yield (
            f"they disagree on {pairs['disagreements']} of {pairs['rows']} "
            f"({pairs['disagreements'] / pairs['rows']:.1%}); only stable right {pairs['only_stable_right']}, "
            f"only canary right {pairs['only_canary_right']}"
        )
    if found.get("unreachable"):
        yield found["unreachable"]


def _row(probe: Mapping[str, Any], label: str, side: Mapping[str, Any]) -> tuple[str, ...]:
    accuracy, interval = side["accuracy"], side["interval"]
    return (
        f"{label} {probe[label]}",
        NOTHING if accuracy is None else f"{accuracy:.4f}",
        NOTHING if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}",
        str(side["answers"]),
        str(side["errors"]),
        *(NOTHING if side[key] is None else f"{side[key]:.1f}" for key in ("first_ms", "p50_ms", "p95_ms", "p99_ms")),
    )
