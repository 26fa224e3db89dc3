"""The night: new posts in, a canary out; sentiment_airflow/explained/retrain.py has what Airflow shows of it."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, TriggerRule, chain
from airflow.utils.types import DagRunType
from sentiment_airflow.explained import retrain as told
from sentiment_airflow.forms.retrain import retrain_form
from sentiment_airflow.notify.deadline import deadline
from sentiment_airflow.notify.steps import (
    CheckNotifier,
    FallNotifier,
    QuietNightsNotifier,
    RegressionNotifier,
    ValidationNotifier,
)
from sentiment_airflow.people import for_people, shown_as
from sentiment_airflow.preconditions import RESULT, require_reason_to_loosen
from sentiment_airflow.steps import StepOperator
from sentiment_airflow.workflows import (
    AGAIN,
    CANARY,
    DEFAULT_ARGS,
    RETRAIN,
    SOMEBODY,
    THE_NIGHTLY_RUN,
    gpu_pool,
    nightly,
    owner_links,
)

from sentiment.language import tr

# Whoever triggered the run is who loosens or overrides the gate, and who makes the canary.
WHO = f"dag_run.triggering_user_name or '{SOMEBODY}'"
EXCEPTIONS = {f"{what}_who": f"{{{{ ({WHO}) if params.{what}_reason else '' }}}}" for what in ("loosen", "override")}
RECORDED = {"who": f"{{{{ (dag_run.triggering_user_name or '{THE_NIGHTLY_RUN}') ~ {AGAIN} }}}}"}

with (
    for_people(),
    DAG(
        dag_id=RETRAIN,
        dag_display_name=shown_as(RETRAIN, told.NAME),
        description=tr(told.DESCRIPTION),
        schedule=nightly(),
        catchup=False,
        max_active_runs=1,
        params=(form := retrain_form()).whole,
        default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(hours=2), "pre_execute": require_reason_to_loosen},
        doc_md=told.explained(),
        tags=["sentiment", "model"],
        owner_links=owner_links(),
        deadline=deadline(),
        # A backfill would begin nights again that are over. Airflow turns its own enumeration into that of its SDK.
        allowed_run_types=(DagRunType.SCHEDULED, DagRunType.MANUAL),  # type: ignore[arg-type]
    ),
):
    ingest = StepOperator(**told.TASKS.shown("ingest"), verb="ingest", reads_bucket=True)
    prepare = StepOperator(
        **told.TASKS.shown("prepare"),
        verb="prepare",
        form=form.mixing,
        skip_when="nothing_new",
        on_skipped_callback=QuietNightsNotifier(),
    )
    check = StepOperator(
        **told.TASKS.shown("check"), verb="check", fail_unless="passed", on_failure_callback=CheckNotifier()
    )
    train = StepOperator(
        **told.TASKS.shown("train"),
        verb="train",
        form=form.training,
        # A person may mark `check` as a success, whether it failed or never ran.
        options={"checked": True},
        needs={"check": RESULT},
        pool=gpu_pool(),
        execution_timeout=timedelta(hours=12),
    )
    evaluate = StepOperator(
        **told.TASKS.shown("evaluate"), verb="evaluate", pool=gpu_pool(), on_success_callback=FallNotifier()
    )
    gate = StepOperator(
        **told.TASKS.shown("gate"),
        verb="gate",
        form=form.gate,
        options=EXCEPTIONS,
        fail_unless="passed",
        on_failure_callback=RegressionNotifier(),
    )
    export = StepOperator(**told.TASKS.shown("export"), verb="export", pool=gpu_pool())
    validate = StepOperator(
        **told.TASKS.shown("validate"),
        verb="validate",
        fail_unless="passed",
        pool=gpu_pool(),
        on_failure_callback=ValidationNotifier(),
    )
    deploy_canary = StepOperator(
        **told.TASKS.shown("deploy_canary"),
        verb="canary",
        options=RECORDED,
        needs={"check": RESULT, "gate": RESULT, "validate": RESULT},
        outlets=[CANARY],
        event_keys=["version"],
    )
    # Every night has one, also a night whose deliveries cannot be taken in, or that ends early.
    backup = StepOperator(
        **told.TASKS.shown("backup"),
        verb="backup",
        pass_run=False,
        options={"if_set": True},
        skip_when="not_set",
        trigger_rule=TriggerRule.ALL_DONE,
        pre_execute=None,  # a misspelt Param is no reason
    )

    steps = [ingest, prepare, check, train, evaluate, gate, export, validate, deploy_canary]
    chain(*steps)
    ingest >> backup
