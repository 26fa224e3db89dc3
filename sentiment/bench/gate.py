"""`sentiment bench gate`: simulates years of nightly decisions under several rules, and counts what each lets through.

Nothing of a home is read: candidates, test rows and answers are drawn, so the true accuracy of each model is known and
each promotion can be judged by it. The same seed gives the same years.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentiment.bench.years.policies import NIGHTS, POLICIES, Policy
from sentiment.bench.years.simulate import Sizes, simulate
from sentiment.bench.years.summary import Summary, summary, worst
from sentiment.bench.years.world import BAD, POISONED, WORLDS, World
from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.progress import progress
from sentiment.settings import read_settings
from sentiment.step import Result, step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = (
    "frozen + rolling rows",
    "rule",
    "promotions",
    "years with a bad one",
    "where",
    "points lost",
    "good refused",
)
GAIN = "1 point live"
LIES = ("slow poisoning", "backdoor")  # years with a bad promotion
STEADY, BETTER = "steady", "gain"  # the worlds that tell how much passes, and how soon a gain is live


def read_sizes(text: str) -> list[Sizes]:
    """Returns the sizes in a list like `1200+1000,5000+5000`. Raises: InputError."""
    try:
        sizes = [Sizes(int(frozen), int(rolling)) for frozen, rolling in (part.split("+") for part in text.split(","))]
    except ValueError:
        sizes = []
    if not sizes or any(not 100 <= rows <= 1_000_000 for size in sizes for rows in (size.frozen, size.rolling)):
        raise InputError(
            "--rows must be comma-separated pairs of rows, frozen+rolling, of 100 to 1,000,000 each",
            found=repr(text),
            do="Try --rows 1200+1000,5000+5000.",
        )
    return sizes


def simulated(sizes: Sequence[Sizes], years: int, nights: int, seed: int) -> list[Summary]:
    """Returns the figures of every rule in every world; shows progress."""
    cells = [(size, world, policy) for size in sizes for world in WORLDS for policy in POLICIES]
    found = []
    with progress(len(cells), "simulating", unit="worlds under a rule") as shown:
        for cell in cells:
            found.append(_cell(*cell, years, nights, seed))
            shown.update()
    return found


def _cell(size: Sizes, world: World, policy: Policy, years: int, nights: int, seed: int) -> Summary:
    return summary(policy.name, world.name, size, simulate(policy, world, size, years, seed, nights), nights)


def table_of(found: Sequence[Summary], nights: int) -> Table:
    """Returns one row per size and rule; a rule is shown in the world in which it fails most."""
    groups: dict[tuple[int, int, str], dict[str, Summary]] = {}
    for one in found:
        groups.setdefault((one.frozen, one.rolling, one.policy), {})[one.world] = one
    rows = [_row(frozen, rolling, policy, by_world) for (frozen, rolling, policy), by_world in groups.items()]
    notes = [
        f"{found[0].years:,} years of {nights} nights in each of {len(WORLDS)} worlds; bad: more than "
        f"{100 * BAD:.1f} points below the best stable model so far",
        "promotions and good refused: a year's mean when candidates differ by chance alone; "
        "1 point live: nights, median and 95 %",
        "years with a bad one, and points lost a night: in the world where the rule fails most, of those whose labels "
        "do not lie",
        f"{' and '.join(LIES)}: years with a bad one; the rolling set shares the wrong labels, the frozen one does not",
    ]
    return Table("a year of nightly decisions", (*HEADINGS, GAIN, *LIES), rows, notes=notes)


def _row(frozen: int, rolling: int, policy: str, by_world: dict[str, Summary]) -> list[str]:
    honest = [one for one in by_world.values() if one.world not in POISONED]
    least, steady, better = worst(honest), by_world[STEADY], by_world[BETTER]
    low, high = (100 * share for share in least.any_bad_interval)
    return [
        f"{frozen:,} + {rolling:,}",
        policy,
        f"{steady.promotions:.0f}",
        f"{100 * least.any_bad:.1f} % ({low:.1f} to {high:.1f})",
        least.world,
        f"{max(one.lost for one in honest):.2f}",
        f"{steady.refused_good:.0f}",
        ", ".join("never" if night is None else str(night) for night in better.live),
        *(f"{100 * by_world[world].any_bad:.1f} %" for world in LIES),
    ]


def draw(found: Sequence[Summary]) -> Callable[[Figure], None]:
    """Returns a function that draws, by rule and size, the share of the years with a bad promotion."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        sizes = sorted({(one.frozen, one.rolling) for one in found})
        for index, size in enumerate(sizes):
            least = [_worst_of(found, size, policy) for policy in POLICIES]
            shares = [100 * one.any_bad for one in least]
            errors = [[abs(100 * one.any_bad - 100 * one.any_bad_interval[end]) for one in least] for end in (0, 1)]
            places = [row + 0.8 * (index + 0.5) / len(sizes) - 0.4 for row in range(len(POLICIES))]
            label = f"{size[0]:,} + {size[1]:,} rows"
            axes.barh(places, shares, 0.8 / len(sizes), xerr=errors, color=results.COLOURS[index % 6], label=label)
        axes.axvline(5, color="#7a7a7a", linestyle="--", linewidth=1)
        axes.set_yticks(range(len(POLICIES)), [policy.name for policy in POLICIES])
        axes.invert_yaxis()
        axes.set(
            xlim=(0, 100), xlabel="% of the years with a bad promotion, in the worst world whose labels do not lie"
        )
        axes.set_title("Which rule holds for a year?")
        axes.legend(frameon=False)

    return fill


def _worst_of(found: Sequence[Summary], size: tuple[int, int], policy: Policy) -> Summary:
    mine = [one for one in found if (one.frozen, one.rolling, one.policy) == (*size, policy.name)]
    return worst([one for one in mine if one.world not in POISONED])


@click.command("gate")
@click.option("--years", default=400, show_default=True, type=click.IntRange(20, 100_000), help="Years a cell.")
@click.option("--nights", default=NIGHTS, show_default=True, type=click.IntRange(1, 10_000), help="Nights a year.")
@click.option(
    "--rows", default="1200+1000,5000+5000", show_default=True, help="Rows of the frozen and the rolling set, in pairs."
)
@click.option("--seed", default=0, show_default=True, help="Another seed gives other years.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/gate]")
@step
def command(years: int, nights: int, rows: str, seed: int, output: Path | None) -> Result:
    """Simulate years of nightly decisions: what each of several rules promotes, and how often that is a mistake."""
    sizes = read_sizes(rows)
    folder = results.folder_for(read_settings(), "gate", output)
    found = simulated(sizes, years, nights, seed)
    table = table_of(found, nights)
    said: Result = {"years": years, "nights": nights, "seed": seed, "cells": [asdict(one) for one in found]}
    kept = results.keep(folder, said, table, draw(found))
    table.show()
    return {name: value for name, value in kept.items() if name != "cells"}  # thousands of figures are for the file
