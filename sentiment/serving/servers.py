"""Asks all model servers at once, over REST (the gRPC classes would import TensorFlow)."""

from __future__ import annotations

import http
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any, TypeVar

from sentiment.client.credentials import credentials
from sentiment.language import tr
from sentiment.step import say

SECONDS_UNTIL_UNREACHABLE = 30.0  # a server that does not answer for so long counts as unreachable
SECONDS_BETWEEN_QUESTIONS = 0.3
SECONDS_FOR_AN_ANSWER = 5.0
SECONDS_UNTIL_READ = 5.0  # after which a server with the shipped flags has read models.config, and begun to follow it
SECONDS_OF_SILENCE = 2.0  # after which the command says which server it waits for

REDIRECTS = range(300, 400)

Answer = TypeVar("Answer")
Done = Callable[[str], bool]


class ServerError(Exception):
    """A server cannot be reached, did not load a version, or did not apply a label in time."""

    refused = False  # whether asking again is pointless


class RefusedError(ServerError):
    """A server tried to load a version and failed."""

    refused = True


def version_states(address: str, model: str) -> dict[int, tuple[str, str]]:
    """Returns version → (state, error) of every version that a server knows. Raises: OSError."""
    return _states(_ask(f"{address}/v1/models/{model}"))


def version_status(address: str, model: str, version: int) -> tuple[str, str]:
    """Returns (state, error) of one version on one server; the state is "" when the server does not know it."""
    return _states(_ask(f"{address}/v1/models/{model}/versions/{version}")).get(version, ("", ""))


def labelled_version(address: str, model: str, label: str) -> int | None:
    """Returns the version that `label` means on one server, or None."""
    version = _ask(f"{address}/v1/models/{model}/labels/{label}/metadata").get("model_spec", {}).get("version")
    return int(version) if version is not None else None


def signatures(address: str, model: str, label: str) -> frozenset[str]:
    """Returns the names of the signatures that `label` has on one server; none when it knows no such label."""
    found = _ask(f"{address}/v1/models/{model}/labels/{label}/metadata")
    for name in ("metadata", "signature_def", "signature_def"):
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return frozenset(found if isinstance(found, dict) else ())


def metrics_page(address: str) -> str:
    """Returns what a server counts, as Prometheus reads it; "" when it has no such page. Raises: OSError."""
    return (_read(f"{address}/metrics") or b"").decode("utf-8", "replace")


def each(addresses: Iterable[str], ask: Callable[[str], Answer]) -> dict[str, Answer | OSError]:
    """Returns for every server what `ask` returns, or why it cannot be reached; takes as long as the slowest one."""

    def answer(address: str) -> Answer | OSError:
        try:
            return ask(address)
        except OSError as error:
            return error

    names = list(addresses)
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        return dict(zip(names, pool.map(answer, names), strict=True))


def unreachable(addresses: Iterable[str], model: str) -> tuple[str, ...]:
    """Returns the servers that did not answer any of three requests."""
    silent = tuple(addresses)
    for pause in (0.0, SECONDS_BETWEEN_QUESTIONS, SECONDS_BETWEEN_QUESTIONS):
        time.sleep(pause if silent else 0.0)
        answers = each(silent, lambda address: version_states(address, model))
        silent = tuple(address for address, answer in answers.items() if isinstance(answer, OSError))
    return silent


def failed_before(addresses: Iterable[str], model: str, version: int) -> dict[str, tuple[str, str]]:
    """Returns what servers tell of a failed load of `version`, by address; they do so until they load it again.

    When there is such a server, it first gives it the time to notice that nobody wants that version: a server tries a
    version again only after it was let go.
    """
    told = each(addresses, lambda address: version_status(address, model, version))
    failed = {address: said for address, said in told.items() if not isinstance(said, OSError) and said[1]}
    if failed:
        say(f"{', '.join(failed)} could not load version {version} before; trying again in {SECONDS_UNTIL_READ:g} s …")
        time.sleep(SECONDS_UNTIL_READ)
    return failed


