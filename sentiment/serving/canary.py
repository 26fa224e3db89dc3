"""`sentiment canary`: makes every server load a version, which then gets the canary label."""

from __future__ import annotations

import click

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results.serving import Outcome
from sentiment.run_folder import RunFolder
from sentiment.serving.change import Change, changing, outcome
from sentiment.serving.load import confirm, load
from sentiment.serving.publish import candidate_of_run, publish
from sentiment.serving.records import require_not_retracted
from sentiment.settings import read_settings
from sentiment.step import step


def canary(change: Change, version: int, why: str = "") -> Outcome:
    """Makes `version` the canary. The servers load it first, so a version that fails to load changes nothing."""
    if change.state.canary == version:
        confirm(change, "canary", version)
        return outcome(change.state, version, False, tr("Version {version} is already the canary.", version=version))
    if version == change.state.stable:
        return outcome(change.state, version, False, tr("Version {version} is already stable.", version=version))
    if version in change.state.served:
        change.require_allowed(version, "canary")
    else:
        change.require_allowed(version, "staged", "canary")
    require_not_retracted(change.settings, change.state.versions[version])
    load(change, version)
    _ask_again(change, version)
    change.record("canary", version, **{"from": change.state.canary, "to": version}, why=why)
    confirm(change, "canary", version)
    return outcome(change.state, version, True, tr("Version {version} is the canary.", version=version))


def _ask_again(change: Change, version: int) -> None:
    """Unloads a version of which a delivery was retracted while it was loading. Raises: InputError for it."""
    try:
        require_not_retracted(change.settings, change.state.versions[version])
    except InputError as error:
        if change.state.staged == version:
            change.record("unstaged", version, why=error.found)
        raise


@click.command("canary")
@click.option("--run", help="A run whose gate and validation passed; it is published first, unless it was before.")
@click.option("--version", type=int, help="A published version.")
@click.option("--who", help="Who makes the change; default: the current user.")
@click.option("--reason", default="", help="The reason, for the history.")
@step
def command(run: str | None, version: int | None, who: str | None, reason: str) -> Outcome:
    """Load a version on every server and give it the canary label."""
    settings = read_settings()
    if (run is None) == (version is None):
        raise click.UsageError("give either --run or --version")
    candidate = candidate_of_run(RunFolder.named(settings, run)) if run else None
    with changing(settings, who) as change:
        if candidate:
            version, _ = publish(change, candidate)
            reason = " ".join(filter(None, (reason, candidate.exceptions)))
        assert version is not None
        return canary(change, version, reason)
