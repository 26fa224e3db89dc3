"""Old versions leave the disk; a labelled one, and the one a rollback returns to, never do."""

from __future__ import annotations

from sentiment.serving import findings
from sentiment.serving.history import Change
from sentiment.serving.state import State

KEPT_UNSERVED = 3  # the newest of the versions that are not served stay on disk too


def prunable(state: State, keep: int = KEPT_UNSERVED) -> list[int]:
    """Returns the versions whose files may go, oldest first."""
    needed = {*state.served, state.previous}
    there = (number for number, version in state.versions.items() if version.condition != "pruned")
    unserved = sorted(number for number in there if number not in needed)
    return unserved[:-keep] if keep else unserved


def prune(change: Change) -> list[int]:
    """Removes old versions. The event comes first, so nothing in the history points at files that are gone.

    The files go as those of an interrupted prune do: what a crash leaves, the next change removes.
    """
    gone = prunable(change.state)
    for number in gone:
        change.record("pruned", number)
    if gone:
        findings.mend(change)
    return gone
