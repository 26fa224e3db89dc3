"""Keeps the approvals that wait for an answer in one small file, so that a newer canary's question closes older ones.

For each run that asks, `serving/questions.json` holds the version it asks about, and whether a newer question has
closed it. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sentiment import atomic
from sentiment.settings import Settings


class Question(NamedTuple):
    """A question about a version; a `closed` one ends as soon as its run has been started again."""

    version: int
    closed: bool = False


Questions = dict[str, Question]


def questions_file(settings: Settings) -> Path:
    """Returns where the open questions are kept."""
    return settings.serving / "questions.json"


def read_questions(settings: Settings) -> Questions:
    """Returns the questions by run, in the order of asking; none when the file cannot be read: it is only an aid."""
    try:
        found = json.loads(questions_file(settings).read_text(encoding="utf-8"))
        return {str(run): Question(int(version), bool(closed)) for run, (version, closed) in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def closed_version(settings: Settings, run: str) -> int | None:
    """Returns the version that `run` asked about when a newer question closed it; None when none did."""
    found = read_questions(settings).get(run)
    return found.version if found and found.closed else None


def ask(settings: Settings, run: str, version: int) -> list[str]:
    """Opens the question of `run`, closes those about other versions, and returns the runs of those that it closed."""
    older: list[str] = []

    def opened(found: Questions) -> Questions:
        others = {other: question for other, question in found.items() if other != run}
        older.extend(other for other, asked in others.items() if not asked.closed and asked.version != version)
        closed = {other: Question(asked.version, asked.closed or other in older) for other, asked in others.items()}
        return {**closed, run: Question(version)}

    _change(settings, opened)
    return older


def forget(settings: Settings, run: str) -> None:
    """Forgets the question of `run`, because it was answered or the run has ended."""
    if run in read_questions(settings):
        _change(settings, lambda found: {other: asked for other, asked in found.items() if other != run})


def _change(settings: Settings, change: Callable[[Questions], Questions]) -> None:
    path = questions_file(settings)
    with atomic.exclusive_lock(path.with_suffix(".lock")):
        atomic.write_json(path, change(read_questions(settings)))
