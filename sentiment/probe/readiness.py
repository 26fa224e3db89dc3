"""Tells whether a server can be probed: its labels match the history, and its answers are its versions' own."""

from __future__ import annotations

from collections.abc import Mapping

from sentiment.client.answer import CANARY, STABLE
from sentiment.language import tr
from sentiment.probe.likeness import ANOTHER_MODEL
from sentiment.probe.served import answers_of
from sentiment.serving.servers import labelled_version, version_status
from sentiment.settings import Settings

COMING = ("START", "LOADING", "AVAILABLE")  # a version in these states has its label in a moment


def why_not(address: str, settings: Settings, labels: Mapping[str, int]) -> str:
    """Returns why the server at `address` cannot be probed just now; "" when it can.

    A server that still loads the canary, has other labels, or answers as another model, cannot. A server that failed to
    load the canary, or lost it, can: customers get an error there, and so must the probe.
    """
    try:
        for label in (STABLE, CANARY):
            means, wanted = labelled_version(address, settings.model_name, label), labels.get(label)
            if means == wanted or wanted is None:
                continue
            lost = label == CANARY and means is None
            if lost and version_status(address, settings.model_name, wanted)[0] not in COMING:
                continue
            now = tr("unknown") if means is None else tr("version {version}", version=means)
            return tr("label {label} is {now}, not version {version}", label=label, now=now, version=wanted)
        for label, version in labels.items():
            found = answers_of(address, label, version, settings)
            if found.kind == ANOTHER_MODEL:
                return found.sentence
    except OSError as error:
        return tr("cannot be reached: {error}", error=getattr(error, "reason", error))
    return ""
