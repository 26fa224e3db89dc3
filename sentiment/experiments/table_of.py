"""`sentiment experiment-table`: makes the older tool's table and a plot of an experiment. It trains nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from sentiment.experiments import listing, sweep
from sentiment.experiments.files import RESULTS
from sentiment.experiments.outcome import keep
from sentiment.experiments.plan import rows_of
from sentiment.experiments.sweep import Outcome
from sentiment.results.experiment import Best, ExperimentPlan, ExperimentTable, Listed, Results
from sentiment.results.record import decoded
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings
from sentiment.step import say, step

MOST_QUOTED = 3  # failures in the sentence; the table has all of them


@click.command("experiment-table")
@click.option("--run", "run_id", required=True, help="A run with a plan.")
@step
def command(run_id: str) -> ExperimentTable:
    """Make the table and the plot of an experiment; failed and unfinished trainings are listed with their reasons."""
    settings = read_settings()
    run = RunFolder.named(settings, run_id)
    plan = run.read(ExperimentPlan)
    rows = rows_of(plan, settings)
    outcomes = [rows.outcome(training) for training in plan.trainings]
    counted, at = (plan.train_rows, plan.test_rows), datetime.now(UTC).isoformat(timespec="seconds")
    kept, table = keep(run.path, outcomes, plan.setup, rows.data, counted, at=at)
    result = decoded(kept, Results, str(run.path / RESULTS), "Draw the table again.")
    table.show()
    say(f"experiment: table and plot are in {run.path}")
    shown = [dict(zip(table.headings, cells, strict=True)) for cells in table.rows]
    best = None if table.best is None else shown[table.best]
    told = Best(model=best["model"], lr=best["lr"], test_acc=best["test_acc"]) if best else None
    listing.enter(settings, Listed(run=run.name, at=at, trainings=len(outcomes), failed=result.failed, best=told))
    return ExperimentTable(
        rows=[{**cells, "why": row.why} for cells, row in zip(shown, result.rows, strict=True)],
        best=best,
        failed=result.failed,
        table=result.table,
        plot=result.plot,
        report=str(run.path / RESULTS),
        sentence=sentence(outcomes, shown, table.best, run.path),
    )


def sentence(outcomes: Sequence[Outcome], rows: Sequence[Mapping[str, str]], best: int | None, folder: Path) -> str:
    """Returns the outcome of an experiment in words, with the first reasons of failures."""
    failed = [f"{sweep.described(outcome.training)}: {outcome.why}" for outcome in outcomes if outcome.result is None]
    found = (
        "no model was trained" if best is None else "best is {model}, lr {lr}, test_acc {test_acc}".format(**rows[best])
    )
    count = f"{len(outcomes)} training{'s' * (len(outcomes) != 1)}"
    if not failed:
        return f"{count}; {found}."
    more = [f"and {len(failed) - MOST_QUOTED} more"] if len(failed) > MOST_QUOTED else []
    why = "; ".join([*failed[:MOST_QUOTED], *more])
    return f"{len(failed)} of {count} failed; {found}. Table and plot are in {folder}. {why}"
