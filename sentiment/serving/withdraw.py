"""`sentiment withdraw`: takes the label from the canary, and the servers unload it."""

from __future__ import annotations

import click

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results.serving import Outcome
from sentiment.serving.change import Change, changing, outcome
from sentiment.serving.promote import OUTDATED, is_outdated, superseded, version_to_judge
from sentiment.settings import read_settings
from sentiment.step import step


def withdraw(change: Change, version: int | None, why: str = "", candidacy: int | None = None) -> Outcome:
    """Withdraws the canary, if it is (still) `version`; default: whichever version is the canary.

    Raises: InputError when the version is stable: the person who rejects it must know that customers get it.
    """
    version = version_to_judge(change, version, "withdraw")
    if version == change.state.stable:
        raise InputError(
            "only the canary can be withdrawn",
            found=f"version {version}, which is stable",
            do="Go back to the previous stable version with `sentiment rollback`.",
        )
    if version != change.state.canary:
        return outcome(change.state, version, False, superseded(change, version))
    if is_outdated(change.settings, version, candidacy):
        return outcome(change.state, version, False, tr(OUTDATED, version=version))
    change.record("withdrawn", version, **{"from": version, "to": None}, why=why)
    sentence = tr("Version {version} is withdrawn; stable is {stable}.", version=version, stable=change.state.stable)
    return outcome(change.state, version, True, sentence)


@click.command("withdraw")
@click.option("--version", type=int, help="The version that was rejected; default: the canary.")
@click.option("--candidacy", type=int, help="How many times it had become the canary when it was rejected.")
@click.option("--who", help="Who decided; default: the current user.")
@click.option("--reason", default="", help="The reason, for the history.")
@step
def command(version: int | None, candidacy: int | None, who: str | None, reason: str) -> Outcome:
    """Take the canary label from its version and unload it."""
    with changing(read_settings(), who, way_back=True) as change:
        return withdraw(change, version, reason, candidacy)
