"""
### Canary watch

Every few minutes (`SENTIMENT_WATCH`), `verify` asks all servers whether they serve what the history says, and answer as
their versions did when they were validated. Otherwise somebody replaced a model behind a label: the run is **red**, and
one mail goes out. When it is over, another mail says so.

While there is a canary, this workflow asks both versions the newest labelled posts of the rolling test set every few
minutes, and measures accuracy, errors and response times. After `SENTIMENT_CANARY_BAD_PROBES` bad
probes in a row it **withdraws** the canary: the history says why, a mail goes out, and the run is red. Stable is not
affected. An approval of that version that still waits no longer changes anything.

Servers that do not answer, and probes in which stable fails as well, do not count against the canary: such a run fails
after its retries, and one mail goes out. Without a canary, nothing is probed.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from sentiment_airflow.approval.question import find_canary
from sentiment_airflow.notify.steps import DiffersNotifier, OverNotifier, WithdrawalNotifier
from sentiment_airflow.preconditions import RESULT
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import CANARY_WATCH, DEFAULT_ARGS, owner_links, watching

with DAG(
    dag_id=CANARY_WATCH,
    description="Servers answer as the history says; a canary that answers badly is withdrawn",
    schedule=watching(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["sentiment", "serving"],
    owner_links=owner_links(),
):
    verify = StepOperator(
        task_id="verify",
        verb="verify",
        run=CANARY_WATCH,
        pass_run=False,
        fail_unless="agrees",
        on_failure_callback=DiffersNotifier(),
        on_success_callback=OverNotifier(),
        execution_timeout=timedelta(minutes=15),
        doc_md="Compares what every server serves and answers with the history. Red: a server serves something else.",
    )
    version = find_canary.override(doc_md="Reads from the history which version is the canary; without one, it ends.")()
    watch = StepOperator(
        task_id="watch",
        verb="watch",
        run=CANARY_WATCH,  # one folder for all runs: otherwise every few minutes would leave an empty one behind
        pass_run=False,
        options={"version": "{{ ti.xcom_pull(task_ids='find_canary') }}"},
        needs={"find_canary": RESULT},
        fail_when="withdrawn",
        on_failure_callback=WithdrawalNotifier(),
        execution_timeout=timedelta(minutes=15),
        doc_md="Asks both versions the newest labelled posts. Red: the canary was withdrawn (log and mail say why), "
        "or no server answered in any of the tries.",
    )

    version >> watch
