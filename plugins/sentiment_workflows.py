"""What the workflows share: their names, the asset that joins them, and how their tasks behave."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable
from sentiment_mail import StepFailureNotifier

RETRAIN, PROMOTE = "sentiment_retrain", "sentiment_promote"
CANARY_WATCH, ROLLBACK = "sentiment_canary_watch", "sentiment_rollback"
CANARY = Asset("sentiment_canary")  # an event: version `version`, made by run `run`, is the canary now

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "sentiment",
    "retries": 2,  # only for what is transient: a refused input fails at once
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": True,
    "execution_timeout": timedelta(hours=12),
    "on_failure_callback": StepFailureNotifier(),
}


def nightly() -> CronTriggerTimetable | None:
    """Returns when a night begins, in Taipei: SENTIMENT_NIGHTLY, a cron expression; `off`: only by hand."""
    return _schedule("SENTIMENT_NIGHTLY", "0 2 * * *")


def watching() -> CronTriggerTimetable | None:
    """Returns when the canary is probed: SENTIMENT_WATCH, a cron expression; `off`: only by hand."""
    return _schedule("SENTIMENT_WATCH", "*/5 * * * *")


def _schedule(setting: str, default: str) -> CronTriggerTimetable | None:
    expression = os.environ.get(setting) or default
    if expression == "off":
        return None
    # Without the last argument, Airflow starts what is just over at once when the workflow is first switched on
    # within a tenth of the time to the next one (`False` means that, too).
    return CronTriggerTimetable(expression, timezone="Asia/Taipei", run_immediately=timedelta(0))
