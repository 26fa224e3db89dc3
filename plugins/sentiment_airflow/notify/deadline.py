"""The alert when the night's model is not ready by morning: Airflow's DeadlineAlert, mailed by its executor.

It is about runs that are still going: a run that failed has been mailed about already, and a run that never began
(no scheduler) cannot be noticed from here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Context
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from sentiment.language import tr
from sentiment.mail.letter import Mail, about, letter
from sentiment.settings import read_airflow_settings
from sentiment_airflow.links import run_link
from sentiment_airflow.notify.notifier import MailNotifier


class LateNotifier(MailNotifier):
    """Mails that a run has not ended in time. Its context is what the scheduler passes: `dag_run` and `deadline`."""

    def compose(self, context: Context) -> Mail:
        run: Any = context["dag_run"]
        lead = tr(
            "No new model yet: run {run} has not ended after {hours:g} hours.",
            run=run["dag_run_id"],
            hours=deadline_hours(),
        )
        address = run_link(run["dag_id"], str(run["dag_run_id"]))
        to_do = [
            tr("Nothing is urgent: the stable model keeps serving, and the run continues and may still end well."),
            tr(
                "Look at which step the run is in: training takes longer on more data or on a slower machine. "
                "SENTIMENT_DEADLINE_HOURS sets another limit."
            ),
        ]
        return letter(about(lead), lead, str(run["dag_run_id"]), {tr("What to do"): to_do}, {tr("Run"): address})


def tell_late(context: Any) -> None:
    """Mails that the run of `context` is late."""
    LateNotifier().notify(context)


def deadline() -> DeadlineAlert | None:
    """Returns the alert, due SENTIMENT_DEADLINE_HOURS (default 6) after a run's date; None when that is `off`.

    Not after it was queued: Airflow 3.3.2 cannot clear a task of a run with such a deadline (its
    `_recalculate_dagrun_queued_at_deadlines` takes the stored interval for a number). A run without a date, which only
    the API can trigger, has no deadline.
    """
    hours = deadline_hours()
    if not hours:
        return None
    late = SyncCallback(tell_late)
    return DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, timedelta(hours=hours), late, name="by morning")


def deadline_hours() -> float:
    """Returns after how many hours a run is late; 0 means never."""
    return read_airflow_settings("deadline_hours").deadline_hours
