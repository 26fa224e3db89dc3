"""Says in a sentence how a version has answered as the canary so far, from its probes. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sentiment.language import recorded, tr
from sentiment.probe.decision import BAD, bad_in_a_row, good_minutes, is_baked, of_last_term
from sentiment.probe.record import probes_file, read_probes
from sentiment.settings import Settings
from sentiment.text.taipei import TAIPEI, moment_of, taipei_time


def standing(settings: Settings, version: int) -> str:
    """Returns a sentence: whether canary `version` is baked, and how long it has answered well."""
    probes = of_last_term(read_probes(probes_file(settings)), version)
    wanted = settings.canary_bake_minutes
    if not probes:
        return tr(
            "Not baked yet: it has not been probed. It is baked after answering well for {wanted:g} minutes.",
            wanted=wanted,
        )
    if probes[-1].outcome == BAD:
        return tr(
            "Not baked: it answers badly ({number} bad probes in a row: {reasons}).",
            number=len(bad_in_a_row(probes)),
            reasons=reasons_told(probes[-1].reasons),
        )
    minutes = good_minutes(probes)
    if is_baked(probes, settings):
        return tr("Baked: it has answered well for {minutes:.0f} minutes.", minutes=minutes)
    return tr(
        "Not baked yet: it has answered well for {minutes:.0f} minutes, {wanted:g} are required.",
        minutes=minutes,
        wanted=wanted,
    )


def reasons_told(reasons: Iterable[str]) -> str:
    """Returns a probe's reasons, which it recorded in English, as one text."""
    return tr("; ").join(map(recorded, reasons))


def trial_told(minutes: float, wanted: float, probed_at: str | None, now: datetime | None = None) -> str:
    """Returns how far a canary's trial is, in whole minutes; `probed_at`: when it was last probed, if it was."""
    good = int(min(minutes, wanted))
    if not probed_at:
        return tr("Trial: {good} of {wanted:g} minutes of good answers, not probed yet.", good=good, wanted=wanted)
    return tr(
        "Trial: {good} of {wanted:g} minutes of good answers, as of {time}.",
        good=good,
        wanted=wanted,
        time=_as_of(probed_at, now or datetime.now(UTC)),
    )


def _as_of(at: str, now: datetime) -> str:
    """Returns the time of a probe: its hour when that was today in Taipei, else its day too."""
    moment = moment_of(at)
    if moment is None:
        return at
    return f"{moment:%H:%M}" if moment.date() == now.astimezone(TAIPEI).date() else taipei_time(moment)
