"""What Airflow shows of `sentiment_retrain`."""

from __future__ import annotations

from sentiment.language import marked, tr
from sentiment_airflow.explained.shown import Task, Tasks, page, table

NAME = marked("Retrain")
DESCRIPTION = marked("New posts in, an evaluated canary out")
TASKS = Tasks(
    ingest=Task(
        marked("Take in new files"),
        marked("Takes in new files; the log has one line per file. Rejected rows are in `datasets/quarantine`."),
    ),
    prepare=Task(
        marked("Mix the training rows"),
        marked("Mixes old rows with the new ones. Skipped, with all later steps, when there are no new rows."),
    ),
    check=Task(
        marked("Measure the new posts"),
        marked("Measures the new posts. Red: a figure exceeds its limit, nothing is trained, a mail quotes the posts."),
    ),
    train=Task(
        marked("Train the candidate"),
        marked("Fine-tunes the candidate. After a crash, clear the task: it resumes after the last finished epoch."),
    ),
    evaluate=Task(
        marked("Score candidate and stable"),
        marked("Scores candidate and stable on the same rows."),
    ),
    gate=Task(
        marked("Decide at the gate"),
        marked("Decides whether the candidate may be served. Red: it is worse, and a mail says by how much."),
    ),
    export=Task(
        marked("Export the candidate"),
        marked("Makes the SavedModel and compares its answers with the trained model's."),
    ),
    validate=Task(
        marked("Validate the export"),
        marked("Tests the export in a throw-away server. Red: it fails to load, answers differently, or is too slow."),
    ),
    deploy_canary=Task(
        marked("Deploy the canary"),
        marked("Loads the version on every server, then labels it `canary`. `sentiment_promote` asks a person."),
    ),
    backup=Task(
        marked("Back the home up"),
        marked("Backs the home up, whatever becomes of the other steps. Skipped without `SENTIMENT_BACKUP_FOLDER`."),
    ),
)


def explained() -> str:
    """Returns the page of the workflow."""
    return page(
        tr(NAME),
        tr(
            "Takes in the posts that were labelled since the last night, trains a candidate, compares it with the "
            "stable model, and serves it as the **canary** if it is not worse. A person decides about the canary in "
            "`sentiment_promote`."
        ),
        _steps(),
        tr(
            "Each run keeps its files in its folder `runs/<run>/`. A run that fails or is refused loses nothing: its "
            "rows are new again in the next run. A step is tried three times; a refused input (exit code 2) fails at "
            "once."
        ),
    )


def _steps() -> str:
    return table(
        (tr("step"), tr("does"), tr("ends the run when")),
        ("ingest", tr("takes in new files, row by row; bad rows go to quarantine with a reason")),
        ("prepare", tr("mixes old rows with the new ones, keeps test texts out"), tr("there are no new rows")),
        (
            "check",
            tr("measures the new posts: damage, copies of test texts, drift, doubtful labels"),
            tr("a figure exceeds its limit"),
        ),
        ("train", tr("fine-tunes the candidate")),
        (
            "evaluate",
            tr("scores candidate and stable on the same rows; a mail says so when stable has become worse"),
        ),
        (
            "gate",
            tr("decides whether the candidate may be served"),
            tr("the candidate is worse: a mail says where and by how much"),
        ),
        ("export", tr("makes the SavedModel and checks that it answers like the trained model")),
        (
            "validate",
            tr("loads it in a throw-away server, compares its answers, times them"),
            tr("it fails to load, or answers wrongly"),
        ),
        ("deploy_canary", tr("loads it on every server, then gives it the label `canary`")),
        (
            "backup",
            tr("copies what the home cannot make again to `SENTIMENT_BACKUP_FOLDER`, if that is set"),
        ),
    )
