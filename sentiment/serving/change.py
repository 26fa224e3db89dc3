"""Changes what is served, under one lock: appends an event to the history, and renders what the servers read."""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentiment import atomic, disk, json_lines
from sentiment.language import tr
from sentiment.results.events import event_of
from sentiment.results.record import as_json
from sentiment.results.serving import Outcome
from sentiment.serving import chain, edit, history_copy, models_config, reserve, version_folder
from sentiment.serving.findings import look
from sentiment.serving.history import read_state
from sentiment.serving.lock import held
from sentiment.serving.rules import apply
from sentiment.serving.state import State
from sentiment.settings import Settings
from sentiment.step import say
from sentiment.text.aloud import tell


class Change:
    """The right to change what is served; held by one process at a time (see `changing`)."""

    def __init__(self, settings: Settings, who: str, *, way_back: bool = False) -> None:
        """`way_back` says that the change may use the space that is kept for a full disk (`reserve`)."""
        self.settings = settings
        self.state = read_state(settings)
        self._who, self._way_back = who, way_back
        self._config = models_config.read(settings.models_config)  # as this change last read or wrote it

    def record(self, event: str, version: int, **details: Any) -> None:
        """Appends one event, and puts `models.config` in place that follows from it: both, or neither.

        Raises: InputError when the state forbids it, or when somebody edited `models.config` during this change;
        OSError when it cannot be written, and then nothing has changed.
        """
        self._require_unedited()
        chained = {"after": self.state.tip.digest}
        entry = event_of({"event": event, "version": version, "at": now(), "who": self._who, **details, **chained})
        line = json_lines.written(as_json(entry))
        tip = chain.after(self.state.tip, line.decode().rstrip("\n"))
        self._put(apply(self.state, entry)._replace(tip=tip), line)

    def _put(self, state: State, line: bytes = b"") -> None:
        try:
            self._write(state, line)
        except OSError as error:
            if not (disk.is_full(error) and self._way_back):
                raise
            left = reserve.release(self.settings)
            if left is None:
                raise
            say(f"the disk is full: a part of the reserve is used, {left} are left; free some space")
            self._write(state, line)

    def _write(self, state: State, line: bytes) -> None:
        """Writes both files under temporary names, then the event, then gives them their names.

        What needs space comes first, so that a full disk changes nothing. `models.config` is the first to change: a
        server that starts between the two boots with the older stable version, then follows `models.config`.
        """
        config, boot = self.settings.models_config, self.settings.boot_config
        wanted = {config: models_config.rendered(state, self.settings), boot: models_config.boot(state, self.settings)}
        new = {path: text for path, text in wanted.items() if models_config.read(path) != text}
        if line or new:
            with ExitStack() as stack:
                puts = {path: stack.enter_context(atomic.prepared(path, text)) for path, text in new.items()}
                self._append_and_put(line, puts.get(config))
                _put(boot, puts.get(boot))
            _flush(config.parent)
            history_copy.keep(self.settings)
        self.state, self._config = state, wanted[config]

    def _append_and_put(self, line: bytes, put_in_place: Callable[[], None] | None) -> None:
        """Appends the event and gives `models.config` its name: both, or neither."""
        if line:
            json_lines.append_bytes(self.settings.history, line)
        try:
            if put_in_place:
                put_in_place()
        except OSError:
            if line:
                json_lines.take_back(self.settings.history, line)
            raise

    def require_allowed(self, version: int, *events: str) -> None:
        """Raises: InputError unless these events about `version` would be allowed now, in this order."""
        state = self.state
        for event in events:
            state = apply(state, event_of({"event": event, "version": version}))

    def render(self) -> None:
        """Writes `models.config` from the state."""
        self._put(self.state)

    def _require_unedited(self) -> None:
        """Raises: InputError when somebody edited the file while a version was loading: the edit must not be lost."""
        if models_config.read(self.settings.models_config) != self._config:
            edit.require_none(self.settings)


@contextmanager
def changing(
    settings: Settings, who: str | None = None, *, discard_edits: bool = False, way_back: bool = False
) -> Iterator[Change]:
    """Holds the one lock around a change; a second process waits, then sees the new state.

    Repairs what a crash left behind (see `sentiment.serving.findings`). Raises: InputError when `models.config` was
    edited by hand, unless `discard_edits`. With `way_back` it may use the space that is kept for a full disk.
    """
    with locked(settings, who, way_back=way_back) as change:
        if not discard_edits:
            edit.require_none(settings)
        mend(change)
        yield change


@contextmanager
def locked(settings: Settings, who: str | None = None, *, way_back: bool = False) -> Iterator[Change]:
    """Holds the lock without repairing anything yet, except for the copy of the history and the reserve."""
    who = who or user()
    with held(settings.serving / "history.lock", who):
        change = Change(settings, who, way_back=way_back)
        history_copy.keep(settings)
        yield change
        reserve.renew(settings)


def now() -> str:
    """Returns the time as the history writes it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def user() -> str:
    """Returns the name of who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id may have no name
        return f"uid {os.getuid()}"


def mend(change: Change) -> None:
    """Repairs what a killed process left, and says so. Holding the lock proves that half-made folders have no owner."""
    found = look(change.settings, change.state)
    for path in found.leftovers:
        _try(
            path, lambda path: shutil.rmtree(path) if path.is_dir() else path.unlink(), "left by an interrupted command"
        )
    for path in found.pruned:
        _try(path, version_folder.remove, "which belonged to a pruned version")
    if found.unloaded is not None:
        change.record("unstaged", found.unloaded, why=tr("interrupted before it was loaded"))
        tell(
            tr(
                "repaired: an interrupted command was loading version {version}; it is unloaded again",
                version=found.unloaded,
            )
        )
    elif found.stale and change.settings.models_config.exists():
        tell(tr("repaired: models.config was older than the history and is rendered again"))
    if found.stale_boot and change.settings.boot_config.exists():
        tell(tr("repaired: boot.config was not what the history says and is rendered again"))
    change.render()


def _try(path: Path, action: Callable[[Path], None], what: str) -> None:
    """Cleans up with `action`; a failure must not stop anybody from changing what customers get."""
    try:
        action(path)
        say(f"removed {path}, {what}")
    except OSError as error:
        say(f"could not remove {path}, {what}: {error}")


def _put(path: Path, put_in_place: Callable[[], None] | None) -> None:
    """Gives `boot.config` its name: a failure is said, since the change is made, and the next one repairs the file."""
    try:
        if put_in_place:
            put_in_place()
    except OSError as error:
        say(f"could not renew {path}, with which servers start: {error}")


def _flush(folder: Path) -> None:
    """Flushes a folder whose new entry is in effect: a failure is said, since nothing can be taken back."""
    try:
        atomic.sync_file(folder)
    except OSError as error:
        say(f"could not flush {folder}: {error}")


def outcome(state: State, version: int, changed: bool, sentence: str) -> Outcome:
    """Prints the sentence for the person and returns the result for the task."""
    tell(sentence)
    return Outcome(
        version=version,
        stable=state.stable,
        canary=state.canary,
        previous=state.previous,
        changed=changed,
        sentence=sentence,
    )
