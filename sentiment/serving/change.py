"""One change to what is served, under the one lock: an event appended to the history, `models.config` rendered."""

from __future__ import annotations

import getpass
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.serving import edit, models_config, version_folder
from sentiment.serving.findings import look
from sentiment.serving.history import read_state
from sentiment.serving.lock import held
from sentiment.serving.rules import apply
from sentiment.serving.state import State
from sentiment.settings import Settings
from sentiment.step import Result, say


class Change:
    """The right to change what is served; held by one process at a time (see `changing`)."""

    def __init__(self, settings: Settings, who: str) -> None:
        self.settings = settings
        self.state = read_state(settings)
        self._who = who
        self._config = models_config.read(settings.models_config)  # as this change found it, or wrote it

    def record(self, event: str, version: int, **details: Any) -> None:
        """Appends one event, then renders `models.config`.

        Raises: InputError when the state forbids it, or when somebody edited `models.config` during this change.
        """
        self._require_unedited()
        entry = {"event": event, "version": version, "at": now(), "who": self._who, **details}
        state = apply(self.state, entry)
        _append(self.settings.history, entry)
        self.state = state
        self.render()

    def require_allowed(self, version: int, *events: str) -> None:
        """Raises: InputError unless these events about `version` would be allowed now, in this order."""
        state = self.state
        for event in events:
            state = apply(state, {"event": event, "version": version})

    def render(self) -> None:
        """Writes `models.config` from the state."""
        text, config = models_config.rendered(self.state, self.settings), self.settings.models_config
        if models_config.read(config) != text:
            atomic.write_text(config, text)
        self._config = text

    def _require_unedited(self) -> None:
        """Loading takes its time: an edit by hand that came meanwhile must not be lost."""
        if models_config.read(self.settings.models_config) != self._config:
            edit.require_none(self.settings)


@contextmanager
def changing(settings: Settings, who: str | None = None, *, discard_edits: bool = False) -> Iterator[Change]:
    """Holds the one lock around a change; the second process waits, then sees the new state.

    Mends what a crash left behind (see `sentiment.serving.findings`). Raises: InputError when `models.config` was
    edited by hand, unless `discard_edits`.
    """
    with locked(settings, who) as change:
        if not discard_edits:
            edit.require_none(settings)
        mend(change)
        yield change


@contextmanager
def locked(settings: Settings, who: str | None = None) -> Iterator[Change]:
    """Holds the lock and mends nothing yet."""
    who = who or user()
    with held(settings.serving / "history.lock", who):
        yield Change(settings, who)


def now() -> str:
    """Returns the time as the history writes it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _append(path: Path, entry: dict[str, Any]) -> None:
    first = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with path.open("ab+") as handle:
        handle.truncate(_end_of_last_line(handle.fileno()))
        handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())
    if first:
        atomic.sync_file(path.parent)


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


def user() -> str:
    """Returns the name of who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id may have no name
        return f"uid {os.getuid()}"


def mend(change: Change) -> None:
    """Mends what a killed process left, and says so. Only under the lock: a half-made folder has no owner then."""
    found = look(change.settings, change.state)
    for path in found.leftovers:
        _try(
            path, lambda path: shutil.rmtree(path) if path.is_dir() else path.unlink(), "left by an interrupted command"
        )
    for path in found.pruned:
        _try(path, version_folder.remove, "of a pruned version")
    if found.unloaded is not None:
        change.record("unstaged", found.unloaded, why="interrupted before it was loaded")
        say(f"mended: version {found.unloaded} was being loaded by an interrupted command and is taken out again")
    elif found.stale and change.settings.models_config.exists():
        say("mended: models.config was older than the history and is rendered again")
    change.render()


def _try(path: Path, action: Callable[[Path], None], what: str) -> None:
    """Clearing away must not keep anybody from changing what customers get."""
    try:
        action(path)
        say(f"removed {path}, {what}")
    except OSError as error:
        say(f"could not remove {path}, {what}: {error}")


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
