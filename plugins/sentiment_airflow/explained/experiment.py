"""What Airflow shows of `sentiment_experiment`."""

from __future__ import annotations

from sentiment.language import marked, tr
from sentiment_airflow.explained.shown import Task, Tasks, page, table

NAME = marked("Experiment")
DESCRIPTION = marked("Models × learning rates, with the table and the plot at the end")
TASKS = Tasks(
    plan=Task(marked("Plan the trainings")),
    train=Task(marked("Train one cell")),
    table=Task(marked("Make the table")),
)


def explained() -> str:
    """Returns the page of the workflow."""
    return page(
        tr(NAME),
        tr(
            "Which model works best, at which learning rate? Each cell of models × learning rates is a task that "
            "trains that model from its start. The last task makes a table and a plot of all cells."
        ),
        table(
            (tr("step"), tr("does")),
            (
                "plan",
                tr(
                    "lists the trainings that the form asks for; refuses values that no training accepts, and more "
                    "than 100 cells"
                ),
            ),
            (
                "train",
                tr("trains one cell, on a GPU of `SENTIMENT_GPU_POOL`; without such a pool, one cell at a time"),
            ),
            (
                "table",
                tr(
                    "puts table and plot into `runs/<run>/` and on the Models page, the table into its log, the rows "
                    "into XCom"
                ),
            ),
        ),
        tr(
            "A cell that fails does not stop the others. The table then says which cells failed and why; its task and "
            "the run fail."
        ),
        tr(
            "Finished trainings are kept: a cell with the same data, options and versions is not trained again, no "
            "matter which run or `sentiment bench lr` trained it. After a stop or a failure, clear the failed tasks or "
            "submit the same form again."
        ),
    )
