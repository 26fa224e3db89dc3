"""
### Experiment

Which model, at which learning rate? Every cell of models × learning rates is trained, from its start, as a task of its
own; the last task draws the table and the plot of all of them.

| step | does |
|---|---|
| plan | makes the list of trainings from the form; refuses what no training can take, and more than 100 |
| train | one training a cell, on a GPU of `SENTIMENT_GPU_POOL`; without such a pool one at a time |
| table | leaves table and plot in `runs/<run>/` and on the Models page, the table in its log, the rows in its XCom |

A cell that fails stops no other. The table then says which failed and why, and its task fails, so the run does.

What is finished is kept: a cell with the same data, options and versions is not trained again, whichever run or
`sentiment bench lr` trained it. So after a stop or a failure, clear the failed tasks, or trigger the form anew.
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule
from sentiment_airflow.forms.experiment import EXPERIMENT_FORM, cell_name, cells_at_once
from sentiment_airflow.links import experiment_link
from sentiment_airflow.notify.steps import ExperimentNotifier
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import DEFAULT_ARGS, EXPERIMENT, gpu_pool, owner_links

with DAG(
    dag_id=EXPERIMENT,
    description="Models × learning rates, with the table and the plot at the end",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=EXPERIMENT_FORM,
    default_args=DEFAULT_ARGS,
    user_defined_macros={"cell_name": cell_name},
    doc_md=__doc__,
    tags=["sentiment", "model"],
    owner_links=owner_links(),
):
    plan = StepOperator(task_id="plan", verb="experiment-plan", form=EXPERIMENT_FORM, returns="trainings")
    train = StepOperator.partial(
        task_id="train",
        verb="experiment-train",
        pool=gpu_pool(),
        max_active_tis_per_dagrun=cells_at_once(),
        map_index_template="{{ cell_name(task.options, params.seeds) }}",
        on_failure_callback=None,  # the table mails once, about all that failed
    ).expand(options=plan.output)
    table = StepOperator(
        task_id="table",
        verb="experiment-table",
        fail_when="failed",
        page=experiment_link,
        on_failure_callback=ExperimentNotifier(),
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,  # at least the plan's: without a plan there is no table
    )

    [plan, train] >> table
