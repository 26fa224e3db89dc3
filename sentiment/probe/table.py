"""Shows a probe as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from sentiment.results.probe import Probe, Server, Side
from sentiment.text.columns import aligned

HEADS = ("", "accuracy", "95 % interval", "answers", "errors", "first", "p50 ms", "p95 ms", "p99 ms")
NOTHING = "–"


def table(probe: Probe) -> str:
    """Returns each server's figures, one line per label, and how often the labels disagree."""
    lines: list[str] = []
    for address, found in probe.servers.items():
        lines += [address, *(f"  {line}" for line in _server(probe, found))]
    return "\n".join(lines)


def _server(probe: Probe, found: Server) -> Iterator[str]:
    if not found.canary:
        yield found.unreachable or ""
        return
    rows = [HEADS, *(_row(f"{label} {getattr(probe, label)}", side) for label, side in found.sides)]
    yield from aligned(rows, to_the_right=HEADS[1:])
    pairs = found.pairs
    if pairs and pairs.rows:
        yield (
            f"they disagree on {pairs.disagreements} of {pairs.rows} "
            f"({pairs.disagreements / pairs.rows:.1%}); only stable right {pairs.only_stable_right}, "
            f"only canary right {pairs.only_canary_right}"
        )
    if found.unreachable:
        yield found.unreachable


def _row(name: str, side: Side) -> tuple[str, ...]:
    accuracy, interval = side.accuracy, side.interval
    times = (side.first_ms, side.p50_ms, side.p95_ms, side.p99_ms)
    return (
        name,
        NOTHING if accuracy is None else f"{accuracy:.4f}",
        NOTHING if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}",
        str(side.answers),
        str(side.errors),
        *(NOTHING if time is None else f"{time:.1f}" for time in times),
    )
