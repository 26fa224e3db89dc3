"""One server over REST, with connections that stay open. Standard library only."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from sentiment.client.answer import (
    IDS,
    NO_TITLES,
    OUTPUTS,
    TEXT,
    TITLED,
    Failure,
    NoAnswer,
    NoTitles,
    Prediction,
    Then,
    distributions_of,
    predictions_of,
)
from sentiment.client.connection import Connection
from sentiment.client.credentials import Credentials, credentials

MOST_IDLE = 32  # connections that are kept open
TRANSIENT = frozenset({429, 502, 503, 504})  # the last three may also come from a proxy in front of the server
REFUSED = frozenset({400, 401, 403, 405, 413, 414, 431})


class RestServer:
    """A server's REST address; its answers do not name the version that made them."""

    def __init__(self, address: str, model: str, shown: Credentials | None = None) -> None:
        self.address = address.rstrip("/")
        parts = urlsplit(self.address)
        shown = shown or credentials()
        self._secure = shown.context() if parts.scheme == "https" else None
        self._headers = shown.headers
        self._place = (parts.hostname or "", parts.port or (443 if self._secure else 80))
        self._path = f"{parts.path}/v1/models/{quote(model, safe='')}/labels/"
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._process = os.getpid()

    def ask(
        self, texts: Sequence[str], label: str, seconds: float, titles: Sequence[str] | None = None
    ) -> tuple[list[Prediction], None]:
        """Returns the predictions of `texts`, and no version. Raises: Failure, after `seconds` at the latest."""
        inputs = {"text": list(texts)} if titles is None else {"text": list(texts), "title": list(titles)}
        outputs, content = self._outputs(TEXT if titles is None else TITLED, inputs, label, seconds)
        if not isinstance(outputs, dict):
            raise Failure(f"the answer must be a JSON object with outputs; found {content[:80]!r}", Then.ELSEWHERE)
        return predictions_of([outputs.get(name) for name in OUTPUTS], len(texts)), None

    def ask_ids(
        self, inputs: Mapping[str, Sequence[Sequence[int]]], label: str, seconds: float
    ) -> list[tuple[float, ...]]:
        """Returns the probabilities of rows of token ids: `inputs` are the arrays, [rows, length], by name.

        Raises: Failure, after `seconds` at the latest.
        """
        found, _ = self._outputs(IDS, inputs, label, seconds)
        if isinstance(found, dict):  # by name, unless it is the only output
            found = found.get("probabilities")
        return distributions_of(found, len(next(iter(inputs.values()))))

    def _outputs(self, signature: str, inputs: Mapping[str, Any], label: str, seconds: float) -> tuple[Any, bytes]:
        """Returns the outputs that `signature` answers with, and the whole content that they are from."""
        body = json.dumps({"signature_name": signature, "inputs": inputs}).encode()
        status, content = self._post(f"{self._path}{quote(label, safe='')}:predict", body, time.monotonic() + seconds)
        answer = _parsed(content)
        if status != http.HTTPStatus.OK:
            raise _refusal(status, answer)
        return answer.get("outputs"), content

    def close(self) -> None:
        """Closes the connections that nobody uses at the moment."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _post(self, path: str, body: bytes, until: float) -> tuple[int, bytes]:
        """Returns status and content. Opens a new connection when the server closed the kept one."""
        kept = self._take()
        if kept:
            try:
                return self._exchange(kept, path, body, until)
            except (ConnectionError, http.client.RemoteDisconnected):
                pass
            except _NO_ANSWER as error:
                raise _failure(error) from None
        try:
            opened = Connection(*self._place, secure=self._secure, until=until, headers=self._headers)
            return self._exchange(opened, path, body, until)
        except _NO_ANSWER as error:
            raise _failure(error) from None

    def _exchange(self, connection: Connection, path: str, body: bytes, until: float) -> tuple[int, bytes]:
        try:
            answer = connection.post(path, body, until)
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return answer

    def _take(self) -> Connection | None:
        with self._lock:
            if self._process != os.getpid():  # a fork: two processes on one connection would get each other's answers
                self._idle, self._process = [], os.getpid()
            while self._idle:
                connection = self._idle.pop()
                if connection.is_open:
                    return connection
                connection.close()
        return None

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            if connection.is_open and len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()


_NO_ANSWER = (OSError, http.client.HTTPException, ValueError)


def _failure(error: Exception) -> NoAnswer:
    """Returns the failure that an exchange's `error` stands for."""
    if isinstance(error, TimeoutError):
        return NoAnswer("no answer in time", Then.ELSEWHERE)
    if isinstance(error, OSError):  # refused, reset, no such name; or the connection ended without an answer
        return NoAnswer(f"cannot be reached: {error or type(error).__name__}", Then.AGAIN)
    return NoAnswer(f"no HTTP answer: {type(error).__name__}: {error}", Then.ELSEWHERE)


def _parsed(content: bytes) -> dict[str, Any]:
    """Returns the JSON object in `content`; {} when there is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(status: int, answer: dict[str, Any]) -> Failure:
    if NO_TITLES in str(answer.get("error")):
        return NoTitles(str(answer["error"]))
    then = Then.AGAIN if status in TRANSIENT else Then.NEVER if status in REFUSED else Then.ELSEWHERE
    return Failure(f"HTTP {status}: {answer.get('error') or 'no reason given'}", then)
