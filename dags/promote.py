"""
### Promote

Starts when `sentiment_retrain` has deployed a canary, and asks a person: *make version N stable?* Started by hand, it
asks about the canary that there is now.

* **Approve**: the canary becomes stable, and the stable model before it is kept for a rollback.
* **Reject**, or no answer in time: the canary is withdrawn; stable never noticed.

Who decided, and the reason, are kept in the history. An answer about a canary that has been replaced in the meantime
changes nothing, and the task's log says so.
"""

from __future__ import annotations

from airflow.sdk import DAG
from sentiment_approval import DECISION, RUN, CanaryApproval, describe
from sentiment_steps import StepOperator
from sentiment_workflows import CANARY, DEFAULT_ARGS, PROMOTE

with DAG(
    dag_id=PROMOTE,
    description="A person decides about the canary",
    schedule=[CANARY],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["sentiment"],
):
    description = describe()
    approve = CanaryApproval(task_id="approve")
    promote = StepOperator(task_id="promote", verb="promote", run=RUN, pass_run=False, options=DECISION)
    withdraw = StepOperator(task_id="withdraw", verb="withdraw", run=RUN, pass_run=False, options=DECISION)

    description >> approve >> [promote, withdraw]
