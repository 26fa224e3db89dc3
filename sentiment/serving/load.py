"""Making the servers load a version, before any label may point at it."""

from __future__ import annotations

from sentiment.errors import InputError
from sentiment.serving import servers
from sentiment.serving.history import Change
from sentiment.step import say


def load(change: Change, version: int) -> None:
    """Has every server load `version`, unless it is served already.

    TensorFlow Serving checks labels before it loads new versions, so a version is first added without one. When a
    server refuses it, or is not there, the version is taken out again and `stable` never notices.

    Raises: InputError with the server and its reason.
    """
    if version in change.state.served:
        return
    settings = change.settings
    change.record("staged", version)
    say(f"loading version {version} on {', '.join(settings.server_addresses)} …")
    try:
        servers.wait_until_available(
            settings.server_addresses, settings.model_name, version, timeout=settings.load_timeout
        )
    except servers.ServerError as error:
        change.record("unstaged", version, error=str(error))
        raise InputError(
            f"version {version} must be loaded by every server before it gets a label",
            found=str(error),
            do="Start the server or mend the export; nothing that customers see has changed.",
        ) from None
    except BaseException:
        change.record("unstaged", version, why="interrupted before it was loaded")
        raise


def confirm(change: Change, label: str, version: int) -> None:
    """Returns when every server answers `label` with `version`. Raises: ServerError."""
    settings = change.settings
    servers.wait_until_labelled(
        settings.server_addresses, settings.model_name, label, version, timeout=settings.load_timeout
    )
