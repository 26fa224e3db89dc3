"""`sentiment probe`: asks stable and canary the same labelled posts and keeps the figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from sentiment import atomic
from sentiment.client.answer import CANARY, STABLE
from sentiment.errors import UnavailableError
from sentiment.probe.asking import ask_in_pairs
from sentiment.probe.decision import BAD, UNREACHABLE, bad_in_a_row, good_minutes, is_baked, of_term, outcome
from sentiment.probe.figures import figures, worst_examples
from sentiment.probe.questions import Questions, choose_questions
from sentiment.probe.readiness import why_not
from sentiment.probe.record import append, probes_file, read_probes
from sentiment.probe.table import table
from sentiment.serving.history import read_events, read_state
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step

SECONDS_IN_ALL = 120.0  # for all servers together; questions that do not fit are not asked
NO_CANARY = "There is no canary."


@contextmanager
def probing(settings: Settings) -> Iterator[None]:
    """Holds the lock for probing: two probes at once would slow down each other and both versions."""
    with atomic.exclusive_lock(settings.serving / "probes.lock"):
        yield


def term_of(settings: Settings) -> dict[str, Any] | None:
    """Returns the canary, its event's time, and the stable version beside it; None without a canary."""
    state = read_state(settings)
    if state.canary is None:
        return None
    return {"canary": state.canary, "stable": state.stable, "since": _since(settings, state.canary)}


def _since(settings: Settings, version: int) -> str:
    """Returns when `version` became the canary, by the verb or by an adopted edit of models.config."""
    for event in reversed(read_events(settings.history)):
        made = event.get("version") if event.get("event") == "canary" else event.get("canary")
        if made == version:
            return str(event.get("at"))
    return ""


def probe(settings: Settings) -> Result:
    """Asks every server, appends the figures to probes.jsonl, and returns them with a verdict; call within `probing`.

    Without a canary, it asks nothing, and `canary` is None.

    Raises:
        UnavailableError: no server could be asked, stable failed as well, or the labels moved meanwhile.
        InputError: there are no labelled posts to ask.
    """
    term = term_of(settings)
    if term is None:
        return {"canary": None, "sentence": NO_CANARY}
    questions = choose_questions(settings)
    began = time.monotonic()
    servers, examples = _ask_every_server(settings, term, questions)
    if term_of(settings) != term:
        raise UnavailableError(
            "the labels must not move during a probe",
            found="a label that moved",
            do="Run `sentiment probe` again.",
        )
    kind, reasons = outcome(servers, settings)
    made = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **term,
        "outcome": kind,
        "reasons": reasons,
        "set": questions.source,
        "note": questions.note,
        "seconds": round(time.monotonic() - began, 1),
        "servers": servers,
    }
    append(probes_file(settings), made)
    if kind == UNREACHABLE:
        raise UnavailableError(
            "a server must answer for stable before the canary can be judged",
            found="; ".join(reasons),
            do="Check the model servers; the canary stays as it is.",
        )
    return {**made, **standing(settings, term), "examples": examples}


def _ask_every_server(
    settings: Settings, term: dict[str, Any], questions: Questions
) -> tuple[dict[str, Any], list[Any]]:
    """Returns figures by server, and the worst examples of the first server that answered."""
    labels = {label: term[label] for label in (STABLE, CANARY) if term[label] is not None}
    servers: dict[str, Any] = {}
    examples: list[Any] = []
    seconds = SECONDS_IN_ALL / len(settings.server_addresses)
    for address in settings.server_addresses:
        if why := why_not(address, settings, labels):
            servers[address] = {"unreachable": why}
            continue
        say(f"sending {len(questions.posts)} posts of the {questions.source} test set to {address} …")
        until = time.monotonic() + seconds
        replies = ask_in_pairs(address, settings.model_name, list(labels), questions.posts, until)
        servers[address] = figures(questions.posts, replies)
        examples = examples or worst_examples(questions.posts, replies)
    return servers, examples


def standing(settings: Settings, term: dict[str, Any]) -> Result:
    """Returns how the canary has done in the probes so far."""
    probes = of_term(read_probes(probes_file(settings)), term)
    return {
        "bad_in_a_row": len(bad_in_a_row(probes)),
        "good_minutes": round(good_minutes(probes), 1),
        "baked": is_baked(probes, settings),
        "sentence": _sentence(settings, term, probes),
    }


def _sentence(settings: Settings, term: dict[str, Any], probes: list[Any]) -> str:
    version, newest = term["canary"], probes[-1]
    if newest["outcome"] == BAD:
        count = f"bad probe {len(bad_in_a_row(probes))} in a row, at {settings.canary_bad_probes} it is withdrawn"
        return f"Version {version} answers badly ({count}): {'; '.join(newest['reasons'])}."
    minutes, wanted = good_minutes(probes), settings.canary_bake_minutes
    baked = "it is baked" if is_baked(probes, settings) else f"it is baked after {wanted:g}"
    return f"Version {version} has answered well for {minutes:.0f} minutes; {baked}."


def show(found: Result) -> None:
    """Prints a probe for the person who started it."""
    if found.get("servers"):
        say(table(found))
    if found.get("note"):
        say(f"Note: {found['note']}.")
    say(found["sentence"])


@click.command("probe")
@step
def command() -> Result:
    """Ask stable and canary the same labelled posts; show accuracy, disagreement, errors, response times.

    It changes nothing that is served. The figures are appended to serving/probes.jsonl.
    """
    settings = read_settings()
    with probing(settings):
        found = probe(settings)
    show(found)
    return found
