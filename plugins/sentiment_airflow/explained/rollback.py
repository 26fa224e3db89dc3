"""What Airflow shows of `sentiment_rollback`."""

from __future__ import annotations

from sentiment.language import marked, tr
from sentiment_airflow.explained.shown import Task, Tasks, page

NAME = marked("Rollback")
DESCRIPTION = marked("An earlier version becomes stable again")
TASKS = Tasks(
    rollback=Task(
        marked("Go back to an earlier version"),
        marked(
            "Loads the version on every server, then moves the label `stable`. If it fails, the label has not "
            "moved; the log names the server."
        ),
    ),
    point=Task(
        marked("Point readers of the archive back"),
        marked(
            "Readers of the archive's scores take those of the version that is stable again; skipped when there are "
            "none. Whether this works or not, the rollback stands."
        ),
    ),
)


def explained() -> str:
    """Returns the page of the workflow."""
    return page(
        tr(NAME),
        tr(
            "Start it by hand: it makes an earlier stable version stable again, on every server. The previous stable "
            "version is still loaded, so going back to it takes no time; an older version is loaded first."
        ),
        tr(
            "Where the archive has scores of that version, their readers take them at once. Nothing is scored: for "
            "that, trigger `sentiment_score`."
        ),
        tr("The history records who triggered it and why, and a mail goes out."),
    )
