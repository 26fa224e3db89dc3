"""The mail about an experiment in which some trainings failed. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

from sentiment.mail.letter import Mail, letter
from sentiment.results.experiment import ExperimentTable


def experiment_mail(result: ExperimentTable, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail; `result` is the result of `sentiment experiment-table`."""
    rows = [(f"{row['model']}, lr {row['lr']}", row) for row in result.rows]
    failed = [f"{name}: {why}" for name, row in rows for why in row["why"]]
    trained = [f"{name}: test_acc {row['test_acc']}" for name, row in rows if row["test_acc"]]
    sections = {
        "What failed": failed,
        "What was trained": trained or ["nothing"],
        "Where it is": [f"Table: {result.table}", f"Plot: {result.plot}"],
        "What to do": [
            "Remove the cause. Then clear the run's failed tasks in Airflow, or submit the same form again: finished "
            "trainings are not repeated.",
        ],
    }
    lead = result.sentence.partition(". ")[0]
    return letter(f"Sentiment: experiment. {lead}.", f"{lead}.", run, sections, links)
