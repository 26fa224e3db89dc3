"""What the model servers say, asked over REST (the gRPC classes would import TensorFlow)."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

SECONDS_UNTIL_UNREACHABLE = 30.0  # a server that answers nothing for so long is not there
SECONDS_BETWEEN_QUESTIONS = 0.3


class ServerError(Exception):
    """A server cannot be reached, did not load a version, or did not take a label in time."""


def version_status(address: str, model: str, version: int) -> tuple[str, str]:
    """Returns (state, error) of one version on one server; the state is "" when the server does not know it."""
    answer = _ask(f"{address}/v1/models/{model}/versions/{version}")
    for status in answer.get("model_version_status", []):
        if int(status.get("version", 0)) == version:
            problem = status.get("status", {})
            code = problem.get("error_code", "OK")
            return status.get("state", ""), "" if code == "OK" else f"{code}: {problem.get('error_message', '')}"
    return "", ""


def labelled_version(address: str, model: str, label: str) -> int | None:
    """Returns the version that `label` means on one server, or None."""
    version = _ask(f"{address}/v1/models/{model}/labels/{label}/metadata").get("model_spec", {}).get("version")
    return int(version) if version is not None else None


def wait_until_available(addresses: Iterable[str], model: str, version: int, timeout: float) -> None:
    """Returns when every server says AVAILABLE. Raises: ServerError, naming the server and its reason."""

    def loaded(address: str) -> bool:
        state, error = version_status(address, model, version)
        if state == "END" and error:
            raise ServerError(f"{address} could not load version {version}: {error}")
        return state == "AVAILABLE"

    _wait(addresses, loaded, timeout, f"load version {version}")


def wait_until_labelled(addresses: Iterable[str], model: str, label: str, version: int, timeout: float) -> None:
    """Returns when every server answers `label` with `version`. Raises: ServerError, naming the server."""
    _wait(
        addresses,
        lambda address: labelled_version(address, model, label) == version,
        timeout,
        f"answer label {label} with version {version}",
    )


def _wait(addresses: Iterable[str], done: Callable[[str], bool], timeout: float, what: str) -> None:
    start = time.monotonic()
    for address in addresses:
        last_answer = time.monotonic()
        while True:
            now = time.monotonic()
            try:
                if done(address):
                    break
                last_answer = now
            except OSError as error:
                if now - last_answer > min(timeout, SECONDS_UNTIL_UNREACHABLE):
                    raise ServerError(f"{address} cannot be reached: {error}") from None
            if now - start > timeout:
                raise ServerError(f"{address} did not {what} within {timeout:g} s")
            time.sleep(SECONDS_BETWEEN_QUESTIONS)


def _ask(url: str) -> dict[str, Any]:
    """Returns the JSON answer; {} for an answer that says the thing is unknown. Raises: OSError."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        error.close()
        return {}
    return answer
