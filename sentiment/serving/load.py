"""Makes the servers load a version, before any label points at it."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.errors import InputError, UnavailableError
from sentiment.serving import servers, version_folder
from sentiment.serving.change import Change
from sentiment.settings import Settings
from sentiment.step import say


def load(change: Change, version: int, addresses: Sequence[str] | None = None) -> None:
    """Returns when every server (or those at `addresses`) has loaded `version`.

    TensorFlow Serving checks labels before it loads new versions, so a version is first added without a label. When a
    server refuses it or does not answer, the version is removed again, and customers of `stable` notice nothing. A
    version that is already served is checked too, because a server may have been restarted or added since.

    Raises: InputError with the server and its reason; UnavailableError when another try in a minute may succeed.
    """
    settings = change.settings
    if version in change.state.served:
        version_folder.require_whole(settings, change.state.versions[version])
        require_available(settings, version, addresses)
        return
    version_folder.require_unchanged(settings, change.state.versions[version])
    change.record("staged", version)
    asked = settings.server_addresses if addresses is None else addresses
    say(f"loading version {version} on {', '.join(asked) or 'no server'} …")
    try:
        require_available(settings, version, addresses)
    except UnavailableError as error:
        change.record("unstaged", version, why=error.found)
        raise
    except InputError as error:
        change.record("unstaged", version, error=error.found)
        raise
    except BaseException:
        change.record("unstaged", version, why="interrupted before it was loaded")
        raise


def require_available(settings: Settings, version: int, addresses: Sequence[str] | None = None) -> None:
    """Returns when every server (or those at `addresses`) says that `version` is AVAILABLE.

    Raises: InputError when one could not load it, UnavailableError when one is late or cannot be reached.
    """
    if not settings.server_addresses:
        raise InputError(
            "SENTIMENT_SERVING_URLS must name a server", found="no address", do="Set it to the servers' REST addresses."
        )
    asked = settings.server_addresses if addresses is None else addresses
    try:
        servers.wait_until_available(asked, settings.model_name, version, timeout=settings.load_timeout)
    except servers.ServerError as error:
        kind = InputError if error.refused else UnavailableError
        raise kind(
            f"every server must have loaded version {version} before it gets a label",
            found=str(error),
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
