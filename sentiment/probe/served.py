"""Asks every server whether it serves what the history says, and compares its answers with those of the validation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sentiment.client.answer import TITLED, Failure, NoAnswer, Prediction, Then
from sentiment.client.rest import RestServer
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.probe.likeness import (
    LABELS,
    NOT_COMPARED,
    REFUSES,
    UNREACHABLE,
    Reported,
    foreign_versions,
    labels_of,
    likeness,
    reads_titles,
)
from sentiment.results.served import Finding, KeptAnswers, Kind, inputs_of_ids, read_answers
from sentiment.serving import servers
from sentiment.serving.flags import flags_file, read_flags, value_of
from sentiment.serving.history import read_state
from sentiment.serving.state import State
from sentiment.settings import Settings

SECONDS_FOR_THE_ANSWERS = 10.0
SECONDS_BEYOND_A_POLL = 2.0  # that a server may need to follow models.config after it has read it
SECONDS_BETWEEN_LOOKS = 0.3
LONGEST_POLL = 60.0


@dataclass(frozen=True)
class Looked:
    """What one server reported, or why it was not reached, and what follows from it."""

    reported: Reported | OSError
    findings: list[Finding]


def look(settings: Settings) -> dict[str, Looked]:
    """Returns for every server what it reports, and whether it serves and answers what the history says.

    A server that differs is asked again until it has read models.config once more: it may only be a moment late.
    """
    until = time.monotonic() + seconds_to_follow(settings)
    while True:
        found = look_once(settings, read_state(settings))
        if not any(finding.differs for finding in findings_of(found)) or time.monotonic() > until:
            return found
        time.sleep(SECONDS_BETWEEN_LOOKS)


def seconds_to_follow(settings: Settings) -> float:
    """Returns how long a server may take to do what models.config says."""
    stated = value_of(read_flags(flags_file(settings)), "model_config_file_poll_wait_seconds")
    try:
        return min(float(stated or 0), LONGEST_POLL) + SECONDS_BEYOND_A_POLL
    except ValueError:  # the server, which refuses it, says so better
        return SECONDS_BEYOND_A_POLL


def look_once(settings: Settings, state: State) -> dict[str, Looked]:
    """Returns the same from one question to every server, all at once."""

    def ask(address: str) -> Looked:
        reported = reported_by(address, settings.model_name)
        return Looked(reported, list(_findings(address, reported, state, settings)))

    answers = servers.each(settings.server_addresses, ask)
    return {address: said if isinstance(said, Looked) else _gone(address, said) for address, said in answers.items()}


def findings_of(found: Mapping[str, Looked]) -> list[Finding]:
    """Returns the findings of all servers."""
    return [finding for looked in found.values() for finding in looked.findings]


def reported_by(address: str, model: str) -> Reported:
    """Returns what the server at `address` says of its versions and labels. Raises: OSError."""
    named = ((label, servers.labelled_version(address, model, label)) for label in LABELS)
    return Reported(
        versions=servers.version_states(address, model),
        labels={label: version for label, version in named if version is not None},
    )


def _gone(address: str, error: OSError) -> Looked:
    sentence = tr("not compared: it cannot be reached ({error})", error=servers.told(error))
    return Looked(error, [Finding(server=address, label="", kind=UNREACHABLE, sentence=sentence)])


def _findings(address: str, reported: Reported, state: State, settings: Settings) -> Iterator[Finding]:
    wrong = list(labels_of(address, state, reported))
    yield from wrong
    yield from foreign_versions(address, state, reported)
    for label, version in state.labels.items():
        if label not in {finding.label for finding in wrong}:
            yield answers_of(address, label, version, settings)


def answers_of(address: str, label: str, version: int, settings: Settings) -> Finding:
    """Asks one label of one server what was kept with its version; returns whose answers came.

    An older version has no token ids or titles: what it has is compared. Raises: OSError.
    """

    def found(kind: Kind, sentence: str) -> Finding:
        return Finding(server=address, label=label, kind=kind, sentence=sentence)

    def not_compared(kind: Kind, error: Exception) -> Finding:
        return found(kind, tr("label {label} not compared: {error}", label=label, error=error))

    try:
        kept = read_answers(settings.versions / str(version))
    except InputError as error:
        return not_compared(NOT_COMPARED, error)
    if kept is None:
        said = tr("label {label} not compared: version {version} has no kept answers", label=label, version=version)
        return found(NOT_COMPARED, said)
    server = RestServer(address, settings.model_name)
    try:
        answers, named = _answers(server, kept, label)
    except NoAnswer as failure:
        return not_compared(UNREACHABLE, failure)
    except Failure as failure:
        if failure.then is Then.AGAIN:
            return not_compared(UNREACHABLE, failure)
        said = tr(
            "label {label} refuses what version {version} answered at its validation: {error}",
            label=label,
            version=version,
            error=failure,
        )
        return found(REFUSES, said)
    finally:
        server.close()
    if kept.titles == [] and TITLED in servers.signatures(address, settings.model_name, label):
        return reads_titles(address, label, version)
    return likeness(address, label, version, kept, answers, named)


def _answers(
    server: RestServer, kept: KeptAnswers, label: str
) -> tuple[list[tuple[float, ...]], list[tuple[int, str]]]:
    """Returns the probabilities of the kept texts, token ids and titles, and which label each id is called.

    Raises: Failure.
    """

    def asked(titles: list[str] | None) -> list[Prediction]:
        return server.ask(kept.texts, label, SECONDS_FOR_THE_ANSWERS, titles)[0]

    of_texts, of_titled = asked(None), asked(kept.titles) if kept.titles else []
    of_ids = server.ask_ids(inputs_of_ids(kept.ids), label, SECONDS_FOR_THE_ANSWERS) if kept.ids else []
    named = [(said.label_id, said.label) for said in (*of_texts, *of_titled)]
    return [*(said.probabilities for said in of_texts), *of_ids, *(said.probabilities for said in of_titled)], named
