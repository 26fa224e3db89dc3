"""`sentiment experiment-train`: runs one training of an experiment, unless it is already finished."""

from __future__ import annotations

import click

from sentiment.errors import InputError, UnavailableError
from sentiment.experiments import sweep
from sentiment.experiments.files import PLAN
from sentiment.experiments.plan import rows_of
from sentiment.experiments.rows import inputs_of
from sentiment.experiments.sweep import figures, outcome_as_text
from sentiment.language import tr
from sentiment.results.experiment import ExperimentPlan, Training
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import to_people


def require_planned(training: Training, plan: ExperimentPlan, run: RunFolder, settings: Settings) -> None:
    """Raises: InputError when the training is not in the plan, or when its data have changed since."""
    again = f"Run `sentiment {PLAN} --run {run.name}` again."
    if training not in plan.trainings:
        raise InputError(
            f"run {run.name} must have the training in its plan", found=f"no {sweep.described(training)}", do=again
        )
    now = inputs_of(rows_of(plan, settings).data, settings.label_set)
    changed = [name for name, value in plan.inputs.items() if now[name] != value]
    if changed:
        raise InputError(
            "data and versions must be the same as in the plan", found=f"other {', '.join(changed)}", do=again
        )


@click.command("experiment-train")
@click.option("--run", "run_id", required=True, help="A run with a plan.")
@click.option("--model", required=True, help="As in the plan.")
@click.option("--learning-rate", type=float, help="As in the plan; without it, the model is scored before training.")
@click.option("--seed", type=int, required=True, help="As in the plan.")
@step
def command(run_id: str, model: str, learning_rate: float | None, seed: int) -> Result:
    """Train one cell of an experiment. An interrupted training resumes after its last finished epoch."""
    settings = read_settings()
    run = RunFolder.named(settings, run_id)
    training, plan = Training(model, learning_rate, seed), run.read(ExperimentPlan)
    require_planned(training, plan, run, settings)
    rows = rows_of(plan, settings)
    already = rows.finished(training) is not None
    with to_people():
        what = sweep.described(training)
        say(tr("experiment: {training}: already finished", training=what) if already else f"experiment: {what}")
    outcome = rows.train(training)
    if outcome.result is None:
        kind = InputError if outcome.refused else UnavailableError  # an UnavailableError is worth another try
        why = outcome.why.rstrip(".")
        raise kind(
            f"{sweep.described(training)} must train to its end",
            found=why,
            do="Remove the cause and run it again; the other trainings continue without it.",
        )
    with to_people():
        say(f"experiment: {sweep.described(training)}: {outcome_as_text(outcome, plan.setup)}")
    return {**as_json(training), "already": already, **figures(outcome.result)}
