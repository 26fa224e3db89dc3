"""`sentiment watch`: verifies what answers, probes the canary, and withdraws it after several bad probes in a row."""

from __future__ import annotations

import click
from msgspec import UNSET, structs

from sentiment.language import tr
from sentiment.probe.decision import BAD, bad_in_a_row, must_go, of_last_term, of_term
from sentiment.probe.likeness import ANOTHER_MODEL
from sentiment.probe.metrics import write_probed
from sentiment.probe.probe import NO_CANARY, probe, probing, show
from sentiment.probe.record import probes_file, read_probes
from sentiment.probe.term import term_of
from sentiment.probe.verify import verify
from sentiment.results.events import AnyEvent, Pruned, Withdrawn
from sentiment.results.probe import NotProbed, Probe, Probed, Watch
from sentiment.results.served import Served
from sentiment.serving.change import changing
from sentiment.serving.history import read_events, read_state
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings, read_settings
from sentiment.step import step

WHO = "sentiment watch"


def watch(settings: Settings, version: int | None = None) -> Watch:
    """Verifies what answers, probes once, and withdraws the canary if that makes enough bad probes in a row.

    With `version`, it acts only while that is the canary; if an earlier try withdrew it, the result says so again,
    because that try's process may have been killed before it could report. Raises: as `probe` does.
    """
    served = verify(settings)
    # Held to the end: a probe beside a withdrawal would only find that the label moved.
    with probing(settings):
        canary = read_state(settings).canary
        if version is not None and canary != version:
            return _with(served, _gone(settings, version))
        if canary is not None and not _judged_by(served, settings):
            said = tr(
                "Version {version} was not judged, because no server has its versions' own models.", version=canary
            )
            return _with(served, Watch(canary=canary, healthy=True, withdrawn=False, sentence=said, probe=None))
        found, probes = _probed(settings)
        if isinstance(found, NotProbed):
            return _with(served, Watch(canary=None, healthy=True, withdrawn=False, sentence=NO_CANARY, probe=None))
        if must_go(probes, settings):
            return _with(served, _withdraw(settings, found, probes))
    healthy = found.outcome != BAD
    # The result is kept, so it quotes posts only where they explain a bad probe.
    asked = structs.replace(found, examples=UNSET) if healthy else found
    sentence = found.sentence
    return _with(served, Watch(canary=found.canary, healthy=healthy, withdrawn=False, sentence=sentence, probe=asked))


def _probed(settings: Settings) -> tuple[Probed | NotProbed, list[Probe]]:
    """Probes, and returns the probes of this term.

    On a full disk a bad probe cannot be kept for the next watch to count, so this one asks again at once.
    """
    unrecorded: list[Probe] = []
    while True:
        found = probe(settings, unrecorded)
        if isinstance(found, NotProbed):
            return found, []
        probes = of_term([*read_probes(probes_file(settings)), *unrecorded], found.term)
        if not unrecorded or found.outcome != BAD or must_go(probes, settings):
            return found, probes


def _judged_by(served: Served, settings: Settings) -> set[str]:
    """Returns the servers that do not answer as another model than the history's."""
    others = {finding.server for finding in served.findings if finding.kind == ANOTHER_MODEL}
    return set(settings.server_addresses) - others


def _with(served: Served, found: Watch) -> Watch:
    """Returns the result with what `verify` found, which comes first when a server differs."""
    if served.agrees:
        return structs.replace(found, served=served)
    return structs.replace(found, served=served, healthy=False, sentence=f"{served.sentence} {found.sentence}")


def _withdraw(settings: Settings, found: Probed, probes: list[Probe]) -> Watch:
    version, bad = found.canary, bad_in_a_row(probes)
    why = tr("{number} bad probes in a row: {reasons}", number=len(bad), reasons="; ".join(bad[-1].reasons))
    with changing(settings, WHO, way_back=True) as change:
        if term_of(settings) != found.term:
            return _gone(settings, version)
        withdraw(change, version, why)
    write_probed(settings)
    return _withdrawn(settings, version, why, bad, found)


def _gone(settings: Settings, version: int) -> Watch:
    """Returns what became of a version that is no longer the canary."""
    last = _last_event(settings, version)
    if isinstance(last, Withdrawn) and last.who == WHO:
        probes = of_last_term(read_probes(probes_file(settings)), version)
        return _withdrawn(settings, version, last.why, bad_in_a_row(probes), None)
    state = read_state(settings)
    condition = state.versions[version].condition if version in state.versions else "unknown"
    sentence = tr(
        "Nothing to do: version {version} is {condition}, not the canary.", version=version, condition=condition
    )
    return Watch(canary=state.canary, healthy=True, withdrawn=False, sentence=sentence, probe=None)


def _last_event(settings: Settings, version: int) -> AnyEvent | None:
    """Returns the last event that changed the standing of `version`; pruning its files does not count."""
    events = [event for event in read_events(settings.history) if event.version == version]
    return next((event for event in reversed(events) if not isinstance(event, Pruned)), None)


def _withdrawn(settings: Settings, version: int, why: str, bad: list[Probe], found: Probed | None) -> Watch:
    """Returns the result of a withdrawal; `version` was withdrawn, `bad_probes` are the figures that decided it."""
    stable = read_state(settings).stable
    return Watch(
        canary=None,
        healthy=False,
        withdrawn=True,
        sentence=_said(version, why, stable),
        probe=found,
        version=version,
        stable=stable,
        why=why,
        bad_probes=bad,
    )


def _said(version: int, why: str, stable: int | None) -> str:
    if stable is None:
        return tr("Version {version} is withdrawn after {found}; no version is stable.", version=version, found=why)
    return tr(
        "Version {version} is withdrawn after {found}; version {stable} is stable, as before.",
        version=version,
        found=why,
        stable=stable,
    )


@click.command("watch")
@click.option("--version", type=int, help="Act only if this version is the canary; default: whichever is.")
@step
def command(version: int | None) -> Watch:
    """Verify what answers, probe the canary, and withdraw it after SENTIMENT_CANARY_BAD_PROBES bad probes in a row.

    Servers that do not answer, and probes in which stable fails as well, never count against the canary.
    """
    settings = read_settings()
    found = watch(settings, version)
    show(found.probe, found.sentence)
    return found
