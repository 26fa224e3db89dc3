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
from sentiment.serving.lock import held
from sentiment.serving.rules import apply, fold
from sentiment.serving.state import State
from sentiment.settings import Settings


def read_events(path: Path) -> list[dict[str, Any]]:
    """Returns every whole event. Raises: InputError when a line that was acknowledged is not JSON."""
    return [event for _, event in _numbered_events(path)]


def read_state(settings: Settings) -> State:
    """Returns what is served, as the ledger says. Raises: InputError, which names the line that it cannot follow."""
    events, number = _numbered_events(settings.history), 0

    def in_order() -> Iterator[dict[str, Any]]:
        nonlocal number
        for number, event in events:  # noqa: B007 - read below, when a rule refuses the event
            yield event

    try:
        return fold(in_order())
    except InputError as error:
        raise _broken_line(settings.history, number, f"{error.must_hold}; found {error.found}") from None


def _numbered_events(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Returns the events with the numbers of their lines; a torn last line was never acknowledged."""
    if not path.exists():
        return []
    *lines, _torn = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [(number, _parse(path, number, line)) for number, line in enumerate(lines, 1) if line.strip()]


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise _broken_line(path, number, f"no JSON object: {line[:80]!r}")
    return event


def _broken_line(path: Path, number: int, problem: str) -> InputError:
    return InputError(
        f"every line of {path} must be an event that may follow those above it",
        found=f"line {number}: {problem}",
        do="Restore the file from a backup, or mend that line.",
    )


class Change:
    """The right to change what is served; held by one process at a time (see `changing`)."""

    def __init__(self, settings: Settings, who: str) -> None:
        from sentiment.serving import models_config

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
        from sentiment.serving import models_config

        text, config = models_config.rendered(self.state, self.settings), self.settings.models_config
        if models_config.read(config) != text:
            atomic.write_text(config, text)
        self._config = text

    def _require_unedited(self) -> None:
        """Loading takes its time: an edit by hand that came meanwhile must not be lost."""
        from sentiment.serving import edit, models_config

        if models_config.read(self.settings.models_config) != self._config:
            edit.require_none(self.settings)


@contextmanager
def changing(settings: Settings, who: str | None = None, *, discard_edits: bool = False) -> Iterator[Change]:
    """Holds the one lock around a change; the second process waits, then sees the new state.

    Mends what a crash left behind (see `sentiment.serving.findings`). Raises: InputError when `models.config` was
    edited by hand, unless `discard_edits`.
    """
    from sentiment.serving import edit, findings

    with locked(settings, who) as change:
        if not discard_edits:
            edit.require_none(settings)
        findings.mend(change)
        yield change


@contextmanager
def locked(settings: Settings, who: str | None = None) -> Iterator[Change]:
    """Holds the lock and mends nothing yet."""
    who = who or _user()
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id may have no name
        return f"uid {os.getuid()}"
