"""`sentiment rollback`: makes an earlier stable version stable again."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sentiment.errors import InputError, UnavailableError
from sentiment.language import marked, tr
from sentiment.results.scoring import CURRENT
from sentiment.results.serving import Outcome
from sentiment.serving import servers
from sentiment.serving.change import Change, changing, outcome
from sentiment.serving.load import Note, confirm, load
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people

POINT = marked(
    "readers of the archive's scores still take the other version's: `sentiment score --only-point --version stable` "
    "points them back; in Airflow, the next task does"
)


def rollback(change: Change, to: int | None, why: str = "", skip_unreachable: bool = False) -> Outcome:
    """Makes the earlier stable version `to` stable, once every server has loaded it; default: the previous one.

    A server that holds models.config back, because the canary killed it, loads it only when it is to be stable; so
    it is not waited for before, but after.

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
        sentence = tr(
            "Nothing changed: the last move was a rollback to {version}; use --to to go back further.",
            version=state.stable,
        )
        return outcome(state, state.stable, False, sentence)
    target = _target(change, to)
    if target == state.stable:
        confirm(change, "stable", target, asked)
        return outcome(state, target, False, tr("Version {version} is already stable.", version=target))
    load(change, target, asked, Note.IS_WAITED_FOR)
    noted = {"skipped": list(skipped)} if skipped else {}
    change.record("rolled_back", target, **{"from": state.stable, "to": target}, why=why, **noted)
    confirm(change, "stable", target, asked)
    return outcome(change.state, target, True, _back(target, state.stable, skipped))


def _back(version: int, before: int | None, skipped: Sequence[str]) -> str:
    if not skipped:
        return tr("Version {version} is stable again (before: {before}).", version=version, before=before)
    return tr(
        "Version {version} is stable again (before: {before}); not confirmed by {servers}, which cannot be reached.",
        version=version,
        before=before,
        servers=", ".join(skipped),
    )


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
    settings = read_settings()
    with changing(settings, who, way_back=True) as change:
        done = rollback(change, to, reason, skip_unreachable)
    if done.changed and (settings.scores_folder / CURRENT).is_file():
        with to_people():
            say(tr(POINT))
    return done
