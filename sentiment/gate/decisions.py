"""`serving/decisions.jsonl`: what the gate decided, a line each, the newest last. The year's budget is read from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.gate.year import Night, YearRule
from sentiment.results.decision import Gate
from sentiment.results.decisions import Decision, judged
from sentiment.results.evaluation import Evaluation
from sentiment.results.events import AnyEvent, Promoted
from sentiment.results.record import as_json, decoded
from sentiment.serving.change import now, user
from sentiment.serving.history import read_events
from sentiment.serving.lock import held
from sentiment.settings import Settings

YEAR = timedelta(days=365)
RESTORE = "Correct that line, or restore the file from a backup."


def decisions_file(settings: Settings) -> Path:
    """Returns the file that holds the decisions."""
    return settings.serving / "decisions.jsonl"


@contextmanager
def deciding(settings: Settings) -> Iterator[None]:
    """Holds the lock around a decision: two at once would spend the same part of the budget."""
    with held(settings.serving / "decisions.lock", user()):
        yield


def read_decisions(path: Path) -> list[Decision]:
    """Returns every decision. Raises: InputError when a line is none: a budget that forgets promises too much."""
    return [_decision(path, line) for line in json_lines.read(path)]


def _decision(path: Path, line: json_lines.Line) -> Decision:
    name = f"line {line.number} of {path}"
    if line.value is None:
        raise InputError(f"{name} must be a JSON object", found=line.text[:80], do=RESTORE)
    return decoded(line.value, Decision, name, RESTORE)


def night(
    rule: YearRule, decisions: Iterable[Decision], events: Iterable[AnyEvent], at: datetime, asked: tuple[str, str]
) -> Night:
    """Returns the place in its year of a decision at the time `at`; `asked` is its run and its evaluation's digest.

    A decision that was made before is made again at its own level, and spends nothing more.
    """
    known = {(one.run, one.evaluation): one for one in decisions if _within_a_year(one.at, at)}
    again = known.pop(asked, None)
    spent = sum(one.level for one in known.values())
    promotions = sum(isinstance(event, Promoted) and _within_a_year(event.at, at) for event in events)
    return Night(rule, rule.level(spent) if again is None else again.level, spent, len(known), promotions)


def tonight(settings: Settings, margin: float, asked: tuple[str, str]) -> Night:
    """Returns the place in its year of a decision that is made now, with that margin."""
    rule = YearRule.of(margin, settings.gate_risk, settings.gate_nights)
    decisions = read_decisions(decisions_file(settings))
    return night(rule, decisions, read_events(settings.history), datetime.now(UTC), asked)


def keep(settings: Settings, evaluation: Evaluation, gate: Gate, asked: tuple[str, str]) -> None:
    """Appends a decision beside a stable model; one that is there already is not written again."""
    if gate.year is None:
        return
    path = decisions_file(settings)
    found = Decision(
        at=now(),
        run=asked[0],
        evaluation=asked[1],
        level=gate.year.level,
        passed=gate.passed,
        overridden=gate.overridden is not None,
        verdict=gate.verdict,
        stable_version=evaluation.stable_version,
        reference_version=evaluation.reference_version,
        sets={name: judged(getattr(evaluation.sets, name)) for name, _ in gate.sets.items()},
    )
    known = {(one.run, one.evaluation): one for one in read_decisions(path)}.get(asked)
    if known is None or msgspec.structs.replace(known, at=found.at) != found:
        json_lines.append(path, as_json(found))


def _within_a_year(written: str, at: datetime) -> bool:
    try:
        then = datetime.fromisoformat(written)
    except ValueError:
        return True  # a time that cannot be read counts: the budget must not grow by it
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return then > at - YEAR
