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
from sentiment.models_page.wording import text
from sentiment.serving.state import State
from sentiment.settings import Settings

SECONDS = 3.0  # for both labels together, whatever the number of servers
MOST_SENTENCES, LONGEST_SENTENCE = 10, 2000


@dataclass(frozen=True)
class Said:
    """What one version says about one sentence: the label, and its probability in percent."""

    label: str
    probability: float


@dataclass(frozen=True)
class Side:
    """One version's answers, in the order of the sentences, or why there are none."""

    name: str
    version: int | None
    answers: list[Said]
    milliseconds: int
    error: str = ""

    @property
    def is_there(self) -> bool:
        """Tells whether a version has this label; most days there is no canary, which is not an error."""
        return self.version is not None


def sentences_of(box: str) -> list[str]:
    """Returns the non-empty lines of the box, one sentence each. Raises: ValueError when there are none or too many."""
    lines = [line.strip() for line in box.encode("utf-8", "replace").decode().splitlines() if line.strip()]
    if not lines:
        raise ValueError("Write a sentence to try.")
    if len(lines) > MOST_SENTENCES or any(len(line) > LONGEST_SENTENCE for line in lines):
        raise ValueError(f"At most {MOST_SENTENCES} lines of {LONGEST_SENTENCE:,} characters can be tried at once.")
    return lines


def try_out(sentences: Sequence[str], state: State, settings: Settings, seconds: float = SECONDS) -> list[Side]:
    """Asks stable and canary at the same time and returns their answers within `seconds`, whatever the servers do."""
    asked = [label for label in (STABLE, CANARY) if state.labels.get(label) is not None]
    pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="try")
    until = time.monotonic() + seconds
    waiting = {label: pool.submit(_ask, sentences, label, settings, seconds * 0.9) for label in asked}
    pool.shutdown(wait=False)  # looking up a host name can hang; its thread then ends later, and nobody waits for it
    found = {label: _side(label, state, future, until) for label, future in waiting.items()}
    nobody = {label: Side(label, None, [], 0, f"There is no {label} version.") for label in (STABLE, CANARY)}
    return [found.get(label, nobody[label]) for label in (STABLE, CANARY)]


def _ask(sentences: Sequence[str], label: str, settings: Settings, seconds: float) -> tuple[list[Prediction], int]:
    addresses = [address for address in settings.server_addresses if address.startswith(("http://", "https://"))]
    if not addresses:
        raise ClientError("SENTIMENT_SERVING_URLS names no http address")
    servers = [RestServer(address, settings.model_name) for address in addresses]
    began = time.monotonic()
    try:
        predictions, _ = Tries(servers, most=len(servers) + 1).ask(sentences, label, Deadline(seconds))
    finally:
        for server in servers:
            server.close()
    return predictions, round((time.monotonic() - began) * 1000)


def _side(label: str, state: State, future: Future[tuple[list[Prediction], int]], until: float) -> Side:
    version = state.labels[label]
    try:
        predictions, took = future.result(timeout=max(0.0, until - time.monotonic()))
    except OutOfTime:
        return Side(label, version, [], 0, "No server answered in time.")
    except (ClientError, OSError, ValueError) as error:
        return Side(label, version, [], 0, text(error, 400))
    answers = [Said(text(said.label, 40), round(max(said.probabilities) * 100, 1)) for said in predictions]
    return Side(label, version, answers, took)
