"""`sentiment status`: shows versions, labels, accuracy, what every server reports, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from sentiment.errors import InputError
from sentiment.gate import same_rows
from sentiment.gate.same_rows import Figures
from sentiment.language import tr
from sentiment.probe.likeness import UNREACHABLE
from sentiment.probe.occurrence import in_words, last_noted
from sentiment.probe.served import Looked, findings_of, look
from sentiment.serving import edit, findings, history_copy, lock, notes, servers, version_folder
from sentiment.serving.adopt import adopt
from sentiment.serving.change import changing, user
from sentiment.serving.history import read_state
from sentiment.serving.state import State, Version
from sentiment.settings import Settings, read_settings
from sentiment.status import backups, canary, retracted, wear
from sentiment.status.table import lines_of
from sentiment.step import Result, say, step_ending_with
from sentiment.text.aloud import tell, to_people


def describe(state: State, settings: Settings) -> Result:
    """Returns the state as JSON-ready values, newest version first."""
    found, answering = findings.look(settings, state), look(settings)
    changing_now = lock.holder_of(settings.serving / "history.lock")
    text = edit.edited(settings)
    roles = {state.kept: "previous", state.previous: "previous", state.staged: "loading"}
    roles |= {state.stable: "stable", state.canary: "canary"}
    measured = _measured(settings, state)
    return {
        "stable": state.stable,
        "canary": state.canary,
        "previous": state.previous,
        "versions": [
            _row(version, roles.get(number, ""), settings, found.damaged.get(number, ""), measured.get(number))
            for number, version in sorted(state.versions.items(), reverse=True)
        ],
        "servers": {address: _server(state, found) for address, found in answering.items()},
        "served": _served(settings, answering),
        "trial": canary.described(settings),
        "probe": canary.probed(settings),
        "edit": None if text is None else edit.difference(text, state, settings),
        "held_back": list(notes.held_back(settings)),
        "strange_notes": notes.strange(settings),
        "changing": changing_now,
        "to_mend": [] if changing_now else found.mendable(),  # a running change looks half-made
        "damaged": {str(number): trouble for number, trouble in found.damaged.items()},
        "orphans": list(found.orphans),
        "tests": wear.described(settings),
        "retracted": retracted.described(settings),
        "backup": backups.described(settings, datetime.now(UTC)),
    }


def _measured(settings: Settings, state: State) -> dict[int, Figures]:
    """Returns the accuracies of stable and canary; none when they are not known, which `tests` says."""
    try:
        return same_rows.figures_of(settings, state)
    except InputError:
        return {}


def _row(version: Version, role: str, settings: Settings, damage: str, measured: Figures | None) -> dict[str, Any]:
    folder = settings.versions / str(version.number)
    return {
        "version": version.number,
        "role": role,
        "condition": "damaged" if damage else version.condition,
        "published_at": version.published_at,
        "age_seconds": _age(version.published_at),
        "bytes": version_folder.size_of(folder) if folder.is_dir() else None,
        "frozen": version.metrics.get("frozen"),
        "rolling": version.metrics.get("rolling"),
        "measured": {name: asdict(one) for name, one in measured.items()} if measured else None,
        "rows": version.data.rows or None,
        "run": version.run,
        "error": damage or version.error,
    }


def _age(at: str) -> float | None:
    try:
        return round((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())
    except (ValueError, TypeError):  # no time, or one without a zone
        return None


def _server(state: State, looked: Looked) -> dict[str, Any]:
    """Returns what a server reports about versions and labels, and whether it serves what the history says."""
    reported = looked.reported
    if isinstance(reported, OSError):
        error = servers.told(reported)
        return {"reachable": False, "agrees": False, "labels": {}, "versions": {}, "answers": {}, "error": error}
    there = {number: said for number, said in reported.versions.items() if number in state.served or said[0] != "END"}
    loaded = all(reported.versions.get(number, ("", ""))[0] == "AVAILABLE" for number in state.served)
    differs = any(finding.differs for finding in looked.findings)
    return {
        "reachable": True,
        "agrees": dict(reported.labels) == state.labels and loaded and not differs,
        "labels": dict(reported.labels),
        "versions": {str(number): {"state": s, "error": error} for number, (s, error) in sorted(there.items())},
        "answers": {finding.label: finding.kind for finding in looked.findings if finding.label},
        "error": "",
    }


def _served(settings: Settings, answering: Mapping[str, Looked]) -> dict[str, Any]:
    """Returns what is not as the history says, and a sentence about the time when something was not."""
    findings = findings_of(answering)
    differing = [finding.told for finding in findings if finding.differs]
    reached = all(finding.kind != UNREACHABLE for finding in findings)
    last = last_noted(settings)
    since = last.since if last and last.until is None else None
    return {
        "agrees": not differing,
        "differs": differing,
        "since": since if differing else None,
        "last": "" if differing else in_words(last, agrees=reached),
    }


def ends_with(status: Result) -> int:
    """Returns the exit code: 1 when a server does not serve, or answer as, what the history says."""
    return 0 if status["served"]["agrees"] else 1


@click.command("status")
@click.option("--restore-config", is_flag=True, help="Discard an edit by hand: render models.config from the history.")
@click.option("--adopt-config", is_flag=True, help="Keep an edit by hand: record its labels in the history.")
@click.option(
    "--restore-history", is_flag=True, help="Put the history's copy in the place of a history that is refused."
)
@click.option("--who", help="Who adopts it; default: the current user.")
@click.option("--reason", default="", help="Why it is adopted, for the history.")
@step_ending_with(ends_with)
def command(restore_config: bool, adopt_config: bool, restore_history: bool, who: str | None, reason: str) -> Result:
    """Show versions, labels, servers, and whatever needs attention.

    The exit code is 1 when a server does not serve what the history says, or answers as another model.
    """
    settings = read_settings()
    if restore_config and adopt_config:
        raise InputError("an edit is either discarded or adopted", found="both options", do="Give only one.")
    if restore_history:
        tell(history_copy.restore(settings, who or user()))
    if adopt_config:
        tell(adopt(settings, who, reason))
    if restore_config:
        with changing(settings, who, discard_edits=True):
            tell(tr("models.config matches the history."))
    status = describe(read_state(settings), settings)
    with to_people():
        say("\n".join(lines_of(status)))
    return status
