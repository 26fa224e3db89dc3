"""
### Rollback

Started by hand: makes an earlier stable version stable again, on every server. The version before the present one stays
loaded, so going back to it takes no time; an older one is loaded first.

Who triggered it, and the reason, are kept in the history, and a mail goes out.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from sentiment_airflow.notify.steps import RollbackNotifier
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import DEFAULT_ARGS, ROLLBACK, owner_links

from sentiment.options.gate import LONGEST_REASON, SHORTEST_REASON

FORM = {
    "version": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Version",
        description="An earlier stable one; empty: the one before the present one.",
    ),
    "reason": Param(
        type="string",
        minLength=SHORTEST_REASON,
        maxLength=LONGEST_REASON,
        title="Reason",
        description="Kept in the history, with your name, and mailed.",
    ),
    "skip_unreachable": Param(
        False,
        type="boolean",
        title="Leave out servers that do not answer",
        description="They follow when they are back. Without it, one that cannot be reached stops the rollback.",
    ),
}

with DAG(
    dag_id=ROLLBACK,
    description="An earlier version becomes stable again",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=FORM,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["sentiment", "serving"],
    owner_links=owner_links(),
):
    StepOperator(
        task_id="rollback",
        verb="rollback",
        run=ROLLBACK,
        pass_run=False,
        options={
            "to": "{{ params.version | int if params.version else '' }}",
            "who": "{{ dag_run.triggering_user_name or 'somebody in Airflow' }}",
            "reason": "{{ params.reason }}",
        },
        required=["reason"],
        form=["skip_unreachable"],
        on_success_callback=RollbackNotifier(),
        doc_md="Loads the version on every server, then moves the label `stable`. When it fails, the label is where it "
        "was; the log names the server.",
    )
