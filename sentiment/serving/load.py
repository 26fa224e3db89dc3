"""Makes the servers load a version, before any label points at it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum

from sentiment.errors import InputError, UnavailableError
from sentiment.language import tr
from sentiment.serving import notes, servers, version_folder
from sentiment.serving.change import Change
from sentiment.settings import Settings
from sentiment.step import say

SECONDS_FOR_A_HELD_ONE = 10.0  # that a way back waits for a server that its note says holds models.config back


class Note(Enum):
    """What a server's note counts for that says it holds the version back.

    Whoever may write into that folder must not keep anybody from the version that customers should get.
    """

    STOPS = "it ends the wait"
    IS_TOLD = "it is only said"
    IS_WAITED_FOR = "it is said, and ends the wait after some seconds: such a server loads what is to be stable"


class HeldBackError(Exception):
    """A server holds back what a way back leads to; it gives that up when the label is moved, and not before."""


def load(
    change: Change,
    version: int,
    addresses: Sequence[str] | None = None,
    note: Note = Note.STOPS,
) -> None:
    """Returns when every server (or those at `addresses`) has loaded `version`.

    TensorFlow Serving checks labels before it loads new versions, so a version is first added without a label. When a
    server refuses it or does not answer, the version is removed again, and customers of `stable` notice nothing. A
    version that is already served is checked too, because a server may have been restarted or added since.

    Raises: InputError with the server and its reason; UnavailableError when another try in a minute may succeed.
    """
    settings = change.settings
    if version in change.state.served:
        version_folder.require_whole(settings, change.state.versions[version])
        with suppress(HeldBackError):
            require_available(settings, version, addresses, note=note)
        return
    version_folder.require_unchanged(settings, change.state.versions[version])
    asked = settings.server_addresses if addresses is None else addresses
    old = servers.failed_before(asked, settings.model_name, version)
    change.record("staged", version)
    say(f"loading version {version} on {', '.join(asked) or 'no server'} …")
    try:
        require_available(settings, version, addresses, old, note)
    except HeldBackError:
        return
    except UnavailableError as error:
        change.record("unstaged", version, why=error.found)
        raise
    except InputError as error:
        change.record("unstaged", version, error=error.found)
        raise
    except BaseException:
        change.record("unstaged", version, why=tr("interrupted before it was loaded"))
        raise


def require_available(
    settings: Settings,
    version: int,
    addresses: Sequence[str] | None = None,
    old: Mapping[str, tuple[str, str]] | None = None,
    note: Note = Note.STOPS,
) -> None:
    """Returns when every server (or those at `addresses`) says that `version` is AVAILABLE.

    `old` is what they told of an earlier load (`servers.failed_before`).

    Raises: InputError when one could not load it or died of it, UnavailableError when one is late or not reached;
    HeldBackError when a note IS_WAITED_FOR, and is still there.
    """

    told: set[str] = set()
    gives_up_at = time.monotonic() + SECONDS_FOR_A_HELD_ONE

    def held_back() -> str:
        found = [sentence.rstrip(".") for sentence in notes.held_back(settings)]
        if note is Note.STOPS:
            return next(iter(found), "")
        for sentence in found:
            if sentence not in told:
                told.add(sentence)
                say(f"{sentence}. This goes on: only what the servers answer counts.")
        late = note is Note.IS_WAITED_FOR and time.monotonic() > gives_up_at
        return next(iter(found), "") if late else ""

    if not settings.server_addresses:
        raise InputError(
            "SENTIMENT_SERVING_URLS must name a server", found="no address", do="Set it to the servers' REST addresses."
        )
    asked = settings.server_addresses if addresses is None else addresses
    try:
        servers.wait_until_available(asked, settings.model_name, version, settings.load_timeout, held_back, old)
    except servers.ServerError as error:
        if note is Note.IS_WAITED_FOR and str(error) in told:
            raise HeldBackError from None
        held = held_back() if note is Note.STOPS else ""  # of a server that is not back yet
        kind = InputError if error.refused or held else UnavailableError
        raise kind(
            f"every server must have loaded version {version} before it gets a label",
            found=held or str(error),
            do="Start the server, or export the model again; customers have noticed nothing.",
        ) from None


def confirm(change: Change, label: str, version: int, addresses: Sequence[str] | None = None) -> None:
    """Returns when every server (or those at `addresses`) answers `label` with `version`.

    Raises: UnavailableError when one does not in time; it names the server.
    """
    settings = change.settings
    asked = settings.server_addresses if addresses is None else addresses
    try:
        servers.wait_until_labelled(asked, settings.model_name, label, version, timeout=settings.load_timeout)
    except servers.ServerError as error:
        raise UnavailableError(
            f"every server must answer label {label} with version {version}, as the history says",
            found=str(error),
            do="Repeat the command to make sure: a server follows as soon as it reads models.config again.",
        ) from None
