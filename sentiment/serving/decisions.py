"""`serving/decisions.jsonl`: where the gate's decisions are, and how they are read. `sentiment.gate.decisions` adds."""

from __future__ import annotations

from pathlib import Path

from sentiment.results.decisions import Decision
from sentiment.serving.typed_lines import read_lines
from sentiment.settings import Settings

RESTORE = "Correct that line, or restore the file from a backup."


def decisions_file(settings: Settings) -> Path:
    """Returns the file that holds the decisions."""
    return settings.serving / "decisions.jsonl"


def read_decisions(path: Path) -> list[Decision]:
    """Returns every decision. Raises: InputError when a line is none: a budget that forgets promises too much."""
    return read_lines(path, Decision, RESTORE)
