"""A refusal fails a task for good, and is one line of its log: no frame of Airflow's would tell its reader more."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from airflow.sdk.exceptions import AirflowFailException

from sentiment.language import recorded, tr
from sentiment_airflow.people import for_people


class Refusal(AirflowFailException):
    """Says, in a whole English sentence, why the task must not continue; another try would find the same."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        _show_refusals_in_one_line()


def in_one_line(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turns what Airflow logs about a refusal, a sentence of its own and a traceback, into the refusal alone."""
    if isinstance(refusal := _raised(event.get("exc_info")), Refusal):
        del event["exc_info"]
        with for_people():
            event["event"] = tr("Failed, and not tried again: {why}", why=recorded(str(refusal)))
    return event


def _raised(exc_info: object) -> object:
    """Returns what an event is about: structlog takes an exception, its triple, and True for the one at hand."""
    if isinstance(exc_info, tuple):
        return exc_info[1] if len(exc_info) > 1 else None
    return sys.exception() if exc_info is True else exc_info


def _show_refusals_in_one_line() -> None:
    """Adds a processor to the log of this process, unless it has it.

    Loggers that are in use hold the list itself, so it is changed in place. Airflow sets a list up anew in the process
    of each task; therefore this is done when there is a refusal, not when this module is imported.
    """
    processors = structlog.get_config()["processors"]
    if isinstance(processors, list) and in_one_line not in processors:
        processors.insert(0, in_one_line)
