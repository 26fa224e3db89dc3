"""`sentiment watch`: probes the canary and withdraws it after several bad probes in a row."""

from __future__ import annotations

from typing import Any

import click

from sentiment.probe.decision import BAD, bad_in_a_row, must_go, of_term
from sentiment.probe.probe import NO_CANARY, probe, probing, show, term_of
from sentiment.probe.record import probes_file, read_probes
from sentiment.serving.change import changing
from sentiment.serving.history import read_events, read_state
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, step

WHO = "sentiment watch"
Term = dict[str, Any]


def watch(settings: Settings, version: int | None = None) -> Result:
    """Probes once, withdraws the canary if that makes enough bad probes in a row, and returns the result.

    With `version`, it acts only while that is the canary; if an earlier try withdrew it, the result says so again,
    because that try's process may have been killed before it could report. Raises: as `probe` does.
    """
    # Held to the end: a probe beside a withdrawal would only find that the label moved.
    with probing(settings):
        if version is not None and read_state(settings).canary != version:
            return _gone(settings, version)
        found = probe(settings)
        if found["canary"] is None:
            return _result(None, found, sentence=NO_CANARY)
        term = {key: found[key] for key in ("canary", "stable", "since")}
        probes = of_term(read_probes(probes_file(settings)), term)
        if must_go(probes, settings):
            return _withdraw(settings, term, probes, found)
    return _result(found["canary"], found, healthy=found["outcome"] != BAD, sentence=found["sentence"])


def _withdraw(settings: Settings, term: Term, probes: list[Any], found: Result) -> Result:
    version, bad = term["canary"], bad_in_a_row(probes)
    why = f"{len(bad)} bad probes in a row: {'; '.join(bad[-1]['reasons'])}"
    with changing(settings, WHO) as change:
        if term_of(settings) != term:
            return _gone(settings, version)
        withdraw(change, version, why)
    return _withdrawn(settings, version, why, bad, found)


def _gone(settings: Settings, version: int) -> Result:
    """Returns what became of a version that is no longer the canary."""
    last = _last_event(settings, version)
    if (last.get("event"), last.get("who")) == ("withdrawn", WHO):
        about = [probe for probe in read_probes(probes_file(settings)) if probe.get("canary") == version]
        probes = of_term(about, about[-1]) if about else []
        return _withdrawn(settings, version, str(last.get("why")), bad_in_a_row(probes), {})
    state = read_state(settings)
    condition = state.versions[version].condition if version in state.versions else "unknown"
    return _result(state.canary, {}, sentence=f"Nothing to do: version {version} is {condition}, not the canary.")


def _last_event(settings: Settings, version: int) -> dict[str, Any]:
    """Returns the last event that changed the standing of `version`; pruning its files does not count."""
    events = [event for event in read_events(settings.history) if event.get("version") == version]
    return next((event for event in reversed(events) if event["event"] != "pruned"), {})


def _withdrawn(settings: Settings, version: int, why: str, bad: list[Any], found: Result) -> Result:
    """Returns the result of a withdrawal; `version` was withdrawn, `bad_probes` are the figures that decided it."""
    stable = read_state(settings).stable
    goes_on = "no version is stable" if stable is None else f"version {stable} is stable, as before"
    sentence = f"Version {version} is withdrawn after {why}; {goes_on}."
    more = {"version": version, "stable": stable, "why": why, "bad_probes": bad}
    return {**_result(None, found, healthy=False, sentence=sentence), **more, "withdrawn": True}


def _result(canary: int | None, found: Result, *, sentence: str, healthy: bool = True) -> Result:
    asked = dict(found) if "outcome" in found else None
    if asked and healthy:
        asked.pop("examples")  # the result is kept, so it quotes posts only where they explain a bad probe
    return {"canary": canary, "healthy": healthy, "withdrawn": False, "sentence": sentence, "probe": asked}


@click.command("watch")
@click.option("--version", type=int, help="Act only if this version is the canary; default: whichever is.")
@step
def command(version: int | None) -> Result:
    """Probe the canary, and withdraw it after SENTIMENT_CANARY_BAD_PROBES bad probes in a row.

    Servers that do not answer, and probes in which stable fails as well, never count against the canary.
    """
    settings = read_settings()
    found = watch(settings, version)
    show({**(found["probe"] or {}), "sentence": found["sentence"]})
    return found
