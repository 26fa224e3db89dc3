"""Asks a person about the canary; sentiment_airflow/explained/promote.py has what Airflow shows of it."""

from __future__ import annotations

from airflow.sdk import DAG
from sentiment_airflow.approval.operator import DECISION, NEEDS_DECISION, RUN, CanaryApproval
from sentiment_airflow.approval.question import CloseQuestion, describe, find_older
from sentiment_airflow.explained import promote as told
from sentiment_airflow.notify.approval import DecisionNotifier
from sentiment_airflow.people import for_people, shown_as
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import CANARY, DEFAULT_ARGS, PROMOTE, STABLE, owner_links

from sentiment.language import tr

with (
    for_people(),
    DAG(
        dag_id=PROMOTE,
        dag_display_name=shown_as(PROMOTE, told.NAME),
        description=tr(told.DESCRIPTION),
        schedule=[CANARY],
        catchup=False,
        max_active_runs=16,  # an open question must not block the question about a newer canary
        default_args=DEFAULT_ARGS,
        doc_md=told.explained(),
        tags=["sentiment", "serving"],
        owner_links=owner_links(),
    ),
):
    description = describe.override(**told.TASKS.shown("describe"))()
    approve = CanaryApproval(**told.TASKS.shown("approve"))
    promote, withdraw = (
        StepOperator(
            **told.TASKS.shown(verb),
            verb=verb,
            run=RUN,
            pass_run=False,
            options=DECISION,
            needs=NEEDS_DECISION,
            on_success_callback=DecisionNotifier(),
            outlets=outlets,
            event_keys=["stable"],
        )
        for verb, outlets in (("promote", [STABLE]), ("withdraw", []))
    )
    older = find_older.override(**told.TASKS.shown("find_older"))(description)  # type: ignore[arg-type]  # Airflow's decorator: the value comes when it runs
    CloseQuestion.partial(**told.TASKS.shown("close_older")).expand(asking=older)

    description >> approve >> [promote, withdraw]
