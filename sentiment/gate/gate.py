"""`sentiment gate`: decides, from an evaluation alone, whether a candidate may be published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.gate.rules import Override, Thresholds, decide
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step


def read_evaluation(settings: Settings, run: str | None, file: Path | None) -> dict[str, Any]:
    """Returns the evaluation in `file`, or that of `run`. Raises: InputError when there is none."""
    if file is None and run is None:
        raise InputError(
            "the gate must know what to decide on", found="neither option", do="Give --run NAME or --evaluation FILE."
        )
    if file is None and run is not None:
        file = RunFolder.named(settings, run).result("evaluate")
    assert file is not None
    if not file.is_file():
        raise InputError("an evaluation must exist", found=f"no file {file}", do="Run `sentiment evaluate` first.")
    try:
        evaluation = json.loads(file.read_bytes())
    except ValueError as error:
        raise InputError(f"{file} must be JSON", found=str(error), do="Run `sentiment evaluate` again.") from None
    if not isinstance(evaluation, dict):
        raise InputError(
            f"{file} must be a JSON object", found=type(evaluation).__name__, do="Run `sentiment evaluate` again."
        )
    return evaluation


def read_override(who: str | None, reason: str | None) -> Override | None:
    """Returns the override; None when neither half is given. Raises: InputError when one half is missing."""
    return Override(who or "", reason or "") if who is not None or reason is not None else None


@click.command("gate")
@click.option("--run", help="The run whose evaluation to judge; the decision is left in its folder.")
@click.option("--evaluation", type=click.Path(path_type=Path), help="An evaluation file, instead of the run's.")
@click.option("--output", type=click.Path(path_type=Path), help="Also write the decision to this file.")
@click.option("--floor", type=float, help="Least accuracy on the frozen set.  [SENTIMENT_GATE_FLOOR]")
@click.option("--margin", type=float, help="How far the accuracy may fall at worst.  [SENTIMENT_GATE_MARGIN]")
@click.option("--recall-drop", type=float, help="How far any recall may fall.  [SENTIMENT_GATE_RECALL_DROP]")
@click.option("--minimum-rolling", type=int, help="Least rows of the rolling set.  [SENTIMENT_GATE_MINIMUM_ROLLING]")
@click.option("--override-who", help="Who overrides the gate's failed checks.")
@click.option("--override-reason", help="Why; the reason is recorded.")
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
) -> Result:
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
        atomic.write_json(output, decision)
    if run:
        atomic.write_json(RunFolder.named(settings, run).result("gate"), decision)
    say(decision["sentence"])
    return decision
