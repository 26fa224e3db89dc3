"""`sentiment gate`: decides, from an evaluation alone, whether a candidate may be published."""

from __future__ import annotations

import hashlib
import json
from contextlib import nullcontext
from pathlib import Path

import click
from msgspec import structs

from sentiment.errors import InputError
from sentiment.gate.changed import told_changed
from sentiment.gate.costs import cost_lines, cost_warnings
from sentiment.gate.decisions import deciding, keep, tonight
from sentiment.gate.evidence import AGAIN
from sentiment.gate.more import more_checks
from sentiment.gate.rows import stable_name
from sentiment.gate.rules import Override, decide
from sentiment.gate.thresholds import asked, configured, loosened, require_reason
from sentiment.gate.wear import told, wear_of
from sentiment.language import recorded, tr
from sentiment.options.as_click import option, options
from sentiment.options.gate import LOOSEN_REASON, OVERRIDE_REASON, THRESHOLDS
from sentiment.results import record
from sentiment.results.decision import Gate, GateCheck, Loosened
from sentiment.results.evaluation import Evaluation
from sentiment.run_folder import RunFolder
from sentiment.serving.records import prepared
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people


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
@click.option("--loosen-who", help="Who loosens a limit.")
@option(LOOSEN_REASON)
@click.option("--override-who", help="Who overrides the gate's failed checks.")
@option(OVERRIDE_REASON)
@step
def command(
    run: str | None,
    evaluation: Path | None,
    output: Path | None,
    loosen_who: str | None,
    loosen_reason: str | None,
    override_who: str | None,
    override_reason: str | None,
    **limits: float | None,
) -> Gate:
    """Decide from an evaluation whether a candidate may be published."""
    settings = read_settings()
    override = read_override(override_who, override_reason)
    standard = configured(settings)
    thresholds = asked(limits, standard)
    looser = loosened(thresholds, standard)
    if run is None and looser:  # a trial: nothing is published from a file
        found: Loosened | None = Loosened(who=loosen_who or "", reason=loosen_reason or "", limits=looser)
    else:
        found = require_reason(looser, loosen_who, loosen_reason)
    folder = prepared(settings, run) if run else None
    read = read_evaluation(settings, run, evaluation)
    asked_for = (folder.name if folder else "", digest_of(read))
    more = more_checks(read, settings)
    with deciding(settings) if folder else nullcontext():
        decision = decide(read, thresholds, override, found, tonight(settings, thresholds.margin, asked_for), more)
        if folder:
            decision = structs.replace(decision, wear=told(wear_of(settings), settings.gate_wear))
            keep(settings, read, decision, asked_for)
            folder.write(decision)
    if output:
        record.write(output, decision)
    with to_people():
        said = [*checked(decision), *told_changed(read), *costs_told(decision), recorded(decision.sentence)]
        say("\n".join(said))
    return decision


def checked(decision: Gate) -> list[str]:
    """Returns every check as a line, with a tick or a cross."""
    return [f"  {'✔' if check.passed else '✘'} {_told(check)}" for check in decision.checks]


def costs_told(decision: Gate) -> list[str]:
    """Returns what each model costs, as lines, and that the candidate costs clearly more."""
    lines = [*cost_lines(decision.costs, stable_name(decision)), *cost_warnings(decision)]
    return [f"  {line}" for line in lines]


def _told(check: GateCheck) -> str:
    said = recorded(check.sentence)
    return said if check.decides else tr("{check} (does not decide)", check=said)


def digest_of(evaluation: Evaluation) -> str:
    """Returns the sha256, in hex, by which a decision knows what it was made from.

    The night's estimate and the costs are no part of it: they have times, and evaluating again is no other evaluation.
    """
    found = record.as_json(evaluation)
    for timed in ("confidence", "costs"):
        found.pop(timed, None)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
