"""The table and the plot of honest clients beside hostile ones. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sentiment.bench.load.figures import figures
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.text.units import bytes_as_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("honest clients", "OKAY", "Failed", "p50 ms", "p99 ms", "max ms")
HALVES = {"alone": "alone", "beside": "beside hostile ones"}


def summary(found: Mapping[str, Any], rate: float, seconds: float) -> tuple[dict[str, Any], Table]:
    """Returns the result and its table; `found` has `alone`, `beside` (port → Measured), `attacks`, `peak_bytes`."""
    rows = [
        {"half": half, "client": client, **figures([measured], 1)}
        for half in HALVES
        for client, measured in found[half].items()
    ]
    shown = [
        [f"{row['client']}, {HALVES[row['half']]}", str(row["okay"]), str(row["failed"])]
        + [f"{row[name]:.1f}" for name in ("p50", "p99", "max")]
        for row in rows
    ]
    notes = [f"{name}: {_counts(ends)}" for name, ends in found["attacks"].items()]
    notes += [f"honest, failed: {count} × {why}" for row in rows for why, count in row["errors"].items()]
    peak = found["peak_bytes"]
    notes.append(f"the server's peak memory: {bytes_as_text(peak['alone'])}, then {bytes_as_text(peak['beside'])}")
    title = f"{rate:g} honest requests/s to each port for {seconds:g} s, alone and beside hostile clients"
    return {"rows": rows, "attacks": found["attacks"], "peak_bytes": peak, "notes": notes}, Table(
        title, HEADINGS, shown, None, notes
    )


def _counts(ends: Mapping[str, int]) -> str:
    return ", ".join(f"{end} × {count:,}" for end, count in sorted(ends.items())) or "nothing ended"


def draw(found: Mapping[str, Any]) -> Callable[[Figure], None]:
    """Returns a function that draws which share of the honest requests was answered by when."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        for half, style in zip(HALVES, ("-", "--"), strict=True):
            for colour, (client, measured) in zip(results.COLOURS, found[half].items(), strict=False):
                latencies = sorted(1000 * latency for latency in measured.latencies)
                shares = [100 * (index + 1) / len(latencies) for index in range(len(latencies))]
                axes.plot(latencies, shares, style, color=colour, label=f"{client}, {HALVES[half]}")
        axes.set(xscale="log", xlabel="response time, ms", ylabel="% of the requests answered by then", ylim=(0, 101))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)

    return fill
