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
from sentiment.language import tr
from sentiment.results.experiment import Best, ExperimentPlan, ExperimentTable, Listed, Results
from sentiment.results.record import decoded
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people

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
    with to_people():
        table.show()
        say(tr("experiment: table and plot are in {folder}", folder=run.path))
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
    # Not tr_many: this is recorded, and a sentence's other number would not be found again.
    count = tr("1 training") if len(outcomes) == 1 else tr("{number} trainings", number=len(outcomes))
    row = None if best is None else rows[best]
    found = {"model": row["model"], "rate": row["lr"], "accuracy": row["test_acc"]} if row else {}
    if not failed and not found:
        return tr("{trainings}; no model was trained.", trainings=count)
    if not failed:
        return tr("{trainings}; best is {model}, lr {rate}, test_acc {accuracy}.", trainings=count, **found)
    more = [f"and {len(failed) - MOST_QUOTED} more"] if len(failed) > MOST_QUOTED else []
    told = {
        "failed": len(failed),
        "trainings": count,
        "folder": folder,
        "why": "; ".join([*failed[:MOST_QUOTED], *more]),
    }
    if not found:
        return tr("{failed} of {trainings} failed; no model was trained. Table and plot are in {folder}. {why}", **told)
    return tr(
        "{failed} of {trainings} failed; best is {model}, lr {rate}, test_acc {accuracy}. Table and plot are in "
        "{folder}. {why}",
        **told,
        **found,
    )