def wait_until_available(
    addresses: Iterable[str],
    model: str,
    version: int,
    timeout: float,
    why_never: Callable[[], str] = str,
    old: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Returns when every server says AVAILABLE. `why_never` tells why one never will, "" while it may.

    `old`, from `failed_before`, is what servers told before they were asked to load it: no answer to this question,
    unless they still tell it when they must have tried.

    Raises: ServerError, which names the server and its reason.
    """
    still_old, began = dict(old or {}), time.monotonic()

    def loaded(address: str) -> bool:
        said = state, error = version_status(address, model, version)
        if still_old.get(address) == said and time.monotonic() - began < SECONDS_UNTIL_READ:
            return False
        still_old.pop(address, None)
        if state == "END" and error:
            known = {"address": address, "version": version, "error": error}
            raise RefusedError(tr("{address} could not load version {version}: {error}", **known))
        if state != "AVAILABLE" and (reason := why_never()):
            raise RefusedError(reason)
        return state == "AVAILABLE"

    def late(address: str) -> str:
        known = {"address": address, "version": version, "seconds": timeout}
        return tr("{address} did not load version {version} within {seconds:g} s", **known)

    _wait(addresses, loaded, timeout, late)


def wait_until_labelled(addresses: Iterable[str], model: str, label: str, version: int, timeout: float) -> None:
    """Returns when every server answers `label` with `version`. Raises: ServerError, which names the server."""

    def late(address: str) -> str:
        return tr(
            "{address} did not answer label {label} with version {version} within {seconds:g} s",
            address=address,
            label=label,
            version=version,
            seconds=timeout,
        )

    _wait(addresses, lambda address: labelled_version(address, model, label) == version, timeout, late)


def _wait(addresses: Iterable[str], done: Done, timeout: float, late: Callable[[str], str]) -> None:
    """Waits for all servers at once. The first refusal ends the wait; otherwise the error names every late server."""
    names, given_up = list(addresses), threading.Event()

    def wait(address: str) -> ServerError | None:
        try:
            _wait_for_one(address, done, timeout, late, given_up)
        except ServerError as error:
            if error.refused:
                given_up.set()
            return error
        return None

    with ThreadPoolExecutor(max(1, len(names))) as pool:
        try:
            errors = [error for error in pool.map(wait, names) if error]
        finally:
            given_up.set()  # an interrupted command does not wait for its threads
    for error in errors:
        if error.refused:
            raise error
    if errors:
        raise ServerError("; ".join(map(str, errors)))


def _wait_for_one(
    address: str, done: Done, timeout: float, late: Callable[[str], str], given_up: threading.Event
) -> None:
    start = last_answer = time.monotonic()
    patience, told_once = min(timeout, SECONDS_UNTIL_UNREACHABLE), False
    while not given_up.is_set():
        now = time.monotonic()
        try:
            if done(address):
                return
            last_answer = now
        except OSError as error:
            if now - last_answer > patience:
                raise ServerError(
                    tr("{address} cannot be reached: {error}", address=address, error=told(error))
                ) from None
            if now - last_answer > SECONDS_OF_SILENCE and not told_once:
                say(f"{address} does not answer ({told(error)}); waiting up to {patience:g} s …")
                told_once = True
        if now - start > timeout:
            raise ServerError(late(address))
        given_up.wait(SECONDS_BETWEEN_QUESTIONS)


def told(error: OSError) -> str:
    """Returns why a server cannot be reached, without the text that Python adds."""
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason)


def _states(answer: dict[str, Any]) -> dict[int, tuple[str, str]]:
    states = {}
    for status in answer.get("model_version_status", []):
        problem = status.get("status", {})
        code = problem.get("error_code", "OK")
        error = "" if code == "OK" else f"{code}: {problem.get('error_message', '')}"
        states[int(status.get("version", 0))] = (str(status.get("state", "")), error)
    return states


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token would go with it, to whatever host is named."""

    def redirect_request(self, *_: object) -> None:
        return None


def _ask(url: str) -> dict[str, Any]:
    """Returns the JSON answer; {} when the server does not know what it is asked for. Raises: OSError."""
    content = _read(url)
    if content is None:
        return {}
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise OSError(tr("no model server answers there ({error})", error=error)) from None
    if not isinstance(answer, dict):
        raise OSError(tr("no model server answers there (its answer is not a JSON object)"))
    return answer


def _read(url: str) -> bytes | None:
    """Returns the answer; None when the server does not know what it is asked for. Raises: OSError."""
    try:
        shown = credentials()
        context = shown.context() if url.startswith("https:") else None
        request = urllib.request.Request(url, headers=shown.headers)
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))
        with opener.open(request, timeout=SECONDS_FOR_AN_ANSWER) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in REDIRECTS:
            raise OSError(tr("no model server answers there (it sends to another address)")) from None
        if error.code == http.HTTPStatus.UNAUTHORIZED:
            raise OSError(tr("it wants another SENTIMENT_SERVING_TOKEN")) from None
        return None
    except (ValueError, HTTPException) as error:  # no address, or something else listens there
        raise OSError(tr("no model server answers there ({error})", error=error)) from None
