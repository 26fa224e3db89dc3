"""`sentiment status`: shows versions, labels, accuracy, what every server reports, and what needs attention."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from sentiment.errors import InputError
from sentiment.probe.decision import GOOD, of_term
from sentiment.probe.probe import standing, term_of
from sentiment.probe.record import probes_file, read_probes
from sentiment.results.record import as_json
from sentiment.serving import edit, findings, history_copy, lock, servers, version_folder
from sentiment.serving.adopt import adopt
from sentiment.serving.change import changing, user
from sentiment.serving.history import read_state
from sentiment.serving.state import State, Version
from sentiment.settings import Settings, read_settings
from sentiment.status import backups
from sentiment.status.table import lines_of
from sentiment.step import Result, say, step


def describe(state: State, settings: Settings) -> Result:
    """Returns the state as JSON-ready values, newest version first."""
    found = findings.look(settings, state)
    changing_now = lock.holder_of(settings.serving / "history.lock")
    text = edit.edited(settings)
    roles = {state.kept: "previous", state.previous: "previous", state.staged: "loading"}
    roles |= {state.stable: "stable", state.canary: "canary"}
    return {
        "stable": state.stable,
        "canary": state.canary,
        "previous": state.previous,
        "versions": [
            _row(version, roles.get(number, ""), settings, found.damaged.get(number, ""))
            for number, version in sorted(state.versions.items(), reverse=True)
        ],
        "servers": _servers(state, settings),
        "probe": _probe(settings, state),
        "edit": None if text is None else edit.difference(text, state, settings),
        "changing": changing_now,
        "to_mend": [] if changing_now else found.mendable(),  # a running change looks half-made
        "damaged": {str(number): trouble for number, trouble in found.damaged.items()},
        "orphans": list(found.orphans),
        "backup": backups.described(settings, datetime.now(UTC)),
    }


def _row(version: Version, role: str, settings: Settings, damage: str) -> dict[str, Any]:
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
        "rows": version.data.rows or None,
        "run": version.run,
        "error": damage or version.error,
    }


def _age(at: str) -> float | None:
    try:
        return round((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())
    except (ValueError, TypeError):  # no time, or one without a zone
        return None


def _servers(state: State, settings: Settings) -> dict[str, dict[str, Any]]:
    """Returns what every server reports about versions and labels, and whether that agrees with the history."""

    def ask(address: str) -> dict[str, Any]:
        states = servers.version_states(address, settings.model_name)
        labels = {
            label: servers.labelled_version(address, settings.model_name, label) for label in ("stable", "canary")
        }
        there = {number: said for number, said in states.items() if number in state.served or said[0] != "END"}
        named = {label: number for label, number in labels.items() if number is not None}
        loaded = all(states.get(number, ("", ""))[0] == "AVAILABLE" for number in state.served)
        return {
            "reachable": True,
            "agrees": named == state.labels and loaded,
            "labels": named,
            "versions": {str(number): {"state": s, "error": error} for number, (s, error) in sorted(there.items())},
            "error": "",
        }

    answers = servers.each(settings.server_addresses, ask)
    return {address: _unreachable(said) if isinstance(said, OSError) else said for address, said in answers.items()}


def _unreachable(error: OSError) -> dict[str, Any]:
    return {"reachable": False, "agrees": False, "labels": {}, "versions": {}, "error": servers.told(error)}


def _probe(settings: Settings, state: State) -> dict[str, Any] | None:
    """Returns the canary's standing after its last probe; None when it was never probed."""
    if state.canary is None or not (settings.serving / "probes.jsonl").exists():
        return None
    term = term_of(settings)
    probes = of_term(read_probes(probes_file(settings)), term) if term else []
    if not term or not probes:
        return None
    last = probes[-1]
    stands = standing(settings, term)
    return {"version": state.canary, "at": last.at, "healthy": last.outcome == GOOD, **as_json(stands)}


@click.command("status")
@click.option("--restore-config", is_flag=True, help="Discard an edit by hand: render models.config from the history.")
@click.option("--adopt-config", is_flag=True, help="Keep an edit by hand: record its labels in the history.")
@click.option(
    "--restore-history", is_flag=True, help="Put the history's copy in the place of a history that is refused."
)
@click.option("--who", help="Who adopts it; default: the current user.")
@click.option("--reason", default="", help="Why it is adopted, for the history.")
@step
def command(restore_config: bool, adopt_config: bool, restore_history: bool, who: str | None, reason: str) -> Result:
    """Show versions, labels, servers, and whatever needs attention."""
    settings = read_settings()
    if restore_config and adopt_config:
        raise InputError("an edit is either discarded or adopted", found="both options", do="Give only one.")
    if restore_history:
        say(history_copy.restore(settings, who or user()))
    if adopt_config:
        say(adopt(settings, who, reason))
    if restore_config:
        with changing(settings, who, discard_edits=True):
            say("models.config matches the history.")
    status = describe(read_state(settings), settings)
    say("\n".join(lines_of(status)))
    return status
