"""Scores the archive with the stable version; sentiment_airflow/explained/score.py has what Airflow shows of it."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from sentiment_airflow.archive import VERSION, find_version
from sentiment_airflow.explained import score as told
from sentiment_airflow.forms.score import score_form
from sentiment_airflow.people import for_people, shown_as
from sentiment_airflow.preconditions import RESULT
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import DEFAULT_ARGS, SCORE, gpu_pool, owner_links, scoring

from sentiment.language import tr

with (
    for_people(),
    DAG(
        dag_id=SCORE,
        dag_display_name=shown_as(SCORE, told.NAME),
        description=tr(told.DESCRIPTION),
        schedule=scoring(),
        catchup=False,
        max_active_runs=1,
        params=score_form(),
        default_args=DEFAULT_ARGS,
        doc_md=told.explained(),
        tags=["sentiment", "model"],
        owner_links=owner_links(),
    ),
):
    version = find_version.override(**told.TASKS.shown("find_version"))()
    score = StepOperator(
        **told.TASKS.shown("score"),
        verb="score",
        run=SCORE,
        pass_run=False,
        options={"version": VERSION},
        needs={"find_version": RESULT},
        form=["drop_gone"],
        reads_bucket=True,
        pool=gpu_pool(),
        # Years of posts may take days. A try that is stopped goes on in the next one, after the last finished shard.
        execution_timeout=timedelta(days=30),
    )
    compare = StepOperator(
        **told.TASKS.shown("compare"),
        verb="compare-scores",
        run=SCORE,
        pass_run=False,
        options={"version": VERSION},
        needs={"find_version": RESULT},
        skip_when="nothing_to_compare",
        reads_bucket=True,
    )

    version >> score >> compare
