"""Every setting of the system, declared once: `SENTIMENT_*`, read from the environment and nowhere else.

steps.py     what the steps read, and Airflow's workflows with them
airflow.py   what only Airflow's workflows read
runner.py    how Airflow runs a step, and with what
tests.py     what the tests read
encoders.py  the encoders that the project is tested with

Only the standard library is needed, so that any Python can read them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping

from sentiment.errors import InputError
from sentiment.settings.airflow import AirflowSettings, read_airflow_settings
from sentiment.settings.declaration import PREFIX, Declared, read, variables
from sentiment.settings.encoders import named
from sentiment.settings.limits import Limits
from sentiment.settings.runner import RunnerSettings, read_runner_settings
from sentiment.settings.steps import CHECKOUT, Settings
from sentiment.settings.tests import SettingsOfTests

__all__ = [
    "CHECKOUT",
    "GROUPS",
    "NOT_FOR_STEPS",
    "AirflowSettings",
    "Limits",
    "RunnerSettings",
    "Settings",
    "encoders_for_forms",
    "language_of_people",
    "read_airflow_settings",
    "read_runner_settings",
    "read_settings",
]

GROUPS: tuple[type[Declared], ...] = (Settings, AirflowSettings, RunnerSettings, SettingsOfTests)
# What a step does not read, and Airflow therefore does not pass on to it.
NOT_FOR_STEPS = frozenset().union(*map(variables, GROUPS[1:]))


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Returns the steps' settings that the environment states.

    Raises: InputError when a value must not be so, or when a `SENTIMENT_` variable is the name of no setting.
    """
    known = variables(Settings) | NOT_FOR_STEPS
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable not in known:
            raise _unknown(variable, known)
    return read(Settings, environment)


def language_of_people(environment: Mapping[str, str] = os.environ) -> str:
    """Returns SENTIMENT_LANGUAGE, without reading any other setting: `en` or `zh-TW`.

    A value that must not be so is refused by every step; what people read is then in English, not kept back.
    """
    try:
        return read(Settings, environment, ("language",)).language
    except InputError:
        return "en"


def encoders_for_forms(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Returns the encoders that a form offers, without reading any other setting; none: it takes every name.

    Raises: InputError when SENTIMENT_ENCODERS must not be as it is.
    """
    try:
        return named(read(Settings, environment, ("encoders",)).encoders)
    except InputError as error:
        raise error.with_traceback(None) from None


def _unknown(variable: str, known: frozenset[str]) -> InputError:
    names = sorted(name.removeprefix(PREFIX) for name in known)
    close = [PREFIX + name for name in difflib.get_close_matches(variable.removeprefix(PREFIX), names)]
    advice = f"Did you mean {' or '.join(close)}? Correct the name" if close else "Correct its name"
    return InputError(
        "a SENTIMENT_ variable must be the name of a setting",
        found=variable,
        do=f"{advice}, or unset it; docs/reference/settings.md lists all settings.",
    )
