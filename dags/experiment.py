"""
### Experiment

Which model works best, at which learning rate? Each cell of models × learning rates is a task that trains that model
from its start. The last task makes a table and a plot of all cells.

| step | does |
|---|---|
| plan | lists the trainings that the form asks for; refuses values that no training accepts, and more than 100 cells |
| train | trains one cell, on a GPU of `SENTIMENT_GPU_POOL`; without such a pool, one cell at a time |
| table | puts table and plot into `runs/<run>/` and on the Models page, the table into its log, the rows into XCom |

A cell that fails does not stop the others. The table then says which cells failed and why; its task and the run fail.

Finished trainings are kept: a cell with the same data, options and versions is not trained again, no matter which run
or `sentiment bench lr` trained it. After a stop or a failure, clear the failed tasks or submit the same form again.
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
        on_failure_callback=None,  # the table's one mail covers every failure
    ).expand(options=plan.output)
    table = StepOperator(
        task_id="table",
        verb="experiment-table",
        fail_when="failed",
        page=experiment_link,
        on_failure_callback=ExperimentNotifier(),
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,  # the plan at least: without it, there is no table
    )

    [plan, train] >> table
