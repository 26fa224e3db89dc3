"""
### Promote

Starts when `sentiment_retrain` has deployed a canary, and asks a person: *make version N stable?* When started by hand,
it asks about the present canary.

* **Approve**: the canary becomes stable, and the previous stable model is kept for a rollback.
* **Reject**, or no answer in time: the canary is withdrawn; stable is not affected.

Both need a reason: an answer without a reason does not count, and the question stays open. With four eyes
(`SENTIMENT_FOUR_EYES`), neither does an Approve by whoever started the run or changed its gate. The history records who
decided and why, and a mail says so. A mail also goes out when a question is asked, and when a quarter of its time is
left.

A newer canary closes the questions about older ones: `close_older` restarts their runs, which then find that there is
nothing left to decide. An answer about a canary that has been replaced in the meantime changes nothing, and says so.
"""

from __future__ import annotations

from airflow.sdk import DAG
from sentiment_airflow.approval.operator import DECISION, NEEDS_DECISION, RUN, CanaryApproval
from sentiment_airflow.approval.question import CloseQuestion, describe, find_older
from sentiment_airflow.notify.approval import DecisionNotifier
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import CANARY, DEFAULT_ARGS, PROMOTE, owner_links

OUTCOMES = {
    "promote": "After Approve: makes the canary stable on every server. If a server was down, clear this task.",
    "withdraw": "After Reject, or no answer in time: removes the canary from the servers; stable stays as it is.",
}

with DAG(
    dag_id=PROMOTE,
    description="A person decides about the canary",
    schedule=[CANARY],
    catchup=False,
    max_active_runs=16,  # an open question must not block the question about a newer canary
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["sentiment", "serving"],
    owner_links=owner_links(),
):
    description = describe.override(
        doc_md="Writes the question: version, comparison, flipped texts, warnings. Skipped when the version is "
        "no longer the canary."
    )()
    approve = CanaryApproval(
        task_id="approve", doc_md="Waits for a person: **Required Actions** shows the question and the two buttons."
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
    older = find_older.override(doc_md="Finds runs that still ask about a replaced version.")(description)  # type: ignore[arg-type]  # Airflow's decorator: the value comes when it runs
    CloseQuestion.partial(
        task_id="close_older", doc_md="Restarts each such run; its `describe` then ends it. Nobody has to answer."
    ).expand(asking=older)

    description >> approve >> [promote, withdraw]
