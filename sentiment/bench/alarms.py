"""`sentiment bench alarms`: simulates years of nights, and counts the mails about a fall of stable that come in vain.

Nothing of a home is read but the limit: what is truly so is known only in a simulation. The same seed gives the same
years.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from sentiment.bench.years.alarms import FALL_AT, RULES, WORLDS, World, Year, simulate
from sentiment.bench.years.policies import NIGHTS
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.progress import progress
from sentiment.settings import read_settings
from sentiment.step import Result, step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("what the nights bring", "rule", "mails in vain a year", "nights from the fall to the mail")


@dataclass(frozen=True)
class Cell:
    """The years of one rule in one world: mails in vain a year with their 95 % interval, and the nights to a mail.

    `nights_to_mail`: half and 95 % of the years had their mail after so many nights; null when they had none, or when
    there is no fall beyond the limit.
    """

    world: str
    about: str
    rule: str
    years: int
    in_vain: float
    in_vain_interval: tuple[float, float]
    nights_to_mail: tuple[int | None, int | None]


def simulated(years: int, nights: int, limit: float, seed: int) -> list[Cell]:
    """Returns the figures of every rule in every world; shows progress."""
    cells = [(world, rule) for world in WORLDS for rule in RULES]
    found = []
    with progress(len(cells), "simulating", unit="worlds under a rule") as shown:
        for world, rule in cells:
            found.append(cell(world, rule, simulate(RULES[rule], world, years, nights, limit, seed)))
            shown.update()
    return found


def cell(world: World, rule: str, years: Sequence[Year]) -> Cell:
    """Returns the figures of these years."""
    total = sum(year.in_vain for year in years)
    waits = sorted(math.inf if year.nights_to_mail is None else year.nights_to_mail for year in years)
    low, high = poisson(total)
    return Cell(
        world=world.name,
        about=world.about,
        rule=rule,
        years=len(years),
        in_vain=total / len(years),
        in_vain_interval=(low / len(years), high / len(years)),
        nights_to_mail=(_quantile(waits, 0.5), _quantile(waits, 0.95)),
    )


def poisson(count: int) -> tuple[float, float]:
    """Returns the exact 95 % interval of a rate of which `count` was seen (F. Garwood, 1936, Biometrika 28:437-442)."""
    from scipy.stats import chi2

    return (float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0), float(chi2.ppf(0.975, 2 * count + 2)) / 2


def _quantile(waits: Sequence[float], share: float) -> int | None:
    found = waits[math.ceil(share * len(waits)) - 1]
    return int(found) if math.isfinite(found) else None


def table_of(found: Sequence[Cell], nights: int, limit: float) -> Table:
    """Returns one row for each world and rule."""
    rows = [
        [
            one.about,
            one.rule,
            f"{one.in_vain:.2f} ({one.in_vain_interval[0]:.2f} to {one.in_vain_interval[1]:.2f})",
            ", ".join("never" if night is None else str(night) for night in one.nights_to_mail)
            if _has_fall(one, limit)
            else "–",
        ]
        for one in found
    ]
    notes = [
        f"{found[0].years:,} years of {nights} nights; {100 * limit:g} points are allowed; a fall: at night {FALL_AT}",
        "nights to the mail: after so many, half and 95 % of the years had it",
    ]
    return Table("mails about a fall of stable", HEADINGS, rows, notes=notes)


def _has_fall(one: Cell, limit: float) -> bool:
    return next(world.fall for world in WORLDS if world.name == one.world) > limit


def draw(found: Sequence[Cell]) -> Callable[[Figure], None]:
    """Returns a function that draws the mails in vain, by world and rule."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        for index, rule in enumerate(RULES):
            means = [one.in_vain for one in found if one.rule == rule]
            places = np.arange(len(means)) + 0.8 * (index + 0.5) / len(RULES) - 0.4
            axes.barh(places, means, 0.8 / len(RULES), color=results.COLOURS[index], label=rule)
        axes.set_yticks(range(len(WORLDS)), [world.name for world in WORLDS])
        axes.invert_yaxis()
        axes.set(xlabel="mails in vain a year")
        axes.set_title("How often is a mail about a fall in vain?")
        axes.legend(frameon=False)

    return fill


@click.command("alarms")
@click.option("--years", default=400, show_default=True, type=click.IntRange(20, 100_000), help="Years a cell.")
@click.option("--nights", default=NIGHTS, show_default=True, type=click.IntRange(1, 10_000), help="Nights a year.")
@click.option("--seed", default=0, show_default=True, help="Another seed gives other years.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/alarms]")
@step
def command(years: int, nights: int, seed: int, output: Path | None) -> Result:
    """Simulate years of nights: how often a mail about a fall of stable is in vain, and how soon a real one comes."""
    settings = read_settings()
    folder = results.folder_for(settings, "alarms", output)
    found = simulated(years, nights, settings.estimate_fall, seed)
    table = table_of(found, nights, settings.estimate_fall)
    said: Result = {"years": years, "nights": nights, "seed": seed, "limit": settings.estimate_fall}
    kept = results.keep(folder, said | {"cells": [asdict(one) for one in found]}, table, draw(found))
    table.show()
    return {name: value for name, value in kept.items() if name != "cells"}
