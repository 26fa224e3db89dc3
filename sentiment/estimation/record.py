"""`serving/estimates.jsonl`: a night's estimate and what the labels said, one a line, the newest last.

No post is quoted. A step may run twice: of the lines of one run, the last one counts.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from sentiment import atomic, json_lines
from sentiment.results.estimate import Night
from sentiment.results.record import as_json
from sentiment.settings import Settings

LARGEST = 4 << 20  # bytes; beyond this size, older lines are dropped
KEPT = 500  # nights that stay


def estimates_file(settings: Settings) -> Path:
    """Returns the file that holds the estimates."""
    return settings.serving / "estimates.jsonl"


def read_nights(path: Path) -> list[Night]:
    """Returns the nights, oldest first, without lines that are no estimates."""
    nights: dict[str, Night] = {}
    for line in json_lines.read(path):
        if night := _night(line.value):
            nights.pop(night.run, None)
            nights[night.run] = night
    return list(nights.values())


def _night(found: object) -> Night | None:
    try:
        return msgspec.convert(found, Night)
    except msgspec.ValidationError:
        return None


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
        if path.is_file() and path.stat().st_size > LARGEST:
            newest = b"".join(json_lines.written(as_json(one)) for one in nights[-KEPT:])
            atomic.write_text(path, newest.decode("utf-8"))
        json_lines.append(path, as_json(night))
