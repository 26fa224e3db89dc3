"""The mail about an experiment in which some trainings failed. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sentiment.language import recorded, tr
from sentiment.mail.letter import Mail, letter
from sentiment.results.experiment import ExperimentTable

SENTENCE_END = re.compile(r"(?<=\.) |(?<=。)")  # of the outcome, which comes first; where the files are follows


def experiment_mail(result: ExperimentTable, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail; `result` is the result of `sentiment experiment-table`."""
    rows = [(tr("{model}, lr {lr}", model=row["model"], lr=row["lr"]), row) for row in result.rows]
    failed = [tr("{name}: {why}", name=name, why=why) for name, row in rows for why in row["why"]]
    trained = [
        tr("{name}: test_acc {accuracy}", name=name, accuracy=row["test_acc"]) for name, row in rows if row["test_acc"]
    ]
    sections = {
        tr("What failed"): failed,
        tr("What was trained"): trained or [tr("nothing")],
        tr("Where it is"): [tr("Table: {file}", file=result.table), tr("Plot: {file}", file=result.plot)],
        tr("What to do"): [
            tr(
                "Remove the cause. Then clear the run's failed tasks in Airflow, or submit the same form again: "
                "finished trainings are not repeated."
            ),
        ],
    }
    lead = SENTENCE_END.split(recorded(result.sentence), maxsplit=1)[0]
    return letter(tr("Sentiment: experiment. {lead}", lead=lead), lead, run, sections, links)
