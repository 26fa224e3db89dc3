"""The box on the page: sends sentences to stable and canary at once, on the servers that customers use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import dataclass

from sentiment.client.answer import CANARY, STABLE, ClientError, Prediction
from sentiment.client.rest import RestServer
from sentiment.client.tries import Deadline, Tries
from sentiment.language import marked, recorded, tr
from sentiment.models_page.wording import labelled, nobody, text
from sentiment.serving.state import State
from sentiment.settings import Settings

SECONDS = 3.0  # for both labels together, whatever the number of servers
MOST_SENTENCES, LONGEST_SENTENCE, LONGEST_TITLE = 10, 2000, 200
# What a client's tries say. It is made for programs, so it is English; here are the patterns that the page says.
OF_TRIES = (
    marked("{address}: cannot be reached: {why}"),
    marked("{address}: no answer in time"),
    marked("{address}: no HTTP answer: {why}"),
    marked("no time is left"),
)


@dataclass(frozen=True)
class Said:
    """What one version says about one sentence: the label, its probability in percent, and those of the others."""

    label: str
    probability: float
    others: tuple[tuple[str, float], ...] = ()  # the likelier first


@dataclass(frozen=True)
class Side:
    """One version's answers, in the order of the sentences, or why there are none."""

    name: str
    version: int | None
    answers: list[Said]
    milliseconds: int
    error: str = ""
    read_title: bool = False

    @property
    def is_there(self) -> bool:
        """Tells whether a version has this label; most days there is no canary, which is not an error."""
        return self.version is not None


def sentences_of(box: str) -> list[str]:
    """Returns the non-empty lines of the box, one sentence each. Raises: ValueError when there are none or too many."""
    lines = [line.strip() for line in box.encode("utf-8", "replace").decode().splitlines() if line.strip()]
    if not lines:
        raise ValueError(tr("Write a sentence to try."))
    if len(lines) > MOST_SENTENCES or any(len(line) > LONGEST_SENTENCE for line in lines):
        raise ValueError(
            tr(
                "At most {lines} lines of {characters:,} characters can be tried at once.",
                lines=MOST_SENTENCES,
                characters=LONGEST_SENTENCE,
            )
        )
    return lines


def title_of(box: str) -> str:
    """Returns the title of the sentences' thread, "" for none. Raises: ValueError when it is too long."""
    title = " ".join(box.encode("utf-8", "replace").decode().split())
    if len(title) > LONGEST_TITLE:
        raise ValueError(tr("A title may have at most {characters:,} characters.", characters=LONGEST_TITLE))
    return title


def try_out(
    sentences: Sequence[str], state: State, settings: Settings, seconds: float = SECONDS, title: str = ""
) -> list[Side]:
    """Asks stable and canary at the same time and returns their answers within `seconds`, whatever the servers do.

    All sentences are of the thread with this `title`; a version that was trained without titles reads none.
    """
    asked = [label for label in (STABLE, CANARY) if state.labels.get(label) is not None]
    pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="try")
    until = time.monotonic() + seconds
    waiting = {label: pool.submit(_ask, sentences, title, label, settings, seconds * 0.9) for label in asked}
    pool.shutdown(wait=False)  # looking up a host name can hang; its thread then ends later, and nobody waits for it
    names = settings.label_set.names
    found = {label: _side(label, state, future, until, names) for label, future in waiting.items()}
    empty = {label: Side(label, None, [], 0, nobody(label)) for label in (STABLE, CANARY)}
    return [found.get(label, empty[label]) for label in (STABLE, CANARY)]


def _ask(
    sentences: Sequence[str], title: str, label: str, settings: Settings, seconds: float
) -> tuple[list[Prediction], int]:
    addresses = [address for address in settings.server_addresses if address.startswith(("http://", "https://"))]
    if not addresses:
        raise ClientError(marked("SENTIMENT_SERVING_URLS names no http address"))
    servers = [RestServer(address, settings.model_name) for address in addresses]
    began = time.monotonic()
    try:
        titles = [title] * len(sentences)
        tries = Tries(servers, most=len(servers) + 1)
        predictions, _ = tries.ask(sentences, label, Deadline(seconds), titles=titles)
    finally:
        for server in servers:
            server.close()
    return predictions, round((time.monotonic() - began) * 1000)


def _side(
    label: str, state: State, future: Future[tuple[list[Prediction], int]], until: float, names: Sequence[str]
) -> Side:
    version = state.labels[label]
    try:
        predictions, took = future.result(timeout=max(0.0, until - time.monotonic()))
    except OutOfTime:
        return Side(label, version, [], 0, tr("No server answered in time."))
    except (ClientError, OSError, ValueError) as error:
        return Side(label, version, [], 0, text(_told(label, error), 400))
    read_title = any(said.read_title for said in predictions)
    return Side(label, version, [_said(said, names) for said in predictions], took, read_title=read_title)


def _told(label: str, error: Exception) -> str:
    """Returns an error of the tries: each server's own is a sentence of its own."""
    _, parts, tries = str(error).partition(" gave no answer: ")
    if not parts:
        return recorded(str(error))
    met = "; ".join(recorded(one) for one in tries.split("; "))
    return tr("label {label} gave no answer: {why}", label=labelled(label), why=met)


def _said(said: Prediction, names: Sequence[str]) -> Said:
    """Returns an answer with its probabilities in percent; `names` are the labels' by id."""
    shares = [round(share * 100, 1) for share in said.probabilities]
    others = [
        (text(names[number] if number < len(names) else str(number), 40), share)
        for number, share in enumerate(shares)
        if number != said.label_id
    ]
    return Said(text(said.label, 40), max(shares), tuple(sorted(others, key=lambda other: -other[1])))


def disagreements(sides: Sequence[Side]) -> list[bool]:
    """Tells of each sentence whether the sides that answered say different labels."""
    return [
        len({said.label for said in answers}) > 1
        for answers in zip(*(side.answers for side in sides if not side.error), strict=True)
    ]
