"""
### Rollback

Start it by hand: it makes an earlier stable version stable again, on every server. The previous stable version is still
loaded, so going back to it takes no time; an older version is loaded first.

The history records who triggered it and why, and a mail goes out.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from sentiment_airflow.notify.steps import RollbackNotifier
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import AGAIN, DEFAULT_ARGS, ROLLBACK, owner_links

from sentiment.options.gate import LONGEST_REASON, SHORTEST_REASON

FORM = {
    "version": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Version",
        description="A version that was stable before; empty: the previous stable version.",
    ),
    "reason": Param(
        type="string",
        minLength=SHORTEST_REASON,
        maxLength=LONGEST_REASON,
        title="Reason",
        description="It is kept in the history with your name, and mailed.",
    ),
    "skip_unreachable": Param(
        False,
        type="boolean",
        title="Leave out servers that do not answer",
        description="They catch up when they are back. Otherwise, one unreachable server stops the rollback.",
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
            "who": f"{{{{ (dag_run.triggering_user_name or 'somebody in Airflow') ~ {AGAIN} }}}}",
            "reason": "{{ params.reason }}",
        },
        required=["reason"],
        form=["skip_unreachable"],
        on_success_callback=RollbackNotifier(),
        doc_md="Loads the version on every server, then moves the label `stable`. If it fails, the label has not "
        "moved; the log names the server.",
    )
