"""
### Retrain

Takes in what was labelled since the last night, trains a candidate, compares it with the model that is stable, and
serves it as the **canary** if it is not worse. A person decides about the canary in `sentiment_promote`.

| step | does | ends the run when |
|---|---|---|
| ingest | takes new files in, row by row; a bad row is put aside with its reason | |
| prepare | mixes old rows into the new ones, keeps test texts out | nothing is new |
| check | measures the new posts: damage, copies of test texts, drift, doubtful labels | a figure is above its limit |
| train | fine-tunes the candidate | |
| evaluate | scores candidate and stable on the same rows | |
| gate | decides | the candidate is worse: a mail says what, and by how much |
| export | makes the SavedModel, and checks that it answers as the trained model does | |
| validate | loads it in a throw-away server, asks it, compares and times it | it does not load, or not answer so |
| deploy_canary | loads it on every server, then gives it the label `canary` | |

Everything that a run made is in its folder `runs/<run>/`. Nothing is lost by a run that failed or was refused: its
rows are new again in the next one. What is transient is tried three times; a refused input (exit code 2) fails at once.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, chain
from sentiment_airflow.forms.retrain import GATE, MIXING, RETRAIN_FORM, TRAINING
from sentiment_airflow.notify.deadline import deadline
from sentiment_airflow.notify.steps import CheckNotifier, QuietNightsNotifier, RegressionNotifier, ValidationNotifier
from sentiment_airflow.preconditions import RESULT
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import CANARY, DEFAULT_ARGS, RETRAIN, gpu_pool, nightly, owner_links

# Who forces a candidate through the gate is whoever triggered the run.
OVERRIDE = {
    "override_who": "{{ (dag_run.triggering_user_name or 'somebody in Airflow') if params.override_reason else '' }}"
}
# Into the history, beside the canary: who started the run, and what the gate had against it.
RECORDED = {
    "who": "{{ dag_run.triggering_user_name or 'the nightly run' }}",
    "reason": "{% set forced = ti.xcom_pull(task_ids='gate').get('overridden') %}"
    "{{ 'let pass against the gate by ' ~ forced.who ~ ': ' ~ forced.reason if forced else '' }}",
}

DOES = {
    "ingest": "Takes new files in: a line a file in the log. Rows that were put aside are in `datasets/quarantine`.",
    "prepare": "Mixes old rows into the new ones. Skipped, with all that follows, when nothing is new.",
    "check": "Measures the new posts. Red: a figure is above its limit, nothing is trained, a mail quotes the posts.",
    "train": "Fine-tunes the candidate. Cleared after a crash, it goes on after its last finished epoch.",
    "evaluate": "Scores candidate and stable on the same rows, now.",
    "gate": "Decides. Red: the candidate is worse, and a mail says by how much.",
    "export": "Makes the SavedModel, and compares its answers with the trained model's.",
    "validate": "Asks the export in a throw-away server. Red: it does not load, answers otherwise, or is too slow.",
    "deploy_canary": "Loads the version on every server, then labels it `canary`. `sentiment_promote` asks a person.",
}

with DAG(
    dag_id=RETRAIN,
    description="New posts in, an evaluated canary out",
    schedule=nightly(),
    catchup=False,
    max_active_runs=1,
    params=RETRAIN_FORM,
    default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(hours=2)},
    doc_md=__doc__,
    tags=["sentiment", "model"],
    owner_links=owner_links(),
    deadline=deadline(),
):
    ingest = StepOperator(task_id="ingest", verb="ingest", reads_bucket=True)
    prepare = StepOperator(
        task_id="prepare",
        verb="prepare",
        form=MIXING,
        skip_when="nothing_new",
        on_skipped_callback=QuietNightsNotifier(),
    )
    check = StepOperator(task_id="check", verb="check", fail_unless="passed", on_failure_callback=CheckNotifier())
    train = StepOperator(
        task_id="train", verb="train", form=TRAINING, pool=gpu_pool(), execution_timeout=timedelta(hours=12)
    )
    evaluate = StepOperator(task_id="evaluate", verb="evaluate", pool=gpu_pool())
    gate = StepOperator(
        task_id="gate",
        verb="gate",
        form=GATE,
        options=OVERRIDE,
        fail_unless="passed",
        on_failure_callback=RegressionNotifier(),
    )
    export = StepOperator(task_id="export", verb="export", pool=gpu_pool())
    validate = StepOperator(
        task_id="validate",
        verb="validate",
        fail_unless="passed",
        pool=gpu_pool(),
        on_failure_callback=ValidationNotifier(),
    )
    deploy_canary = StepOperator(
        task_id="deploy_canary",
        verb="canary",
        options=RECORDED,
        needs={"gate": RESULT},
        outlets=[CANARY],
        event_keys=["version"],
    )

    steps = [ingest, prepare, check, train, evaluate, gate, export, validate, deploy_canary]
    for step in steps:
        step.doc_md = DOES[step.task_id]
    chain(*steps)
