"""Trains models × learning rates; sentiment_airflow/explained/experiment.py has what Airflow shows of it."""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule
from sentiment_airflow.explained import experiment as told
from sentiment_airflow.forms.experiment import cell_name, cells_at_once, experiment_form
from sentiment_airflow.links import experiment_link
from sentiment_airflow.notify.steps import ExperimentNotifier
from sentiment_airflow.people import for_people, shown_as
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import DEFAULT_ARGS, EXPERIMENT, gpu_pool, owner_links

from sentiment.language import tr

with (
    for_people(),
    DAG(
        dag_id=EXPERIMENT,
        dag_display_name=shown_as(EXPERIMENT, told.NAME),
        description=tr(told.DESCRIPTION),
        schedule=None,
        catchup=False,
        max_active_runs=1,
        params=experiment_form(),
        default_args=DEFAULT_ARGS,
        user_defined_macros={"cell_name": cell_name},
        doc_md=told.explained(),
        tags=["sentiment", "model"],
        owner_links=owner_links(),
    ),
):
    plan = StepOperator(**told.TASKS.shown("plan"), verb="experiment-plan", form=experiment_form(), returns="trainings")
    train = StepOperator.partial(
        **told.TASKS.shown("train"),
        verb="experiment-train",
        pool=gpu_pool(),
        max_active_tis_per_dagrun=cells_at_once(),
        map_index_template="{{ cell_name(task.options, params.seeds) }}",
        on_failure_callback=None,  # the table's one mail covers every failure
    ).expand(options=plan.output)
    table = StepOperator(
        **told.TASKS.shown("table"),
        verb="experiment-table",
        fail_when="failed",
        page=experiment_link,
        on_failure_callback=ExperimentNotifier(),
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,  # the plan at least: without it, there is no table
    )

    [plan, train] >> table
