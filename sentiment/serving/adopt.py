"""`sentiment status --adopt-config`: records an edit of `models.config` by hand in the history."""

from __future__ import annotations

from typing import Any

from sentiment.language import tr
from sentiment.serving import edit, version_folder
from sentiment.serving.change import Change, locked, mend
from sentiment.serving.load import require_available
from sentiment.settings import Settings


def adopt(settings: Settings, who: str | None = None, why: str = "") -> str:
    """Records the labels that somebody set by hand, then renders the file again. Returns a sentence about the outcome.

    Raises: InputError when the edit says something that the history cannot express, or names a damaged version;
    UnavailableError when a server has not loaded one of its versions.
    """
    with locked(settings, who) as change:
        text = edit.edited(settings)
        if text is None:
            mend(change)
            return tr("models.config matches the history: there is nothing to adopt.")
        wanted = edit.wanted(text, change.state, settings)
        changed = _record(change, wanted, why)
        mend(change)
    labels = ", ".join(filter(None, (_labels(change), wanted.dropped)))
    if changed:
        return tr("The edit of models.config is adopted: {labels}.", labels=labels)
    return tr("The edit of models.config changes no label: {labels}.", labels=labels)


def _record(change: Change, wanted: edit.Wanted, why: str) -> bool:
    """Records what the edit changes, once every server has loaded it; returns whether it changes anything."""
    state = change.state
    before = {"stable": state.stable, "canary": state.canary, "kept": state.kept}
    after: dict[str, Any] = {"stable": wanted.stable, "canary": wanted.canary, "kept": wanted.kept}
    about = wanted.stable or wanted.canary
    if before == after or about is None:
        return False
    for number in wanted.served:
        version_folder.require_whole(change.settings, state.versions[number])
        require_available(change.settings, number)
    change.record("adopted", about, **after, **{"from": before}, why=why)
    return True


def _labels(change: Change) -> str:
    labels = change.state.labels.items()
    return ", ".join(tr("{label} is version {version}", label=label, version=number) for label, number in labels) or (
        tr("no label")
    )
