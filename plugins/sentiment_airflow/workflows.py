"""What the workflows share: their names, the asset that joins them, and how their tasks behave."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable
from airflow.sdk.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable as SchedulersTimetable
from croniter import CroniterBadDateError  # type: ignore[import-untyped]

from sentiment.language import marked
from sentiment.settings import AirflowSettings, read_airflow_settings, read_settings
from sentiment.settings.declaration import declarations
from sentiment.settings.kinds import OFF
from sentiment.text.taipei import TAIPEI
from sentiment_airflow.notify.steps import StepFailureNotifier
from sentiment_airflow.preconditions import require_known_params

RETRAIN, PROMOTE = "sentiment_retrain", "sentiment_promote"
CANARY_WATCH, ROLLBACK = "sentiment_canary_watch", "sentiment_rollback"
EXPERIMENT, PRETRAIN, SCORE = "sentiment_experiment", "sentiment_pretrain", "sentiment_score"
THE_NIGHTLY_RUN = marked("the nightly run")  # who made a canary that no person started
# Behind whose run it was: Airflow does not tell a task who cleared it.
STARTED_AGAIN = marked("{who}, started again by somebody").removeprefix("{who}")
SOMEBODY = marked("somebody in Airflow")  # who triggered a run, when Airflow does not say
AGAIN = f"('{STARTED_AGAIN}' if dag_run.clear_number else '')"  # in a template, behind the name of who triggered it
CANARY = Asset("sentiment_canary")  # an event says: version `version`, made by run `run`, is now the canary
STABLE = Asset("sentiment_stable")  # an event says: somebody's approval was carried out; version `stable` is stable now

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "sentiment",
    "retries": 2,  # only for transient failures: a refused input fails at once
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,  # twice as long each time; `True` would mean 1, which is no longer
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=12),
    "on_failure_callback": StepFailureNotifier(),
    "pre_execute": require_known_params,
}


def nightly() -> CronTriggerTimetable | None:
    """Returns when a night begins, in Taipei time: SENTIMENT_NIGHTLY, a cron expression; `off`: only by hand."""
    return _schedule("nightly", read_airflow_settings("nightly").nightly)


def weekly() -> CronTriggerTimetable | None:
    """Returns when the pretraining begins, in Taipei time: SENTIMENT_WEEKLY, a cron expression; `off`: only by hand."""
    return _schedule("weekly", read_airflow_settings("weekly").weekly)


def watching() -> CronTriggerTimetable | None:
    """Returns when the canary is probed: SENTIMENT_WATCH, a cron expression; `off`: only by hand."""
    return _schedule("watch", read_airflow_settings("watch").watch)


def scoring() -> list[Asset] | AssetOrTimeSchedule | None:
    """Returns when the archive is scored: after each promotion, and when SENTIMENT_ARCHIVE_CHECK says, in Taipei time.

    Without an archive (SENTIMENT_ARCHIVE) nothing starts it but a person.
    """
    if not read_settings().archive:
        return None
    checks = _schedule("archive_check", read_airflow_settings("archive_check").archive_check)
    return AssetOrTimeSchedule(timetable=checks, assets=[STABLE]) if checks else [STABLE]


def gpu_pool() -> str:
    """Returns the pool of the steps that use a GPU: SENTIMENT_GPU_POOL, which must exist; by default, Airflow's.

    If the pool has as many slots as there are GPUs, no two steps ever share one.
    """
    return read_airflow_settings("gpu_pool").gpu_pool or "default_pool"


def owner_links() -> dict[str, str]:
    """Returns the link of the owner's name in Airflow: a mail to the first address of SENTIMENT_MAIL_TO."""
    address = next(iter(read_airflow_settings("mail_to").mail_to), "")
    return {"sentiment": f"mailto:{address}"} if re.fullmatch(r"[\w.+-]+@[\w.-]+", address) else {}


def hours_to_answer() -> float:
    """Returns how long an approval waits, in hours: SENTIMENT_APPROVAL_HOURS, by default 24."""
    return read_airflow_settings("approval_hours").approval_hours


def _schedule(setting: str, expression: str) -> CronTriggerTimetable | None:
    """Returns the timetable of a cron expression. Raises: InputError when the scheduler could not read it."""
    if expression == OFF:
        return None
    declared, shown = declarations(AirflowSettings)[setting], repr(expression[:100])
    if re.search(r"(?<![a-z])[rh](?![a-z])", expression, re.IGNORECASE):  # croniter's, drawn anew at each reading
        raise declared.refusal(shown, "name fixed times: `R` and `H` draw one")
    try:
        timetable = SchedulersTimetable(expression, timezone=str(TAIPEI))
        timetable.validate()
        timetable.next_dagrun_info(last_automated_data_interval=None, restriction=TimeRestriction(None, None, False))
    except AirflowTimetableInvalid as error:
        raise declared.refusal(f"{shown} ({error})"[:250]) from None
    except CroniterBadDateError:  # the 30th of February: the scheduler only logs that, and never starts a run
        raise declared.refusal(shown, "name times that come") from None
    # Without the last argument (or with `False`), Airflow at once starts a run that was due shortly before the workflow
    # is first switched on: if no more than a tenth of the time to the next run has passed.
    return CronTriggerTimetable(expression, timezone=str(TAIPEI), run_immediately=timedelta(0))
