"""`sentiment probe`: asks stable and canary the same labelled posts and keeps the figures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from msgspec import structs

from sentiment import atomic, disk
from sentiment.client.answer import CANARY, STABLE
from sentiment.errors import UnavailableError
from sentiment.language import marked, recorded, tr
from sentiment.probe.asking import ask_in_pairs
from sentiment.probe.decision import BAD, UNREACHABLE, bad_in_a_row, good_minutes, is_baked, of_term, outcome
from sentiment.probe.figures import figures, worst_examples
from sentiment.probe.metrics import write_probed
from sentiment.probe.questions import Questions, choose_questions
from sentiment.probe.readiness import why_not
from sentiment.probe.record import append, probes_file, read_probes
from sentiment.probe.table import table
from sentiment.probe.term import term_of
from sentiment.probe.traffic import answered_by
from sentiment.results.probe import Example, NotProbed, Probe, Probed, Server, Standing, Term
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people

SECONDS_IN_ALL = 120.0  # for all servers together; questions that do not fit are not asked
NO_CANARY = marked("There is no canary.")


@contextmanager
def probing(settings: Settings) -> Iterator[None]:
    """Holds the lock for probing: two probes at once would slow down each other and both versions."""
    with atomic.exclusive_lock(settings.serving / "probes.lock"):
        yield


def probe(settings: Settings, unrecorded: list[Probe] | None = None) -> Probed | NotProbed:
    """Asks every server, appends the figures to probes.jsonl, and returns them with a verdict; call within `probing`.

    Without a canary, nothing is asked. A probe for which the disk has no room is added to `unrecorded`, if given.

    Raises:
        UnavailableError: no server could be asked, stable failed as well, or the labels moved meanwhile.
        InputError: there are no labelled posts to ask.
    """
    term = term_of(settings)
    if term is None:
        write_probed(settings)
        return NotProbed(canary=None, sentence=NO_CANARY)
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
    made = Probe(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        canary=term.canary,
        stable=term.stable,
        since=term.since,
        outcome=kind,
        reasons=reasons,
        set=questions.source,
        note=questions.note,
        seconds=round(time.monotonic() - began, 1),
        servers=servers,
    )
    _keep(settings, made, unrecorded)
    write_probed(settings, unrecorded or ())
    if kind == UNREACHABLE:
        raise UnavailableError(
            "a server must answer for stable before the canary can be judged",
            found="; ".join(reasons),
            do="Check the model servers; the canary stays as it is.",
        )
    stands = standing(settings, term, unrecorded or ())
    return Probed(**structs.asdict(made), **structs.asdict(stands), examples=examples)


def _keep(settings: Settings, made: Probe, unrecorded: list[Probe] | None) -> None:
    try:
        append(probes_file(settings), made)
    except OSError as error:
        if unrecorded is None or not disk.is_full(error):
            raise
        say("the disk is full: the probe counts, but is not kept; free some space")
        unrecorded.append(made)


def _ask_every_server(settings: Settings, term: Term, questions: Questions) -> tuple[dict[str, Server], list[Example]]:
    """Returns figures by server, and the worst examples of the first server that answered."""
    named = ((STABLE, term.stable), (CANARY, term.canary))
    labels = {label: version for label, version in named if version is not None}
    servers: dict[str, Server] = {}
    examples: list[Example] = []
    seconds = SECONDS_IN_ALL / len(settings.server_addresses)
    for address in settings.server_addresses:
        if why := why_not(address, settings, labels):
            servers[address] = Server(unreachable=why)
            continue
        say(f"sending {len(questions.posts)} posts of the {questions.source} test set to {address} …")
        until = time.monotonic() + seconds
        answered = answered_by(address, settings.model_name, labels)
        replies = ask_in_pairs(address, settings.model_name, list(labels), questions.posts, until)
        servers[address] = structs.replace(figures(questions.posts, replies), answered=answered)
        examples = examples or worst_examples(questions.posts, replies)
    return servers, examples


def standing(settings: Settings, term: Term, unrecorded: Sequence[Probe] = ()) -> Standing:
    """Returns how the canary has done in the probes so far, the `unrecorded` ones last."""
    probes = of_term([*read_probes(probes_file(settings)), *unrecorded], term)
    return Standing(
        bad_in_a_row=len(bad_in_a_row(probes)),
        good_minutes=round(good_minutes(probes), 1),
        baked=is_baked(probes, settings),
        sentence=_sentence(settings, term.canary, probes),
    )


def _sentence(settings: Settings, version: int, probes: list[Probe]) -> str:
    newest = probes[-1]
    if newest.outcome == BAD:
        return tr(
            "Version {version} answers badly (bad probe {count} in a row, at {limit} it is withdrawn): {reasons}.",
            version=version,
            count=len(bad_in_a_row(probes)),
            limit=settings.canary_bad_probes,
            reasons="; ".join(newest.reasons),
        )
    minutes = good_minutes(probes)
    if is_baked(probes, settings):
        return tr(
            "Version {version} has answered well for {minutes:.0f} minutes; it is baked.",
            version=version,
            minutes=minutes,
        )
    return tr(
        "Version {version} has answered well for {minutes:.0f} minutes; it is baked after {wanted:g}.",
        version=version,
        minutes=minutes,
        wanted=settings.canary_bake_minutes,
    )


def show(found: Probe | None, sentence: str) -> None:
    """Prints a probe, if there was one, for the person who started it."""
    with to_people():
        if found:
            say(table(found))
            if found.note:
                say(tr("Note: {note}.", note=recorded(found.note)))
        say(recorded(sentence))


@click.command("probe")
@step
def command() -> Probed | NotProbed:
    """Ask stable and canary the same labelled posts; show accuracy, disagreement, errors, response times.

    It changes nothing that is served. The figures are appended to serving/probes.jsonl, and written to
    serving/metrics/probe.prom for Prometheus.
    """
    settings = read_settings()
    with probing(settings):
        found = probe(settings)
    show(found if isinstance(found, Probed) else None, found.sentence)
    return found
