"""`serving/estimates.jsonl`: a night's estimate and what the labels said, one a line, the newest last.

No post is quoted. A step may run twice: of the lines of one run, the last one counts.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from sentiment import atomic
from sentiment.results.estimate import Night
from sentiment.serving.typed_lines import append_within, readable_lines
from sentiment.settings import Settings

KEPT = 500  # nights that stay of a large file


def estimates_file(settings: Settings) -> Path:
    """Returns the file that holds the estimates."""
    return settings.serving / "estimates.jsonl"


def read_nights(path: Path) -> list[Night]:
    """Returns the nights, oldest first, without lines that are no estimates."""
    nights: dict[str, Night] = {}
    for night in readable_lines(path, Night):
        nights.pop(night.run, None)
        nights[night.run] = night
    return list(nights.values())


def keep(path: Path, night: Night) -> None:
    """Adds a night, which is on disk when this returns, unless the same is there already.

    Raises: OSError, which names the file, when it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.exclusive_lock(path.with_suffix(".lock")):
        nights = read_nights(path)
        there = next((one for one in nights if one.run == night.run), None)
        if there is not None and msgspec.structs.replace(there, at=night.at) == night:
            return
        append_within(path, night, lambda: nights, KEPT)
