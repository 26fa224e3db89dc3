"""`sentiment promote`: makes the canary stable; the old stable version stays loaded for a rollback."""

from __future__ import annotations

import click

from sentiment.errors import InputError
from sentiment.language import marked, tr
from sentiment.results.serving import Outcome
from sentiment.serving.candidacy import candidacies
from sentiment.serving.change import Change, changing, mend, outcome
from sentiment.serving.history import read_events
from sentiment.serving.load import Note, confirm, load
from sentiment.serving.records import require_not_retracted
from sentiment.serving.state import State
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step

KEPT_UNSERVED = 3  # so many of the newest versions that are not served stay on disk too

OUTDATED = marked("Nothing changed: version {version} has become the canary again since it was decided about.")
NEVER_CANARY = ("published", "failed")


def promote(change: Change, version: int | None, why: str = "", candidacy: int | None = None) -> Outcome:
    """Makes the canary stable, if it is (still) `version`; default: whichever version is the canary.

    Every server must have loaded it. A decision about a version that is no longer the canary, or about another
    `candidacy` of it, changes nothing, and says so. Raises: InputError when the version was never the canary.
    """
    version = version_to_judge(change, version, "promote")
    state = change.state
    if version == state.canary and is_outdated(change.settings, version, candidacy):
        return outcome(state, version, False, tr(OUTDATED, version=version))
    if version == state.stable:
        confirm(change, "stable", version)
        return outcome(state, version, False, tr("Version {version} is already stable.", version=version))
    if version != state.canary:
        return outcome(state, version, False, superseded(change, version))
    old = state.stable
    load(change, version, note=Note.IS_TOLD)
    require_not_retracted(change.settings, state.versions[version])
    change.record("promoted", version, **{"from": old, "to": version}, why=why)
    confirm(change, "stable", version)
    _prune_or_say(change)
    before = tr("none") if old is None else old
    sentence = tr("Version {version} is stable now (before: {before}).", version=version, before=before)
    return outcome(change.state, version, True, sentence)


def _prune_or_say(change: Change) -> None:
    """Removes old versions; a full disk must not make a promotion look as if it had failed."""
    try:
        prune(change)
    except OSError as error:
        say(f"old versions could not be removed, which the next change does: {error}")


def version_to_judge(change: Change, version: int | None, verb: str) -> int:
    """Returns the version that a decision is about. Raises: InputError when there is none."""
    version = change.state.canary if version is None else version
    if version is None:
        raise InputError(f"there must be a canary to {verb}", found="none", do="Make one with `sentiment canary`.")
    known = change.state.versions.get(version)
    if known is None:
        raise InputError(
            f"the version to {verb} must have been published",
            found=f"version {version}",
            do="Choose one that `sentiment status` lists.",
        )
    if version != change.state.canary and known.condition in NEVER_CANARY:
        raise InputError(
            f"the version to {verb} must be the canary",
            found=f"version {version}, which is {known.condition}",
            do=f"Make it the canary first: `sentiment canary --version {version}`.",
        )
    return version


def is_outdated(settings: Settings, version: int, candidacy: int | None) -> bool:
    """Tells whether a decision was made about an earlier time at which the version was the canary; None: not known."""
    return candidacy is not None and candidacies(read_events(settings.history), version) != candidacy


def superseded(change: Change, version: int) -> str:
    """Returns the sentence for a decision that came too late."""
    canary, condition = change.state.canary, change.state.versions[version].condition
    if canary is None:
        return tr(
            "Nothing changed: version {version} is {condition}; there is no canary now.",
            version=version,
            condition=condition,
        )
    return tr(
        "Nothing changed: version {version} is {condition}; version {canary} is the canary now.",
        version=version,
        condition=condition,
        canary=canary,
    )


@click.command("promote")
@click.option("--version", type=int, help="The version that was approved; default: the canary.")
@click.option("--candidacy", type=int, help="How many times it had become the canary when it was approved.")
@click.option("--who", help="Who decided; default: the current user.")
@click.option("--reason", default="", help="The reason, for the history.")
@step
def command(version: int | None, candidacy: int | None, who: str | None, reason: str) -> Outcome:
    """Make the canary stable."""
    with changing(read_settings(), who) as change:
        return promote(change, version, reason, candidacy)


def prunable(state: State, keep: int = KEPT_UNSERVED) -> list[int]:
    """Returns the versions whose files may be removed, oldest first."""
    needed = {*state.served, state.previous, state.reference}
    there = (number for number, version in state.versions.items() if version.condition != "pruned")
    unserved = sorted(number for number in there if number not in needed)
    return unserved[:-keep] if keep else unserved


def prune(change: Change) -> list[int]:
    """Removes old versions. It records the event first, so that the history never points at missing files.

    `mend` then removes the files; when a crash prevents that, the next change does it.
    """
    gone = prunable(change.state)
    for number in gone:
        change.record("pruned", number)
    if gone:
        mend(change)
    return gone
