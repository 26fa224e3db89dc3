"""`serving/history.jsonl`: the append-only ledger of every change to what is served.

The state is a fold over it and `models.config` is rendered from that state, after every event. A crash at any byte
leaves the old state or the new one: a torn last line was never acknowledged and is dropped by the next writer.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.serving.state import State, apply, fold
from sentiment.settings import Settings


def read_events(path: Path) -> list[dict[str, Any]]:
    """Returns every whole event. Raises: InputError when a line that was acknowledged is not JSON."""
    if not path.exists():
        return []
    *lines, _torn = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [_parse(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def read_state(settings: Settings) -> State:
    """Returns what is served, as the ledger says."""
    return fold(read_events(settings.history))


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise InputError(
            f"every line of {path} must be a JSON object",
            found=f"line {number}: {line[:80]!r}",
            do="Restore the file from a backup, or mend that line.",
        )
    return event


class Change:
    """The right to change what is served; held by one process at a time (see `changing`)."""

    def __init__(self, settings: Settings, who: str) -> None:
        self.settings = settings
        self.state = read_state(settings)
        self._who = who

    def record(self, event: str, version: int, **details: Any) -> None:
        """Appends one event, then renders `models.config`. Raises: InputError when the state forbids it."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"event": event, "version": version, "at": at, "who": self._who, **details}
        state = apply(self.state, entry)
        _append(self.settings.history, entry)
        self.state = state
        self.render()

    def render(self) -> None:
        """Writes `models.config` from the state."""
        from sentiment.serving import models_config

        settings = self.settings
        text = models_config.render(self.state, settings.model_name, settings.base_path_for_servers)
        if not settings.models_config.exists() or settings.models_config.read_text(encoding="utf-8") != text:
            atomic.write_text(settings.models_config, text)


@contextmanager
def changing(settings: Settings, who: str | None = None, *, discard_edits: bool = False) -> Iterator[Change]:
    """Holds the one lock around a change; the second process waits, then sees the new state.

    Mends what a crash left behind: `models.config` is rendered again, and a version that was still loading is
    unstaged. Raises: InputError when `models.config` was edited by hand, unless `discard_edits`.
    """
    from sentiment.serving import models_config

    with atomic.exclusive_lock(settings.serving / "history.lock"):
        config = settings.models_config
        if not discard_edits and config.exists() and models_config.edited_by_hand(config.read_text(encoding="utf-8")):
            raise InputError(
                f"{config} must be as it was rendered from the history",
                found="an edit by hand",
                do="Discard the edit with `sentiment status --restore-config`, or make the change by a verb instead.",
            )
        change = Change(settings, who or _user())
        if change.state.staged is not None:
            change.record("unstaged", change.state.staged, why="interrupted before it was loaded")
        change.render()
        yield change


def _append(path: Path, entry: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
    with path.open("ab+") as handle:
        handle.truncate(_end_of_last_line(handle.fileno()))
        handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())


def _end_of_last_line(descriptor: int) -> int:
    """Returns the length of the file without a torn last line."""
    size = os.fstat(descriptor).st_size
    position = size
    while position > 0:
        start = max(0, position - 65536)
        found = os.pread(descriptor, position - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id may have no name
        return f"uid {os.getuid()}"
