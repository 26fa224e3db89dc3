"""What the newest probe says of stable or canary: its outcome, and a line for each server."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.language import marked, recorded, tr
from sentiment.models_page.wording import NONE, count, milliseconds, share, text, when
from sentiment.results.probe import Probe, Server

OUTCOMES = (marked("good"), marked("bad"), marked("unreachable"))  # of a probe


def last_probe(label: str, version: int, probes: Sequence[Probe]) -> list[tuple[str, str]]:
    """Returns the newest probe of `version` with that label, one line for each server; [] when there was none."""
    found = next((probe for probe in reversed(probes) if getattr(probe, label) == version), None)
    if found is None:
        return []
    lines = [(tr("Last probe"), tr("{at}: {outcome}", at=when(found.at), outcome=tr(found.outcome)))]
    return lines + [(text(address), _probed(server, label)) for address, server in found.servers.items()]


def _probed(server: Server, label: str) -> str:
    if server.unreachable:
        return tr("unreachable: {why}", why=text(recorded(server.unreachable), 200))
    side = dict(server.sides).get(label)
    if side is None:
        return NONE
    return tr(
        "accuracy {accuracy}, p95 {milliseconds}, {failed} of {asked} failed",
        accuracy=share(side.accuracy),
        milliseconds=milliseconds(side.p95_ms),
        failed=count(side.errors),
        asked=count(server.asked),
    )
