"""Which canary there is, read from the history: no step is started to find out that there is nothing to watch."""

from __future__ import annotations

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from sentiment.errors import InputError
from sentiment.serving.history import read_state
from sentiment_airflow.steps import step_settings


@task
def find_canary() -> int:
    """Returns the version that is canary; without one, the rest of the run is skipped."""
    try:
        canary = read_state(step_settings()).canary
    except InputError as error:
        raise AirflowFailException(str(error)) from error
    if canary is None:
        raise AirflowSkipException("there is no canary")
    return canary
