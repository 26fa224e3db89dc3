"""`sentiment gate`: decides, from an evaluation alone, whether a candidate may be published."""

from __future__ import annotations

from pathlib import Path

import click

from sentiment.errors import InputError
from sentiment.gate.evidence import AGAIN
from sentiment.gate.rules import Override, Thresholds, decide
from sentiment.options.as_click import option, options
from sentiment.options.gate import OVERRIDE_REASON, THRESHOLDS
from sentiment.results import record
from sentiment.results.decision import Gate
from sentiment.results.evaluation import Evaluation
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step


def read_evaluation(settings: Settings, run: str | None, file: Path | None) -> Evaluation:
    """Returns the evaluation in `file`, or else that of `run`. Raises: InputError when none can be read."""
    if file is not None:
        return record.read(file, Evaluation, AGAIN)
    if run is not None:
        return RunFolder.named(settings, run).read(Evaluation)
    raise InputError(
        "the gate must know what to decide on", found="neither option", do="Give --run NAME or --evaluation FILE."
    )


def read_override(who: str | None, reason: str | None) -> Override | None:
    """Returns the override; None when neither half is given. Raises: InputError when one half is missing."""
    return Override(who or "", reason or "") if who is not None or reason is not None else None


@click.command("gate")
@click.option("--run", help="The run whose evaluation to judge; the decision is left in its folder.")
@click.option("--evaluation", type=click.Path(path_type=Path), help="An evaluation file, instead of the run's.")
@click.option("--output", type=click.Path(path_type=Path), help="Also write the decision to this file.")
@options(*THRESHOLDS)
@click.option("--override-who", help="Who overrides the gate's failed checks.")
@option(OVERRIDE_REASON)
@step
def command(
    run: str | None,
    evaluation: Path | None,
    output: Path | None,
    override_who: str | None,
    override_reason: str | None,
    floor: float | None,
    margin: float | None,
    recall_drop: float | None,
    minimum_rolling: int | None,
) -> Gate:
    """Decide from an evaluation whether a candidate may be published."""
    settings = read_settings()
    override = read_override(override_who, override_reason)
    thresholds = Thresholds(
        floor=settings.gate_floor if floor is None else floor,
        margin=settings.gate_margin if margin is None else margin,
        recall_drop=settings.gate_recall_drop if recall_drop is None else recall_drop,
        minimum_rolling=settings.gate_minimum_rolling if minimum_rolling is None else minimum_rolling,
    )
    decision = decide(read_evaluation(settings, run, evaluation), thresholds, override)
    if output:
        record.write(output, decision)
    if run:
        RunFolder.named(settings, run).write(decision)
    say(decision.sentence)
    return decision
