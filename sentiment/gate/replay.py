"""`sentiment replay`: what today's gate would have decided on the evaluations of earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from sentiment.errors import InputError
from sentiment.gate.decisions import YEAR
from sentiment.gate.more import more_checks
from sentiment.gate.rules import decide
from sentiment.gate.thresholds import Thresholds
from sentiment.gate.year import Night, YearRule
from sentiment.language import recorded, tr
from sentiment.results import record
from sentiment.results.decision import Gate
from sentiment.results.evaluation import Evaluation
from sentiment.results.events import Published
from sentiment.results.record import Count, Record
from sentiment.run_folder import RunFolder
from sentiment.serving.decisions import decisions_file, read_decisions
from sentiment.serving.history import read_events
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.text.columns import aligned


class Replayed(Record, frozen=True):
    """A run's decision as it was made, and as today's gate makes it."""

    run: str
    at: str  # ISO 8601, UTC
    then: bool  # whether it passed, without an override
    now: bool
    overridden: bool
    reason: str  # of today's gate, when it refuses

    @property
    def differs(self) -> bool:
        return self.then != self.now


class Replay(Record, frozen=True):
    """All decisions, the oldest first, with what could not be read."""

    sentence: str
    stricter: Count  # passed then, refused now
    looser: Count  # refused then, passes now
    decisions: list[Replayed]
    unreadable: list[str]


def replay(made: Iterable[tuple[datetime, str, Evaluation, Gate]], settings: Settings) -> Iterator[Replayed]:
    """Yields each decision beside today's, in order of time; each spends its level of the 365 days that it stands in.

    The limits are those of its time. An override of that time is left out on both sides.
    """
    spent: list[tuple[datetime, float]] = []
    for at, run, evaluation, gate in sorted(made, key=lambda item: item[:2]):
        spent = [item for item in spent if item[0] > at - YEAR]
        rule = YearRule.of(gate.thresholds.margin, settings.gate_risk, settings.gate_nights)
        before = sum(level for _, level in spent)
        limits = gate.thresholds
        today = decide(
            evaluation,
            Thresholds(limits.floor, limits.margin, limits.recall_drop, limits.minimum_rolling),
            night=Night(rule, rule.level(before), before, len(spent)),
            more=more_checks(evaluation, settings),
        )
        if today.year:
            spent.append((at, today.year.level))
        yield Replayed(
            run=run,
            at=at.isoformat(timespec="seconds"),
            then=not gate.reasons,
            now=today.passed,
            overridden=gate.overridden is not None,
            reason=today.reasons[0] if today.reasons else "",
        )


def found(settings: Settings, unreadable: list[str]) -> Iterator[tuple[datetime, str, Evaluation, Gate]]:
    """Yields when, which run, its evaluation and its decision; what cannot be read is added to `unreadable`."""
    times = {event.run: event.at for event in read_events(settings.history) if isinstance(event, Published)}
    times |= {one.run: one.at for one in read_decisions(decisions_file(settings))}
    for path in sorted(settings.runs.glob("*/gate.json")):
        run = RunFolder(path.parent)
        try:
            evaluation, gate = run.read(Evaluation), run.read(Gate)
        except InputError as error:
            unreadable.append(str(error))
            continue
        yield _time(times.get(run.name, ""), path), run.name, evaluation, gate


def _time(written: str, file: Path) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def told(decisions: list[Replayed]) -> list[str]:
    """Returns the decisions as a table for people."""
    words = {True: tr("passed"), False: tr("refused")}
    head = (tr("when"), tr("run"), tr("then"), tr("now"), tr("why it is different"))
    rows = [
        (
            one.at[:16].replace("T", " "),
            one.run,
            tr("{then}, overridden", then=words[one.then]) if one.overridden else words[one.then],
            words[one.now],
            _why(one),
        )
        for one in decisions
    ]
    return aligned([head, *rows])


def _why(one: Replayed) -> str:
    if not one.differs:
        return ""
    return recorded(one.reason) if one.reason else tr("no check refuses it")


def summed_up(decisions: list[Replayed], unreadable: list[str]) -> Replay:
    """Returns the decisions with the sentence that sums them up."""
    stricter = sum(one.then and not one.now for one in decisions)
    looser = sum(one.now and not one.then for one in decisions)
    same = len(decisions) - stricter - looser
    return Replay(
        sentence=tr(
            "{decisions:,} decisions: {same:,} as before, {stricter:,} that passed would be refused, {looser:,} that "
            "were refused would pass.",
            decisions=len(decisions),
            same=same,
            stricter=stricter,
            looser=looser,
        ),
        stricter=stricter,
        looser=looser,
        decisions=decisions,
        unreadable=unreadable,
    )


@click.command("replay")
@click.option("--output", type=click.Path(path_type=Path), help="Also write the comparison to this file.")
@step
def command(output: Path | None) -> Replay:
    """Decide on every run of the home again, by today's rules, and show what would be different.

    Nothing changes: no decision is kept, and nothing is spent of the year's error budget.
    """
    settings = read_settings()
    unreadable: list[str] = []
    made = list(found(settings, unreadable))
    result = summed_up(list(replay(made, settings)), unreadable)
    older = any(evaluation.stable and not evaluation.reference for _, _, evaluation, _ in made)
    with to_people():
        not_known = tr("An evaluation of an earlier release knows no reference: there, only stable is compared with.")
        more = [*([not_known] if older else []), *unreadable, recorded(result.sentence)]
        say("\n".join([*told(result.decisions), "", *more]))
    if output:
        record.write(output, result)
    return result
