"""Asks every few minutes what is served; sentiment_airflow/explained/canary_watch.py has what Airflow shows of it."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from sentiment_airflow.approval.question import find_canary
from sentiment_airflow.explained import canary_watch as told
from sentiment_airflow.notify.steps import DiffersNotifier, OverNotifier, WithdrawalNotifier
from sentiment_airflow.people import for_people, shown_as
from sentiment_airflow.preconditions import RESULT
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import CANARY_WATCH, DEFAULT_ARGS, owner_links, watching

from sentiment.language import tr

with (
    for_people(),
    DAG(
        dag_id=CANARY_WATCH,
        dag_display_name=shown_as(CANARY_WATCH, told.NAME),
        description=tr(told.DESCRIPTION),
        schedule=watching(),
        catchup=False,
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=told.explained(),
        tags=["sentiment", "serving"],
        owner_links=owner_links(),
    ),
):
    verify = StepOperator(
        **told.TASKS.shown("verify"),
        verb="verify",
        run=CANARY_WATCH,
        pass_run=False,
        fail_unless="agrees",
        on_failure_callback=DiffersNotifier(),
        on_success_callback=OverNotifier(),
        execution_timeout=timedelta(minutes=15),
    )
    version = find_canary.override(**told.TASKS.shown("find_canary"))()
    watch = StepOperator(
        **told.TASKS.shown("watch"),
        verb="watch",
        run=CANARY_WATCH,  # one folder for all runs: otherwise every few minutes would leave an empty one behind
        pass_run=False,
        options={"version": "{{ ti.xcom_pull(task_ids='find_canary') }}"},
        needs={"find_canary": RESULT},
        fail_when="withdrawn",
        on_failure_callback=WithdrawalNotifier(),
        execution_timeout=timedelta(minutes=15),
    )

    version >> watch
