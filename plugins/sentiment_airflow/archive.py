"""Which version `sentiment_score` scores the archive with."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from sentiment.language import tr
from sentiment.serving.history import read_state
from sentiment_airflow.people import for_people
from sentiment_airflow.preconditions import wrong_input_fails_at_once
from sentiment_airflow.steps import step_settings

VERSION = "{{ ti.xcom_pull(task_ids='find_version') }}"

log = logging.getLogger(__name__)


@task
@wrong_input_fails_at_once()
def find_version(params: Any = None) -> int:
    """Returns the version of the form, or else the one that is stable now; without any, the rest is skipped.

    A promotion that started the run may have been followed by a rollback since: what is stable now counts.
    """
    settings = step_settings()
    version = int((params or {}).get("version") or read_state(settings).stable or 0)
    with for_people():
        if not settings.archive:
            raise skipped(tr("there is no archive: SENTIMENT_ARCHIVE names none"))
        if not version:
            raise skipped(tr("there is no stable version yet"))
    return version


def skipped(why: str) -> AirflowSkipException:
    log.warning("%s", why)  # Airflow folds away its own line about it
    return AirflowSkipException(why)
