"""`SentimentClient`: names the label, sends a share of the requests to canary, and falls back to stable."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from sentiment.client.answer import CANARY, STABLE, Answer, ClientError, Prediction
from sentiment.client.breaker import Breaker
from sentiment.client.credentials import Credentials, credentials
from sentiment.client.metrics import ClientMetrics
from sentiment.client.rest import RestServer
from sentiment.client.share import goes_to_canary
from sentiment.client.tries import Deadline, Server, Tries

LARGEST_BATCH = 64  # texts in one request
SHARE_OF_TIME = 0.5  # of the time that is left: canary may take so much, so that stable still has time


class SentimentClient:
    """Classifies texts. Safe to share between threads; use it as a context manager, or `close` it.

    :param addresses: `http://host:8501`, `https://…` (REST), `grpc://host:8500` or `grpcs://…` (TLS); when one fails,
        the next is asked.
        gRPC tells which version answered, and imports TensorFlow (seconds); REST does neither.
    :param canary_share: 0 to 1, the share of the keys that canary answers while there is one.
    :param deadline: seconds that one `classify` may take in all, with every retry and fallback. (It does not limit the
        look-up of a host's name, which the operating system does.)
    :param token: what a server that wants a token gets; by default SENTIMENT_SERVING_TOKEN, if it is set.
    :param authorities: a PEM file that verifies servers at `https://` and `grpcs://`; by default SENTIMENT_SERVING_CA,
        or else the machine's authorities.
    :param tries: how often stable is asked at most, on all servers together; only transient failures are tried again.
    :param metrics: what counts the requests, as attribute `metrics`; by default one of this client's own.
    """

    def __init__(
        self,
        addresses: str | Sequence[str],
        *,
        canary_share: float = 0.0,
        deadline: float = 5.0,
        tries: int = 4,
        model: str = "sentiment",
        batch: int = LARGEST_BATCH,
        token: str | None = None,
        authorities: str | None = None,
        metrics: ClientMetrics | None = None,
    ) -> None:
        addresses = [addresses] if isinstance(addresses, str) else list(addresses)
        if not (addresses and 0 <= canary_share <= 1 and deadline > 0 and tries > 0 and batch > 0):
            raise ValueError(
                "there must be an address, a share from 0 to 1, and a deadline, tries and batch above 0; found "
                f"{addresses=}, {canary_share=}, {deadline=}, {tries=}, {batch=}"
            )
        self.canary_share, self.deadline, self.batch = canary_share, deadline, batch
        shown = credentials(token, authorities)
        self._tries = Tries([server_at(address, model, shown) for address in addresses], tries)
        self._breaker = Breaker()
        self.metrics = metrics or ClientMetrics()

    def classify(
        self, texts: Iterable[str], key: str | None = None, *, titles: Iterable[str | None] | None = None
    ) -> list[Answer]:
        """Returns an answer for each text, in order; no texts have no answers, and nobody is asked.

        All texts of a call go to one side, which the `key` decides (a customer, a session, a post's id), or else the
        texts themselves. More than `batch` texts go in several requests, within one deadline.

        `titles` are those of the texts' threads, None or "" for a text that has none. A model that was trained without
        titles answers to the text alone; `Answer.read_title` says what was read.

        Raises:
            ClientError: no server answered in time, or the question was refused: one line with every cause.
            TypeError: `texts` is one string, or not a list (or another iterable) of strings; so are `titles`.
            ValueError: there is not one title for each text.
        """
        texts = _strings(texts, "texts")
        titled = _titles(titles, len(texts))
        deadline = Deadline(self.deadline)
        to_canary = goes_to_canary("\0".join(texts) if key is None else key, self.canary_share)
        parts = [slice(start, start + self.batch) for start in range(0, len(texts), self.batch)]
        return [answer for part in parts for answer in self._classify(texts[part], titled[part], to_canary, deadline)]

    def _classify(self, texts: list[str], titles: list[str], to_canary: bool, deadline: Deadline) -> list[Answer]:
        began = time.monotonic()
        answer = self._from_canary(texts, titles, deadline) if to_canary else None
        side = STABLE if answer is None else CANARY
        predictions, version = answer or self._ask(texts, titles, STABLE, deadline)
        seconds = time.monotonic() - began
        fell_back = to_canary and side == STABLE
        return [
            Answer(p.label, p.label_id, p.probabilities, version, side, fell_back, seconds, p.read_title)
            for p in predictions
        ]

    def _from_canary(
        self, texts: list[str], titles: list[str], deadline: Deadline
    ) -> tuple[list[Prediction], int | None] | None:
        """Returns canary's answer, or None: it failed, was withdrawn a moment ago, or fails too often to be asked."""
        if not self._breaker.allows():
            self.metrics.unanswered(CANARY, "left out")
            return None
        try:
            answer = self._ask(texts, titles, CANARY, Deadline(deadline.left() * SHARE_OF_TIME), most=1)
        except ClientError:
            self._breaker.note(went_well=False)
            return None
        self._breaker.note(went_well=True)
        return answer

    def _ask(
        self, texts: list[str], titles: list[str], label: str, deadline: Deadline, most: int | None = None
    ) -> tuple[list[Prediction], int | None]:
        """Returns what `label` answers, and counts it. Raises: ClientError."""
        began = time.monotonic()
        try:
            predictions, version = self._tries.ask(texts, label, deadline, most, titles)
        except ClientError:
            self.metrics.unanswered(label, "failed")
            raise
        self.metrics.answered(label, version, len(texts), time.monotonic() - began)
        return predictions, version

    def close(self) -> None:
        """Closes every connection."""
        for server in self._tries.servers:
            server.close()

    def __enter__(self) -> SentimentClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _strings(texts: Iterable[Any], what: str) -> list[str]:
    """Returns `texts`, read once, as what can be sent: half of a surrogate pair cannot. Raises: TypeError."""
    given = list(texts) if isinstance(texts, Iterable) and not isinstance(texts, str | bytes) else None
    if given is None or not all(isinstance(text, str) for text in given):
        shown = texts if given is None else given
        raise TypeError(f"{what} must be a list of strings; found {shown!r:.100}")
    return [text.encode("utf-8", "replace").decode() for text in given]


def _titles(titles: Iterable[str | None] | None, texts: int) -> list[str]:
    """Returns the titles of so many texts, "" for none; an empty list when no text has one."""
    if titles is None:
        return []
    several = isinstance(titles, Iterable) and not isinstance(titles, str | bytes)
    given = _strings(["" if title is None else title for title in titles] if several else titles, "titles")
    if len(given) != texts:
        found = f"found {len(given)} and {texts}"
        raise ValueError(f"there must be a title for each text, None for a text without; {found}")
    return given if any(given) else []


def server_at(address: str, model: str, shown: Credentials | None = None) -> Server:
    """Returns the server at an address. Raises: ValueError when its scheme is not http, https, grpc or grpcs."""
    scheme, _, place = address.partition("://")
    if scheme in ("http", "https") and place:
        return RestServer(address, model, shown)
    if scheme in ("grpc", "grpcs") and place:
        from sentiment.client.grpc_server import GrpcServer

        return GrpcServer(place, model, shown, secure=scheme == "grpcs")
    raise ValueError(f"an address must be http://host:port, https://host:port or grpc://host:port; found {address!r}")
