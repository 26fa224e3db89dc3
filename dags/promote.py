"""
### Promote

Starts when `sentiment_retrain` has deployed a canary, and asks a person: *make version N stable?* Started by hand, it
asks about the canary that there is now.

* **Approve**: the canary becomes stable, and the stable model before it is kept for a rollback.
* **Reject**, or no answer in time: the canary is withdrawn; stable never noticed.

Either needs a reason: an answer without one is not taken, and the question stays open. Who decided, and why, is kept in
the history and mailed. A mail goes out when a question waits, and another when a quarter of the time is left.

A newer canary closes the questions about older ones (`close_older` starts their runs anew, which then find that
there is nothing to decide any more). An answer about a canary that has been replaced in the meantime changes nothing,
and says so.
"""

from __future__ import annotations

from airflow.sdk import DAG
from sentiment_airflow.approval.operator import DECISION, NEEDS_DECISION, RUN, CanaryApproval
from sentiment_airflow.approval.question import CloseQuestion, describe, find_older
from sentiment_airflow.notify.approval import DecisionNotifier
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import CANARY, DEFAULT_ARGS, PROMOTE, owner_links

OUTCOMES = {
    "promote": "After Approve: the canary becomes stable on every server. If a server was down, clear this task.",
    "withdraw": "After Reject, or no answer in time: the canary is taken from the servers; stable stays as it is.",
}

with DAG(
    dag_id=PROMOTE,
    description="A person decides about the canary",
    schedule=[CANARY],
    catchup=False,
    max_active_runs=16,  # a question that waits must not keep a newer canary's from being asked
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["sentiment", "serving"],
    owner_links=owner_links(),
):
    description = describe.override(
        doc_md="Writes the question: version, comparison, flipped texts, warnings. Skipped when that version is "
        "no longer the canary."
    )()
    approve = CanaryApproval(
        task_id="approve", doc_md="Waits for a person: **Required Actions** has the question and the two buttons."
    )
    promote, withdraw = (
        StepOperator(
            task_id=verb,
            verb=verb,
            run=RUN,
            pass_run=False,
            options=DECISION,
            needs=NEEDS_DECISION,
            on_success_callback=DecisionNotifier(),
            doc_md=does,
        )
        for verb, does in OUTCOMES.items()
    )
    older = find_older.override(doc_md="Finds runs that still ask about a version that was replaced.")(description)  # type: ignore[arg-type]  # Airflow's decorator: the value comes when it runs
    CloseQuestion.partial(
        task_id="close_older", doc_md="Starts each such run anew; its `describe` then ends it. Nobody has to answer it."
    ).expand(asking=older)

    description >> approve >> [promote, withdraw]
