"""Asks for one label: with a limited number of tries, within a deadline, and on the next server after a failure."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from sentiment.client.answer import ClientError, Failure, NoTitles, Prediction, Then

FIRST_PAUSE = 0.05  # seconds; it doubles, and each pause is drawn between 0 and that ("full jitter")
LONGEST_PAUSE = 1.0


class Server(Protocol):
    """One server's address, over REST or gRPC."""

    address: str

    def ask(
        self, texts: Sequence[str], label: str, seconds: float, titles: Sequence[str] | None = None
    ) -> tuple[list[Prediction], int | None]:
        """Returns the predictions and, where the server names it, the version that made them.

        Raises: Failure; with titles, NoTitles where the model was trained without.
        """

    def close(self) -> None:
        """Closes what is open."""


def asked(
    server: Server, texts: Sequence[str], label: str, seconds: float, titles: Sequence[str] = ()
) -> tuple[list[Prediction], int | None]:
    """Returns what a server answers; a model that was trained without titles is asked the texts alone.

    The predictions say which it was. Raises: Failure.
    """
    until = time.monotonic() + seconds
    if any(titles):
        try:
            found, version = server.ask(texts, label, seconds, titles)
            return [replace(one, read_title=bool(title)) for one, title in zip(found, titles, strict=True)], version
        except NoTitles:
            seconds = max(0.0, until - time.monotonic())
    return server.ask(texts, label, seconds)


class Deadline:
    """A moment by which everything must be done."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds until then, or 0 when it has passed."""
        return max(0.0, self._at - time.monotonic())


class Tries:
    """Asks several servers, beginning with the one that answered last."""

    def __init__(self, servers: Sequence[Server], most: int, pause: Callable[[float], None] = time.sleep) -> None:
        self.servers, self._most, self._pause = tuple(servers), most, pause
        self._first = 0

    def ask(
        self,
        texts: Sequence[str],
        label: str,
        deadline: Deadline,
        most: int | None = None,
        titles: Sequence[str] = (),
    ) -> tuple[list[Prediction], int | None]:
        """Returns the first answer. Raises: ClientError, with what each try met, when time is up at the latest."""
        met: list[str] = []
        useful = list(range(len(self.servers)))
        useful = useful[self._first :] + useful[: self._first]
        last = (self._most if most is None else most) - 1
        for number in range(last + 1):
            server = self.servers[useful[0]]
            seconds = deadline.left() if number == last or len(useful) == 1 else deadline.left() / 2
            if not seconds:
                met.append("no time is left")
                break
            try:
                answer = asked(server, texts, label, seconds, titles)
            except Failure as failure:
                met.append(f"{server.address}: {failure}")
                tried = useful.pop(0)
                if failure.then is Then.AGAIN:
                    useful.append(tried)
                if failure.then is Then.NEVER or not useful or number == last:
                    break
                if failure.then is Then.AGAIN and number + 1 >= len(self.servers):
                    self._wait(number, deadline)
            else:
                self._first = useful[0]
                return answer
        raise ClientError(f"label {label} gave no answer: {'; '.join(met)}")

    def _wait(self, number: int, deadline: Deadline) -> None:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**number, deadline.left())
        self._pause(random.uniform(0, longest))  # not a secret
