"""Selects what a step gets from Airflow's environment and connections."""

from __future__ import annotations

import os
from collections.abc import Mapping

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from sentiment.settings import CHECKOUT, NOT_FOR_STEPS, Settings, read_airflow_settings, read_settings

# A step has its own environment: Airflow's packages would break it, and it must not see Airflow's secrets.
AIRFLOWS_OWN = ("AIRFLOW", "_AIRFLOW", "__AIRFLOW", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


def step_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment of a step: everything except what belongs to Airflow."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(AIRFLOWS_OWN) and name not in NOT_FOR_STEPS
    }


def bucket_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns boto3's variables, overridden by the Airflow connection that SENTIMENT_BUCKET_CONNECTION names.

    Its login and password are the key; its extra may hold `endpoint_url`, `region_name` and `aws_session_token`.
    """
    given = {variable: value for variable, value in environment.items() if variable.startswith("AWS_")}
    name = read_airflow_settings("bucket_connection", environment=environment).bucket_connection
    if not name:
        return given
    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise AirflowFailException(
            f"SENTIMENT_BUCKET_CONNECTION must name an Airflow connection; found none called {name!r}. Add the "
            "connection, or unset the variable."
        ) from None
    extra = connection.extra_dejson
    found = {
        "AWS_ACCESS_KEY_ID": connection.login,
        "AWS_SECRET_ACCESS_KEY": connection.password,
        "AWS_SESSION_TOKEN": extra.get("aws_session_token"),
        "AWS_ENDPOINT_URL": extra.get("endpoint_url"),
        "AWS_DEFAULT_REGION": extra.get("region_name"),
    }
    return given | {variable: str(value) for variable, value in found.items() if value}


def step_settings() -> Settings:
    """Returns the settings that a step started by this process would read."""
    return read_settings(step_environment(os.environ))


def step_command(environment: Mapping[str, str]) -> str:
    """Returns the path of `sentiment` in the trainer environment: SENTIMENT_COMMAND, or the checkout's `.venv`."""
    stated = read_airflow_settings("command", environment=environment).command
    command = stated or str(CHECKOUT / ".venv" / "bin" / "sentiment")
    if not os.access(command, os.X_OK):
        raise AirflowFailException(
            f"the steps' command must be an executable file; found none at {command}. "
            "Run `make setup`, or set SENTIMENT_COMMAND to its path."
        )
    return command
