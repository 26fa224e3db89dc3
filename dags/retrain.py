"""
### Retrain

Takes in the posts that were labelled since the last night, trains a candidate, compares it with the stable model, and
serves it as the **canary** if it is not worse. A person decides about the canary in `sentiment_promote`.

| step | does | ends the run when |
|---|---|---|
| ingest | takes in new files, row by row; bad rows go to quarantine with a reason | |
| prepare | mixes old rows with the new ones, keeps test texts out | there are no new rows |
| check | measures the new posts: damage, copies of test texts, drift, doubtful labels | a figure exceeds its limit |
| train | fine-tunes the candidate | |
| evaluate | scores candidate and stable on the same rows; a mail says so when stable has become worse | |
| gate | decides whether the candidate may be served | the candidate is worse: a mail says where and by how much |
| export | makes the SavedModel and checks that it answers like the trained model | |
| validate | loads it in a throw-away server, compares its answers, times them | it fails to load, or answers wrongly |
| deploy_canary | loads it on every server, then gives it the label `canary` | |
| backup | copies what the home cannot make again to `SENTIMENT_BACKUP_FOLDER`, if that is set | |

Each run keeps its files in its folder `runs/<run>/`. A run that fails or is refused loses nothing: its rows are new
again in the next run. A step is tried three times; a refused input (exit code 2) fails at once.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, TriggerRule, chain
from airflow.utils.types import DagRunType
from sentiment_airflow.forms.retrain import GATE, MIXING, RETRAIN_FORM, TRAINING
from sentiment_airflow.notify.deadline import deadline
from sentiment_airflow.notify.steps import (
    CheckNotifier,
    FallNotifier,
    QuietNightsNotifier,
    RegressionNotifier,
    ValidationNotifier,
)
from sentiment_airflow.preconditions import RESULT, require_reason_to_loosen
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import (
    AGAIN,
    CANARY,
    DEFAULT_ARGS,
    RETRAIN,
    THE_NIGHTLY_RUN,
    gpu_pool,
    nightly,
    owner_links,
)

# Whoever triggered the run is who loosens or overrides the gate, and who makes the canary.
WHO = "dag_run.triggering_user_name or 'somebody in Airflow'"
EXCEPTIONS = {f"{what}_who": f"{{{{ ({WHO}) if params.{what}_reason else '' }}}}" for what in ("loosen", "override")}
RECORDED = {"who": f"{{{{ (dag_run.triggering_user_name or '{THE_NIGHTLY_RUN}') ~ {AGAIN} }}}}"}

DOES = {
    "ingest": "Takes in new files; the log has one line per file. Rejected rows are in `datasets/quarantine`.",
    "prepare": "Mixes old rows with the new ones. Skipped, with all later steps, when there are no new rows.",
    "check": "Measures the new posts. Red: a figure exceeds its limit, nothing is trained, a mail quotes the posts.",
    "train": "Fine-tunes the candidate. After a crash, clear the task: it resumes after the last finished epoch.",
    "evaluate": "Scores candidate and stable on the same rows.",
    "gate": "Decides whether the candidate may be served. Red: it is worse, and a mail says by how much.",
    "export": "Makes the SavedModel and compares its answers with the trained model's.",
    "validate": "Tests the export in a throw-away server. Red: it fails to load, answers differently, or is too slow.",
    "deploy_canary": "Loads the version on every server, then labels it `canary`. `sentiment_promote` asks a person.",
    "backup": "Backs the home up, whatever becomes of the other steps. Skipped without `SENTIMENT_BACKUP_FOLDER`.",
}

with DAG(
    dag_id=RETRAIN,
    description="New posts in, an evaluated canary out",
    schedule=nightly(),
    catchup=False,
    max_active_runs=1,
    params=RETRAIN_FORM,
    default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(hours=2), "pre_execute": require_reason_to_loosen},
    doc_md=__doc__,
    tags=["sentiment", "model"],
    owner_links=owner_links(),
    deadline=deadline(),
    # A backfill would begin nights again that are over. Airflow turns its own enumeration into that of its SDK.
    allowed_run_types=(DagRunType.SCHEDULED, DagRunType.MANUAL),  # type: ignore[arg-type]
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
    evaluate = StepOperator(task_id="evaluate", verb="evaluate", pool=gpu_pool(), on_success_callback=FallNotifier())
    gate = StepOperator(
        task_id="gate",
        verb="gate",
        form=GATE,
        options=EXCEPTIONS,
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
    # Every night has one, also a night whose deliveries cannot be taken in, or that ends early.
    backup = StepOperator(
        task_id="backup",
        verb="backup",
        pass_run=False,
        options={"if_set": True},
        skip_when="not_set",
        trigger_rule=TriggerRule.ALL_DONE,
        pre_execute=None,  # a misspelt Param is no reason
    )

    steps = [ingest, prepare, check, train, evaluate, gate, export, validate, deploy_canary]
    for step in (*steps, backup):
        step.doc_md = DOES[step.task_id]
    chain(*steps)
    ingest >> backup
