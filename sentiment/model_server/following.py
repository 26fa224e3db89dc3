"""Has a server start with boot.config and follow models.config, as `serving/follow_config.sh` does in a container.

A server reads one file, at every poll. So it is given a private one: first boot.config, the stable version alone, and
when it answers each new models.config, except what it died of (`sentiment.serving.notes`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from sentiment import atomic
from sentiment.serving import models_config, notes
from sentiment.serving.notes import HELD, LOADING, SERVED, STOPPED, Note
from sentiment.settings import Settings

log = logging.getLogger("sentiment.server")
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_UNTIL_FORGOTTEN = 3600.0  # a server that lived so long under a models.config has not died of it
Settled = Callable[[Mapping[str, Collection[int]]], bool]  # whether these versions, by model, have loaded or failed


class Following:
    """What one server is given. `note` is its file in serving/servers/, None for a server that has no fixed address."""

    def __init__(self, settings: Settings, given: Path, note: Path | None) -> None:
        """Writes what the server starts with to `given`: models.config in a home that is older than boot.config."""
        self._wanted, self._given, self._file = settings.models_config, given, note
        self._note = notes.after_the_end(notes.read(note)) if note else None
        if self._note:
            self._keep(self._note)
        first = settings.boot_config if settings.boot_config.is_file() else self._wanted
        self._seen = models_config.read(first)
        self._bridging, self._given_at, self._shut_out = False, time.monotonic(), False
        atomic.write_text(given, self._seen or "")

    def make_folder(self) -> Path | None:
        """Returns the folder that the server writes its note into, made if it can be; None without a note."""
        if not self._file:
            return None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.error("cannot make %s: %s", self._file.parent, error)
        return self._file.parent.resolve()

    def look(self, settled: Settled) -> None:
        """Gives the server what has changed, and notes how it goes."""
        if self._note and self._note.word == HELD and self._file and not self._file.exists():
            self._note, self._seen = None, None  # a person has removed it
        text = self._read()
        if text is not None and (text != self._seen or (self._bridging and self._settled(settled))):
            self._seen = text
            self._give(text)
        elif self._note and self._note.word == LOADING and self._settled(settled):
            self._keep(replace(self._note, word=SERVED))
        elif self._note and self._note.word == SERVED and self._note.deaths and self._lived_long():
            self._keep(replace(self._note, deaths=0))

    def _read(self) -> str | None:
        """Returns models.config. Its folder may be another one than the one that this process was left."""
        try:
            text = models_config.read(self._wanted)
        except PermissionError as error:
            if not self._shut_out:
                log.error("cannot read %s any more (%s): start this server again to follow it", self._wanted, error)
            text = None
            self._shut_out = True
        else:
            self._shut_out = False
        return text

    def _give(self, text: str) -> None:
        given, digest = models_config.read(self._given) or "", notes.digest_of(text)
        if self._note and self._note.word == HELD and self._note.digest != digest:
            self._note = None
            self._forget()
        if digest == notes.digest_of(given):
            return
        if self._note and self._note.word == HELD and may_be_held_back(given, text):
            log.error("models.config is held back, because a server died of it: `sentiment status` says what to do")
            return
        bridge = bridged(given, text)
        self._bridging = bridge != text
        deaths = self._note.deaths if self._note and self._note.digest == digest else 0
        self._keep(Note(LOADING, digest, deaths))
        self._given_at = time.monotonic()
        atomic.write_text(self._given, bridge)

    def _settled(self, settled: Settled) -> bool:
        given = _parsed(models_config.read(self._given) or "")
        models = given.model_config_list.config if given else ()
        return settled({model.name: model.model_version_policy.specific.versions for model in models})

    def _lived_long(self) -> bool:
        return time.monotonic() - self._given_at > SECONDS_UNTIL_FORGOTTEN

    def stopped(self) -> None:
        """Notes that the server was asked to stop, so that its end is no death."""
        if self._note and self._note.word in (LOADING, SERVED):
            self._keep(replace(self._note, word=STOPPED))

    def _forget(self) -> None:
        """Removes the note: models.config asks for something else now, and may ask for the same again later."""
        try:
            if self._file:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            log.error("cannot remove %s: %s", self._file, error)

    def _keep(self, note: Note) -> None:
        self._note = note
        try:
            if self._file:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with atomic.rewriting(self._file.parent.resolve() / self._file.name) as file:
                    file.write(note.line.encode())
        except OSError as error:
            log.error("cannot write %s: %s; what kills this server is given to it again", self._file, error)


def may_be_held_back(given: str, wanted: str) -> bool:
    """Tells whether a note can keep `wanted` from a server that has `given`: only versions that are not to be stable.

    Whoever writes a note must not be able to keep customers from the stable version that the history names.
    """
    before, after = _parsed(given), _parsed(wanted)
    if before is None or after is None:
        return True
    known = {model.name: set(model.model_version_policy.specific.versions) for model in before.model_config_list.config}
    for model in after.model_config_list.config:
        new = set(model.model_version_policy.specific.versions) - known.get(model.name, set())
        if new and model.version_labels.get("stable", 0) not in new:
            return True
    return False


def bridged(given: str, wanted: str) -> str:
    """Returns `wanted`, but a label that would move to a version that the server was never given stays where it is.

    A server refuses to move a label to a version that it has not loaded, and then loads nothing that is new either
    (server_core.cc:UpdateModelVersionLabelMap). So the version comes first, and the label when it has loaded.
    """
    before, after = _parsed(given), _parsed(wanted)
    if before is None or after is None:
        return wanted
    known = {model.name: model for model in before.model_config_list.config}
    moved = [_kept(known[model.name], model) for model in after.model_config_list.config if model.name in known]
    return text_format.MessageToString(after) if any(moved) else wanted


def _parsed(text: str) -> Any:
    """Returns the configuration; None when the text is none, which the server says better."""
    try:
        return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    except text_format.ParseError:
        return None


def _kept(before: Any, after: Any) -> bool:
    """Puts such labels of one model back, with their versions; returns whether there was one."""
    served, policy = before.model_version_policy.specific.versions, after.model_version_policy.specific
    back = {
        label: before.version_labels[label]
        for label, version in after.version_labels.items()
        if label in before.version_labels and before.version_labels[label] != version and version not in served
    }
    after.version_labels.update(back)
    policy.versions.extend(sorted(set(back.values()) - set(policy.versions)))
    return bool(back)
