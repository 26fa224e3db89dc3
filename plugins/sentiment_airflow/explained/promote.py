"""What Airflow shows of `sentiment_promote`."""

from __future__ import annotations

from sentiment.language import marked, tr
from sentiment_airflow.explained.shown import Task, Tasks, bullets, page

NAME = marked("Promote")
DESCRIPTION = marked("A person decides about the canary")
TASKS = Tasks(
    describe=Task(
        marked("Write the question"),
        marked(
            "Writes the question: version, comparison, flipped texts, warnings. Skipped when the version is "
            "no longer the canary."
        ),
    ),
    approve=Task(
        marked("Ask for approval"),
        marked("Waits for a person: **Required Actions** shows the question and the two buttons."),
    ),
    promote=Task(
        marked("Make the canary stable"),
        marked("After Approve: makes the canary stable on every server. If a server was down, clear this task."),
    ),
    withdraw=Task(
        marked("Withdraw the canary"),
        marked("After Reject, or no answer in time: removes the canary from the servers; stable stays as it is."),
    ),
    find_older=Task(
        marked("Find older questions"),
        marked("Finds runs that still ask about a replaced version."),
    ),
    close_older=Task(
        marked("Close older questions"),
        marked("Restarts each such run; its `describe` then ends it. Nobody has to answer."),
    ),
)


def explained() -> str:
    """Returns the page of the workflow."""
    return page(
        tr(NAME),
        tr(
            "Starts when `sentiment_retrain` has deployed a canary, and asks a person: *make version N stable?* When "
            "started by hand, it asks about the present canary."
        ),
        bullets(
            tr("**Approve**: the canary becomes stable, and the previous stable model is kept for a rollback."),
            tr("**Reject**, or no answer in time: the canary is withdrawn; stable is not affected."),
        ),
        tr(
            "Both need a reason: an answer without a reason does not count, and the question stays open. With four "
            "eyes (`SENTIMENT_FOUR_EYES`), neither does an Approve by whoever started the run or changed its gate. "
            "The history records who decided and why, and a mail says so. A mail also goes out when a question is "
            "asked, and when a quarter of its time is left."
        ),
        tr(
            "A newer canary closes the questions about older ones: `close_older` restarts their runs, which then find "
            "that there is nothing left to decide. An answer about a canary that has been replaced in the meantime "
            "changes nothing, and says so."
        ),
    )
