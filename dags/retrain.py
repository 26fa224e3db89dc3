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
rows are new again in the next one.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from sentiment_mail import CheckNotifier, RegressionNotifier
from sentiment_steps import StepOperator
from sentiment_workflows import CANARY, DEFAULT_ARGS, RETRAIN, nightly

# An empty field leaves the choice to the step.
FORM = {
    "mode": Param(
        "auto",
        type="string",
        enum=["auto", "warm", "full"],
        title="Mode",
        description="warm: go on from the stable model with the new rows. full: start anew with all rows. "
        "auto: warm if there is a stable model.",
    ),
    "mix_number": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=1_000_000,
        title="Old rows to mix in, per label",
        description="0 or empty: as many as the mixing rule says.",
    ),
    "minimum_content_length": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=1000,
        title="Shortest old row to mix in",
        description="In characters; empty: 20. Lower it where short posts are the rule.",
    ),
    "new_since": Param(
        None,
        type=["null", "string"],
        format="date",
        title="New rows from this day on",
        description="By the day of delivery, in Taipei. What is left out stays new for another run.",
    ),
    "new_until": Param(
        None, type=["null", "string"], format="date", title="New rows up to this day", description="That day included."
    ),
    "new_source": Param(
        None,
        type=["null", "string"],
        maxLength=200,
        title="New rows of this source",
        description="As the deliveries' column `source` names it.",
    ),
    "model_name": Param(
        None,
        type=["null", "string"],
        maxLength=200,
        title="Model",
        description="A hub id, a local folder, scratch/tiny or scratch/mini. For a full run.",
    ),
    "num_epochs": Param(
        None, type=["null", "integer"], minimum=1, maximum=100, title="Epochs", description="Passes over the data."
    ),
    "learning_rate": Param(
        None, type=["null", "number"], exclusiveMinimum=0, maximum=1, title="Learning rate", description="At its peak."
    ),
    "batch_size": Param(
        None, type=["null", "integer"], minimum=1, maximum=1024, title="Batch size", description="Rows a step."
    ),
    "max_seq_length": Param(
        None, type=["null", "integer"], minimum=8, maximum=512, title="Longest text", description="In word pieces."
    ),
}
MIXING = ["mode", "mix_number", "minimum_content_length", "new_since", "new_until", "new_source"]
TRAINING = ["model_name", "num_epochs", "learning_rate", "batch_size", "max_seq_length"]

with DAG(
    dag_id=RETRAIN,
    description="New posts in, an evaluated canary out",
    schedule=nightly(),
    catchup=False,
    max_active_runs=1,
    params=FORM,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["sentiment"],
):
    ingest = StepOperator(task_id="ingest", verb="ingest", reads_bucket=True)
    prepare = StepOperator(task_id="prepare", verb="prepare", form=MIXING, skip_when="nothing_new")
    check = StepOperator(task_id="check", verb="check", fail_unless="passed", on_failure_callback=CheckNotifier())
    train = StepOperator(task_id="train", verb="train", form=TRAINING)
    evaluate = StepOperator(task_id="evaluate", verb="evaluate")
    gate = StepOperator(task_id="gate", verb="gate", fail_unless="passed", on_failure_callback=RegressionNotifier())
    export = StepOperator(task_id="export", verb="export")
    validate = StepOperator(task_id="validate", verb="validate", fail_unless="passed")
    deploy_canary = StepOperator(task_id="deploy_canary", verb="canary", outlets=[CANARY], event_keys=["version"])

    ingest >> prepare >> check >> train >> evaluate >> gate >> export >> validate >> deploy_canary
