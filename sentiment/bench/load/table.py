"""The table of a load test, with the older tool's columns first, and its plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sentiment.bench.load.figures import PERCENTILES, Case, Measured
from sentiment.bench.load.siege import NAME as SIEGE
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.text.units import bytes_as_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORIGINAL = ("Elap Time", "Data Trans", "Resp Time", "Trans Rate", "Throughput", "Concurrent", "OKAY", "Failed")
HEADINGS = ("", *ORIGINAL, *(f"{name} ms" for name in PERCENTILES), "max ms", "rows/s", "server CPU s", "peak")
LIMITING = 0.5  # of the load's own limit: above this, the figures no longer describe the server alone


def cells(case: Case, found: Mapping[str, Any]) -> list[str]:
    """Returns a row: seconds, MB and MB per second as in siege, percentiles in milliseconds."""
    first = ("elapsed", "megabytes", "response", "rate", "throughput", "concurrent")
    return [
        str(case),
        *(f"{found[name]:.2f}" for name in first),
        *(str(found[name]) for name in ("okay", "failed")),
        *(_number(found[name], ".1f") for name in (*PERCENTILES, "max")),
        f"{found['rows_per_second']:.1f}",
        _number(found["server_processor"], ".1f"),
        bytes_as_text(found["peak_bytes"]),
    ]


def _number(value: float | None, shown: str) -> str:
    return "-" if value is None else f"{value:{shown}}"


def fastest(found: Mapping[Case, Mapping[str, Any]]) -> int | None:
    """Returns the index of the fastest server among those asked like the first one; None when there is only one."""
    cases = list(found)
    rivals = [case for case in cases if (case.client, case.concurrency) == (cases[0].client, cases[0].concurrency)]
    return cases.index(max(rivals, key=lambda case: found[case]["rate"])) if len(rivals) > 1 else None


def notes(
    found: Mapping[Case, Mapping[str, Any]],
    limits: Mapping[tuple[str, int], float],
    ratios: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Returns the lines below the table: which server was faster, what failed, and the limit of the load itself."""
    lines = [
        f"{ratio['case']}: {ratio['ratio']:.2f} times the rate of {ratio['to'].target}"
        f" ({ratio['lowest']:.2f} to {ratio['highest']:.2f} in {ratio['rounds']} rounds)"
        for ratio in ratios
    ]
    for case, row in found.items():
        lines += [f"{case}: {count:,} failed: {why}" for why, count in row["errors"].items()]
        limit = limits.get((case.client, case.concurrency))
        if limit and row["rate"] > LIMITING * limit:
            lines.append(
                f"{case}: {row['rate']:,.0f} of at most {limit:,.0f} requests/s: the load itself is the limit here"
            )
    if limits:
        most = ", ".join(f"{client} × {number} {rate:,.0f}" for (client, number), rate in limits.items())
        lines.append(f"with a server that does nothing, our own load reaches (requests/s): {most}")
    return lines


def table_of(title: str, found: Mapping[Case, Mapping[str, Any]], lines: Sequence[str]) -> Table:
    """Returns the table, with the fastest server's row marked."""
    return Table(title, HEADINGS, [cells(case, row) for case, row in found.items()], fastest(found), lines)


def draw(
    measured: Mapping[Case, Sequence[Measured]], found: Mapping[Case, Mapping[str, Any]]
) -> Callable[[Figure], None]:
    """Returns a function that draws the response times at the first concurrency, and the rate by concurrency."""

    def fill(figure: Figure) -> None:
        figure.set_size_inches(11, 4.5)
        left, right = figure.subplots(1, 2)
        names = list(dict.fromkeys((case.target, case.client) for case in measured))
        look = {name: _look(name, names) for name in names}
        _draw_latencies(left, measured, look)
        _draw_rates(right, found, look)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, fontsize=8, loc="outside lower center", ncols=3)

    return fill


Look = Mapping[tuple[str, str], Mapping[str, Any]]


def _look(name: tuple[str, str], names: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Returns the style of a line: its colour stands for the server, its dashes for the client."""
    targets, clients = (list(dict.fromkeys(part)) for part in zip(*names, strict=True))
    colour = results.COLOURS[targets.index(name[0]) % len(results.COLOURS)]
    return {"color": colour, "linestyle": ("-", "--", ":")[clients.index(name[1]) % 3], "label": ", ".join(name)}


def _draw_latencies(axes: Axes, measured: Mapping[Case, Sequence[Measured]], look: Look) -> None:
    from matplotlib.ticker import LogLocator

    first = next(iter(measured)).concurrency
    for case, rounds in measured.items():
        latencies = sorted(1000 * latency for one in rounds for latency in one.latencies)
        if case.concurrency == first and latencies:
            shares = [100 * (index + 1) / len(latencies) for index in range(len(latencies))]
            axes.plot(latencies, shares, **look[case.target, case.client])
    axes.set(xscale="log", xlabel="response time, ms", ylabel="% of the requests answered by then", ylim=(0, 101))
    axes.set_title(f"Response times, {first} at a time")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    if not axes.has_data():
        axes.text(0.5, 0.5, f"{SIEGE} keeps no single response times", ha="center", transform=axes.transAxes)


def _draw_rates(axes: Axes, found: Mapping[Case, Mapping[str, Any]], look: Look) -> None:
    for name, style in look.items():
        points = [(case.concurrency, row["rate"]) for case, row in found.items() if (case.target, case.client) == name]
        points.sort()
        axes.plot(*zip(*points, strict=True), marker="o", **style)
    numbers = sorted({case.concurrency for case in found})
    axes.set_xscale("log", base=2)
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.minorticks_off()
    axes.set(xlabel="requests at a time", ylabel="requests answered per second", title="Throughput", ylim=(0, None))
    axes.grid(alpha=0.3)
