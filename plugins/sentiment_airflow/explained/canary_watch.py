"""What Airflow shows of `sentiment_canary_watch`."""

from __future__ import annotations

from sentiment.language import marked, tr
from sentiment_airflow.explained.shown import Task, Tasks, page

NAME = marked("Canary watch")
DESCRIPTION = marked("Servers answer as the history says; a canary that answers badly is withdrawn")
TASKS = Tasks(
    verify=Task(
        marked("Verify the servers"),
        marked("Compares what every server serves and answers with the history. Red: a server serves something else."),
    ),
    find_canary=Task(
        marked("Find the canary"),
        marked("Reads from the history which version is the canary; without one, it ends."),
    ),
    watch=Task(
        marked("Probe the canary"),
        marked(
            "Asks both versions the newest labelled posts. Red: the canary was withdrawn (log and mail say why), "
            "or no server answered in any of the tries."
        ),
    ),
)


def explained() -> str:
    """Returns the page of the workflow."""
    return page(
        tr(NAME),
        tr(
            "Every few minutes (`SENTIMENT_WATCH`), `verify` asks all servers whether they serve what the history "
            "says, and answer as their versions did when they were validated. Otherwise somebody replaced a model "
            "behind a label: the run is **red**, and one mail goes out. When it is over, another mail says so."
        ),
        tr(
            "While there is a canary, this workflow asks both versions the newest labelled posts of the rolling test "
            "set every few minutes, and measures accuracy, errors and response times. After "
            "`SENTIMENT_CANARY_BAD_PROBES` bad probes in a row it **withdraws** the canary: the history says why, a "
            "mail goes out, and the run is red. Stable is not affected. An approval of that version that still waits "
            "no longer changes anything."
        ),
        tr(
            "Servers that do not answer, and probes in which stable fails as well, do not count against the canary: "
            "such a run fails after its retries, and one mail goes out. Without a canary, nothing is probed."
        ),
    )
