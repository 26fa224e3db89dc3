"""What every verb that changes labels answers."""

from __future__ import annotations

from sentiment.serving.state import State
from sentiment.step import Result, say


def outcome(state: State, version: int, changed: bool, sentence: str) -> Result:
    """Says the sentence to the person and returns the result for the task."""
    say(sentence)
    return {
        "version": version,
        "stable": state.stable,
        "canary": state.canary,
        "previous": state.previous,
        "changed": changed,
        "sentence": sentence,
    }
