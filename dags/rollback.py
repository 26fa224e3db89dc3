"""Goes back to an earlier version; sentiment_airflow/explained/rollback.py has what Airflow shows of it."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from sentiment_airflow.explained import rollback as told
from sentiment_airflow.forms.rollback import rollback_form
from sentiment_airflow.notify.steps import RollbackNotifier
from sentiment_airflow.people import for_people, shown_as
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import AGAIN, DEFAULT_ARGS, ROLLBACK, SOMEBODY, owner_links

from sentiment.language import tr

with (
    for_people(),
    DAG(
        dag_id=ROLLBACK,
        dag_display_name=shown_as(ROLLBACK, told.NAME),
        description=tr(told.DESCRIPTION),
        schedule=None,
        catchup=False,
        max_active_runs=1,
        params=rollback_form(),
        default_args=DEFAULT_ARGS,
        doc_md=told.explained(),
        tags=["sentiment", "serving"],
        owner_links=owner_links(),
    ),
):
    rollback = StepOperator(
        **told.TASKS.shown("rollback"),
        verb="rollback",
        run=ROLLBACK,
        pass_run=False,
        options={
            "to": "{{ params.version | int if params.version else '' }}",
            "who": f"{{{{ (dag_run.triggering_user_name or '{SOMEBODY}') ~ {AGAIN} }}}}",
            "reason": "{{ params.reason }}",
        },
        required=["reason"],
        form=["skip_unreachable"],
        on_success_callback=RollbackNotifier(),
    )
    point = StepOperator(
        **told.TASKS.shown("point"),
        verb="score",
        run=ROLLBACK,
        pass_run=False,
        options={"only_point": True, "if_scored": True, "version": "stable"},
        skip_when="not_scored",
        reads_bucket=True,
        execution_timeout=timedelta(minutes=2),  # a bucket that does not answer must not keep the next rollback waiting
    )

    # The run is what its rollback is: when readers of scores cannot be pointed back, a mail says so, and no more.
    rollback >> point.as_teardown(setups=rollback)
