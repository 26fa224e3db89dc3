"""The canary in the status: since when it is on trial, whether a person is asked about it, how far its trial is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sentiment.language import recorded, tr
from sentiment.probe.decision import GOOD, of_term
from sentiment.probe.probe import standing
from sentiment.probe.record import probes_file, read_probes
from sentiment.probe.standing import trial_told
from sentiment.probe.term import term_of
from sentiment.results.record import as_json
from sentiment.serving.open_questions import read_questions
from sentiment.settings import Settings
from sentiment.text.taipei import moment_of, taipei_time


def described(settings: Settings) -> dict[str, Any] | None:
    """Returns the canary's trial as JSON-ready values; None without a canary. `probe` is null before its first one."""
    term = term_of(settings)
    if term is None:
        return None
    questions = read_questions(settings).values()
    return {
        "version": term.canary,
        "since": term.since,
        "asked": any(one.version == term.canary and not one.closed for one in questions),
        "wanted_minutes": settings.canary_bake_minutes,
    }


def probed(settings: Settings) -> dict[str, Any] | None:
    """Returns the canary's standing after its last probe; None when it was never probed."""
    term = term_of(settings)
    if term is None or not probes_file(settings).exists():
        return None
    probes = of_term(read_probes(probes_file(settings)), term)
    if not probes:
        return None
    last, stands = probes[-1], as_json(standing(settings, term))
    return {"version": term.canary, "at": last.at, "healthy": last.outcome == GOOD, **stands}


def told(trial: dict[str, Any] | None, probe: dict[str, Any] | None, now: datetime | None = None) -> Iterator[str]:
    """Yields who waits for whom since when, how far the trial is, and what is wrong with the canary's answers."""
    if trial is None:
        return
    version, since = trial["version"], _moment(trial["since"])
    if trial["asked"]:
        yield tr(
            "Version {version} is the canary since {since} and awaits your approval.", version=version, since=since
        )
    else:
        yield tr("Version {version} is the canary since {since}.", version=version, since=since)
    minutes, at = (probe["good_minutes"], probe["at"]) if probe else (0, None)
    yield trial_told(minutes, trial["wanted_minutes"], at, now)
    if probe and not probe["healthy"]:
        yield recorded(probe["sentence"])


def _moment(at: str) -> str:
    moment = moment_of(at)
    return taipei_time(moment) if moment else at or tr("an unknown time")
