"""Shows a probe as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from sentiment.language import marked, recorded, tr
from sentiment.results.probe import Probe, Server, Side
from sentiment.text.columns import aligned

HEADS = (
    *("", marked("accuracy"), marked("95 % interval"), marked("answers"), marked("errors"), marked("first")),
    *("p50 ms", "p95 ms", "p99 ms"),
)
NOTHING = "–"


def table(probe: Probe) -> str:
    """Returns each server's figures, one line per label, and how often the labels disagree."""
    lines: list[str] = []
    for address, found in probe.servers.items():
        lines += [address, *(f"  {line}" for line in _server(probe, found))]
    return "\n".join(lines)


def _server(probe: Probe, found: Server) -> Iterator[str]:
    if not found.canary:
        yield recorded(found.unreachable or "")
        return
    heads = [head and tr(head) for head in HEADS]
    sides = (_row(f"{tr(label)} {getattr(probe, label)}", side) for label, side in found.sides)
    yield from aligned([heads, *sides], to_the_right=heads[1:])
    pairs = found.pairs
    if pairs and pairs.rows:
        yield tr(
            "they disagree on {disagreements} of {rows} ({share:.1%}); only stable right {stable}, "
            "only canary right {canary}",
            disagreements=pairs.disagreements,
            rows=pairs.rows,
            share=pairs.disagreements / pairs.rows,
            stable=pairs.only_stable_right,
            canary=pairs.only_canary_right,
        )
    if found.unreachable:
        yield recorded(found.unreachable)


def _row(name: str, side: Side) -> tuple[str, ...]:
    accuracy, interval = side.accuracy, side.interval
    times = (side.first_ms, side.p50_ms, side.p95_ms, side.p99_ms)
    return (
        name,
        NOTHING if accuracy is None else f"{accuracy:.4f}",
        NOTHING if interval is None else tr("{low:.3f} to {high:.3f}", low=interval[0], high=interval[1]),
        str(side.answers),
        str(side.errors),
        *(NOTHING if time is None else f"{time:.1f}" for time in times),
    )
