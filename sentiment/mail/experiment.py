"""The mail about an experiment of which some trainings failed. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

from sentiment.mail.letter import Mail, letter
from sentiment.results.experiment import ExperimentTable


def experiment_mail(result: ExperimentTable, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail; `result` is that of `sentiment experiment-table`."""
    rows = [(f"{row['model']}, lr {row['lr']}", row) for row in result.rows]
    failed = [f"{name}: {why}" for name, row in rows for why in row["why"]]
    trained = [f"{name}: test_acc {row['test_acc']}" for name, row in rows if row["test_acc"]]
    sections = {
        "What failed": failed,
        "What was trained": trained or ["nothing"],
        "Where it is": [f"Table: {result.table}", f"Plot: {result.plot}"],
        "What to do": [
            "When the cause is gone, clear the failed tasks of the run in Airflow, or trigger the form anew: what is "
            "finished is not trained again.",
        ],
    }
    lead = result.sentence.partition(". ")[0]
    return letter(f"Sentiment: experiment. {lead}.", f"{lead}.", run, sections, links)
