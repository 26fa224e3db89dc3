"""Whether a server can be asked about the canary: it answers, and its labels mean what the history says."""

from __future__ import annotations

from collections.abc import Mapping

from sentiment.client.answer import CANARY, STABLE
from sentiment.serving.servers import labelled_version, version_status
from sentiment.settings import Settings

COMING = ("START", "LOADING", "AVAILABLE")  # what is loaded, or being loaded, has its label in a moment


def why_not(address: str, settings: Settings, labels: Mapping[str, int]) -> str:
    """Returns why the server at `address` cannot be asked just now, "" when it can.

    A canary that this server could not load, or has lost, is no reason: customers get an error there, and so does the
    probe. A server that is still loading it, or that has other labels, is one.
    """
    try:
        for label in (STABLE, CANARY):
            means, wanted = labelled_version(address, settings.model_name, label), labels.get(label)
            if means == wanted or wanted is None:
                continue
            lost = label == CANARY and means is None
            if lost and version_status(address, settings.model_name, wanted)[0] not in COMING:
                continue
            return f"label {label} is {'unknown' if means is None else f'version {means}'}, not version {wanted}"
    except OSError as error:
        return f"cannot be reached: {getattr(error, 'reason', error)}"
    return ""
