"""`sentiment rollback`: an earlier stable version is stable again."""

from __future__ import annotations

import click

from sentiment.errors import InputError
from sentiment.serving.history import Change, changing
from sentiment.serving.load import confirm, load
from sentiment.serving.outcome import outcome
from sentiment.settings import read_settings
from sentiment.step import Result, step


def rollback(change: Change, to: int | None, why: str = "") -> Result:
    """Makes the earlier stable version `to` stable; default: the previous one.

    Without `to` it goes back once: a second call right after changes nothing, so a repeated step (or a second
    operator at 3 a.m.) does not go back twice.
    """
    state = change.state
    if to is None and state.last_event == "rolled_back" and state.stable is not None:
        return outcome(
            state, state.stable, False, f"Nothing changed: just rolled back to {state.stable}; use --to to go further."
        )
    target = state.previous if to is None else to
    if target is None or target not in state.stables:
        earlier = ", ".join(map(str, state.stables[:-1])) or "none"
        raise InputError(
            "a rollback must name an earlier stable version",
            found=f"{'no version' if to is None else f'version {to}'}; earlier ones: {earlier}",
            do="See `sentiment status`.",
        )
    if target == state.stable:
        confirm(change, "stable", target)
        return outcome(state, target, False, f"Version {target} is stable already.")
    old = state.stable
    load(change, target)
    change.record("rolled_back", target, **{"from": old, "to": target}, why=why)
    confirm(change, "stable", target)
    return outcome(change.state, target, True, f"Version {target} is stable again (before: {old}).")


@click.command("rollback")
@click.option("--to", type=int, help="An earlier stable version; default: the previous one.")
@click.option("--who", help="Who does it; default: this user.")
@click.option("--reason", default="", help="Kept in the history.")
@step
def command(to: int | None, who: str | None, reason: str) -> Result:
    """Make an earlier version stable again."""
    with changing(read_settings(), who) as change:
        return rollback(change, to, reason)
