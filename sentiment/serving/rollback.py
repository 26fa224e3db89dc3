"""`sentiment rollback`: makes an earlier stable version stable again."""

from __future__ import annotations

import click

from sentiment.errors import InputError, UnavailableError
from sentiment.results.serving import Outcome
from sentiment.serving import servers
from sentiment.serving.change import Change, changing, outcome
from sentiment.serving.load import confirm, load
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step


def rollback(change: Change, to: int | None, why: str = "", skip_unreachable: bool = False) -> Outcome:
    """Makes the earlier stable version `to` stable, once every server has loaded it; default: the previous one.

    Without `to` it goes back once: a second call, before another promotion, changes nothing. So a repeated step (or a
    second operator at 3 a.m.) does not go back twice. With `skip_unreachable`, servers that do not answer at all cannot
    block it; those that answer must still have loaded the version.
    """
    try:
        return _rollback(change, to, why, skip_unreachable)
    except UnavailableError as error:
        hint = "" if skip_unreachable else " `sentiment rollback --skip-unreachable` ignores servers that are down."
        raise UnavailableError(error.must_hold, found=error.found, do=f"{error.do}{hint}") from None


def _rollback(change: Change, to: int | None, why: str, skip_unreachable: bool) -> Outcome:
    state = change.state
    asked, skipped = _servers(change.settings, skip_unreachable)
    if to is None and state.last_move == "rolled_back" and state.stable is not None:
        confirm(change, "stable", state.stable, asked)
        sentence = f"Nothing changed: the last move was a rollback to {state.stable}; use --to to go back further."
        return outcome(state, state.stable, False, sentence)
    target = _target(change, to)
    if target == state.stable:
        confirm(change, "stable", target, asked)
        return outcome(state, target, False, f"Version {target} is already stable.")
    load(change, target, asked)
    noted = {"skipped": list(skipped)} if skipped else {}
    change.record("rolled_back", target, **{"from": state.stable, "to": target}, why=why, **noted)
    confirm(change, "stable", target, asked)
    without = f"; not confirmed by {', '.join(skipped)}, which cannot be reached" if skipped else ""
    return outcome(change.state, target, True, f"Version {target} is stable again (before: {state.stable}){without}.")


def _servers(settings: Settings, skip_unreachable: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the servers that must confirm, and those that are skipped because they do not answer."""
    if not skip_unreachable:
        return settings.server_addresses, ()
    skipped = servers.unreachable(settings.server_addresses, settings.model_name)
    for address in skipped:
        say(f"{address} cannot be reached and is skipped")
    return tuple(address for address in settings.server_addresses if address not in skipped), skipped


def _target(change: Change, to: int | None) -> int:
    """Returns the version to go back to. Raises: InputError when it was never stable, or its files were removed."""
    state = change.state
    target = state.previous if to is None else to
    if target is not None and target in state.stables:
        return target
    earlier = ", ".join(map(str, state.stables[:-1])) or "none"
    found = "no version" if to is None else f"version {to}"
    known = None if to is None else state.versions.get(to)
    condition = f", which is {known.condition}" if known else ""
    raise InputError(
        "a rollback must name an earlier stable version",
        found=f"{found}{condition}; earlier ones: {earlier}",
        do="Give one of the earlier ones with --to, if there are any.",
    )


@click.command("rollback")
@click.option("--to", type=int, help="An earlier stable version; default: the previous one.")
@click.option("--who", help="Who makes the change; default: the current user.")
@click.option("--reason", default="", help="The reason, for the history.")
@click.option("--skip-unreachable", is_flag=True, help="Do not wait for servers that do not answer; record them.")
@step
def command(to: int | None, who: str | None, reason: str, skip_unreachable: bool) -> Outcome:
    """Make an earlier version stable again."""
    with changing(read_settings(), who, way_back=True) as change:
        return rollback(change, to, reason, skip_unreachable)
