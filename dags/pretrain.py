"""Pretrains the home's own encoder; sentiment_airflow/explained/pretrain.py has what Airflow shows of it."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from sentiment_airflow.explained import pretrain as told
from sentiment_airflow.forms.pretrain import pretrain_form
from sentiment_airflow.people import for_people, shown_as
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import DEFAULT_ARGS, PRETRAIN, gpu_pool, owner_links, weekly

from sentiment.language import tr

with (
    for_people(),
    DAG(
        dag_id=PRETRAIN,
        dag_display_name=shown_as(PRETRAIN, told.NAME),
        description=tr(told.DESCRIPTION),
        schedule=weekly(),
        catchup=False,
        max_active_runs=1,
        params=(form := pretrain_form()),
        default_args=DEFAULT_ARGS,
        doc_md=told.explained(),
        tags=["sentiment", "model"],
        owner_links=owner_links(),
    ),
):
    StepOperator(
        **told.TASKS.shown("pretrain"),
        verb="refresh-encoder",
        run=PRETRAIN,
        pass_run=False,
        form=form,
        skip_when="not_set",
        fail_unless="current",
        pool=gpu_pool(),
        # A try that is stopped goes on in the next one; in the night before the next week's, it has ended.
        execution_timeout=timedelta(days=6),
    )
