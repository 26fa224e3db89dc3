"""The settings that Airflow's workflows read. No step reads any of them, and no step is given them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from sentiment.errors import InputError
from sentiment.settings.declaration import Declared, read, setting
from sentiment.settings.kinds import number, number_or_off, schedule, switch, text, whole, words

LONGEST = 100_000  # hours: eleven years


@dataclass(frozen=True)
class AirflowSettings(Declared):
    """One field a setting: `SENTIMENT_` and the field's name in capitals is the variable that sets it."""

    nightly: str = setting(
        "0 2 * * *",
        schedule(),
        "When the nightly retrain starts, in Taipei's time; `off`: only when somebody starts it.",
    )
    weekly: str = setting(
        "0 4 * * 6",
        schedule(),
        "When the weekly pretraining starts, in Taipei's time; `off`: only when somebody starts it.",
    )
    watch: str = setting(
        "*/5 * * * *",
        schedule(),
        "When the canary is probed, in Taipei's time; `off`: only when somebody starts it.",
    )
    archive_check: str = setting(
        "0 6 * * *",
        schedule(),
        "When `sentiment_score` looks for new files in SENTIMENT_ARCHIVE, in Taipei's time; `off`: only after a "
        "promotion, or when somebody starts it.",
    )
    deadline_hours: float = setting(
        6.0,
        number_or_off(0, LONGEST),
        "A retrain that still runs after this time is mailed as late; `off` or 0: never.",
        unit="hours",
    )
    approval_hours: float = setting(
        24.0,
        number(0, LONGEST),
        "How long an approval waits for an answer; without one it counts as rejected.",
        unit="hours",
    )
    approvers: tuple[str, ...] = setting(
        (),
        words(),
        "The ids of the Airflow users who may decide about a canary; empty: every user who may answer in Airflow.",
        shown_default="all who may",
    )
    four_eyes: bool = setting(
        False,
        switch(),
        "Whether whoever started the run of a canary, or loosened or overrode its gate, may not approve it.",
    )
    form_floor: float = setting(
        0.34, number(0, 1), "The lowest floor of the gate that the retrain form takes, whatever the reason."
    )
    form_margin: float = setting(
        0.2, number(0, 1), "The largest margin of the gate that the retrain form takes, whatever the reason."
    )
    form_recall_drop: float = setting(
        0.5, number(0, 1), "The largest fall of a recall that the retrain form lets pass, whatever the reason."
    )
    form_minimum_rolling: int = setting(
        1000,
        whole(1, 10**9),
        "The most rows that the retrain form may demand before the rolling test set decides, whatever the reason.",
        unit="rows",
    )
    mail_to: tuple[str, ...] = setting(
        (),
        words(),
        "The addresses that get the mails; Airflow's connection `smtp_default` names the mail server.",
        shown_default="nobody",
    )
    mail_quiet_hours: float = setting(
        12.0,
        number(0, LONGEST),
        "How long the same failure is not mailed again; the next mail says how many were held back.",
        unit="hours",
    )
    nothing_new_nights: int = setting(
        3,
        whole(0, 10_000),
        "After this many nights without a new post a mail says so, and again after as many more; 0: never.",
        unit="nights",
    )
    gpu_pool: str = setting(
        "",
        text(),
        "The Airflow pool of the steps that use a GPU; it must exist: `airflow pools set NAME 1 cards` makes it.",
        shown_default="`default_pool`",
    )
    bucket_connection: str = setting(
        "",
        text(),
        "The Airflow connection that holds the bucket's key; its extra may hold `endpoint_url` and `region_name`.",
        shown_default="none",
    )
    command: str = setting(
        "",
        text(),
        "The executable that Airflow's tasks start with the runner `local`.",
        shown_default="`.venv/bin/sentiment`",
    )


def read_airflow_settings(*names: str, environment: Mapping[str, str] = os.environ) -> AirflowSettings:
    """Returns Airflow's settings as the environment states them: those of `names`, or all; the others' are defaults.

    Whoever needs one setting reads that one: a mistake in the mails' settings must not keep the mail about it back.
    Raises: InputError when one of them must not be as it is.
    """
    try:
        return read(AirflowSettings, environment, names)
    except InputError as error:
        # Airflow shows the last frames of whatever fails while it reads a workflow: those of the caller say more.
        raise error.with_traceback(None) from None
