"""What Airflow shows of `sentiment_score`."""

from __future__ import annotations

from sentiment.language import marked, tr
from sentiment_airflow.explained.shown import Task, Tasks, page

NAME = marked("Score")
DESCRIPTION = marked("The stable version scores the archive, and a page says what changed")
TASKS = Tasks(
    find_version=Task(
        marked("Find the version"),
        marked("Finds the version to score with; skipped when there is no archive, or no stable version yet."),
    ),
    score=Task(
        marked("Score the archive"),
        marked(
            "Scores every post of `SENTIMENT_ARCHIVE` that the version has not scored yet; the log says how far it "
            "is. After a stop, clear the task: it goes on where it was."
        ),
    ),
    compare=Task(
        marked("Compare with the version before"),
        marked(
            "Draws the page of what changed since the last stable version with scores; skipped when there is none. "
            "The version's page on the Models page shows it."
        ),
    ),
)


def explained() -> str:
    """Returns the page of the workflow."""
    return page(
        tr(NAME),
        tr(
            "Starts after each promotion, when it is time to look for new files (`SENTIMENT_ARCHIVE_CHECK`), or by "
            "hand. It scores the posts in `SENTIMENT_ARCHIVE` with the stable version, each exactly once. Without an "
            "archive, it does nothing."
        ),
        tr(
            "When all posts are scored, readers are pointed to the new scores (`current.json`). Until then they keep "
            "those of the version before. After a rollback, `sentiment_rollback` points them back at once."
        ),
        tr(
            "A file that cannot be read is put aside, and stops nothing: the log and the version's page on the Models "
            "page say that not all of the archive has scores, and where such files are named."
        ),
        tr(
            "It may take days. A retrain may run beside it; where GPUs have a pool (`SENTIMENT_GPU_POOL`), it holds "
            "one of them until it ends."
        ),
    )
