"""The note of a server: which models.config it was given, and how that went. It outlives the server.

`serving/servers/NAME` holds one line, WORD DIGEST DEATHS. `serving/follow_config.sh` writes it in a container, and says
what the words mean; `sentiment serve` writes the same. The digest is of what a models.config asks for, so without its
comments: an event that moves nothing does not give a server again what killed it.

The folder is the one place of the home that a model server's account writes to. So nothing there is opened before it
is known to be a small file with the name of a server; what is no note is named by `status`, and means nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from sentiment.language import tr
from sentiment.serving import models_config
from sentiment.settings import Settings
from sentiment.text.harmless import visible

LOADING, SERVED, STOPPED, HELD = "loading", "served", "stopped", "held"
DEATHS_ALLOWED = 2  # of a server under one models.config that it had loaded, within an hour each time
MOST_FILES = 500  # in the folder: containers that are named anew at each start leave a note each
MOST_NAMED = 5  # of those that are no note
_LINE = re.compile(rb"(loading|served|stopped|held) ([0-9a-f]{16}) ([0-9]{1,3})\n")
_LONGEST_LINE = 64  # bytes, and more than any note has
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # of a host or a container, with its port
_UNFINISHED = re.compile(r"\..*|.*\.new(\.[A-Za-z0-9]+)?")  # what a server writes, before it has the note's name


@dataclass(frozen=True)
class Note:
    """What became of a models.config in a server."""

    word: str
    digest: str
    deaths: int = 0

    @property
    def line(self) -> str:
        return f"{self.word} {self.digest} {self.deaths}\n"


def digest_of(text: str) -> str:
    """Returns the digest of what a configuration asks for: without its lines that are comments."""
    asked = "".join(line for line in re.findall(r"[^\n]*\n|[^\n]+", text) if not line.startswith("#"))
    return hashlib.sha256(asked.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def read(path: Path) -> Note | None:
    """Returns the note; None when there is none. It follows no link, waits for nothing, and reads a few bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        found = _LINE.fullmatch(os.read(descriptor, _LONGEST_LINE)) if is_file else None
    finally:
        os.close(descriptor)
    return Note(found[1].decode(), found[2].decode(), int(found[3])) if found else None


def after_the_end(note: Note | None) -> Note | None:
    """Returns what a server that starts makes of the note of the one before it.

    That one died of what it was loading; what it had loaded is held back after so many deaths.
    """
    if note is None or note.word not in (LOADING, SERVED):
        return note
    deaths = note.deaths + 1
    held = note.word == LOADING or deaths > DEATHS_ALLOWED
    return replace(note, word=HELD if held else STOPPED, deaths=deaths)


def held_back(settings: Settings) -> Iterator[str]:
    """Yields a sentence for each server that holds the present models.config back, and what to do about it."""
    config, boot = models_config.read(settings.models_config), models_config.read(settings.boot_config)
    if config is None or boot is None or digest_of(config) == digest_of(boot):
        return
    notes = ((path, read(path)) for path in _entries(settings) if _is_named_as_a_server(path))
    held = [(path, note) for path, note in notes if note and note.word == HELD and note.digest == digest_of(config)]
    for path, note in held[:MOST_NAMED]:
        yield _told(path, note.deaths)
    if len(held) > MOST_NAMED:
        more = len(held) - MOST_NAMED
        yield tr("{number:,} more notes in {folder} say the same.", number=more, folder=settings.servers_notes)


def _told(path: Path, deaths: int) -> str:
    if deaths == 1:
        return tr(
            "Server {server} holds models.config back and serves the stable version alone: it died while it loaded it. "
            "Withdraw the canary; or give the server more memory, delete {path} and start it again.",
            server=path.name,
            path=path,
        )
    return tr(
        "Server {server} holds models.config back and serves the stable version alone: it died {deaths} times under it."
        " Withdraw the canary; or give the server more memory, delete {path} and start it again.",
        server=path.name,
        deaths=deaths,
        path=path,
    )


def strange(settings: Settings) -> list[str]:
    """Returns a line for each thing in the folder that is no note of a server, at most MOST_NAMED and one."""
    entries = _entries(settings)
    found = [path for path in entries if not _UNFINISHED.fullmatch(path.name) and not _is_note(path)]
    lines = [
        tr("no note of a server, and left alone: {path}", path=visible(str(path), 300)) for path in found[:MOST_NAMED]
    ]
    if len(found) > MOST_NAMED:
        more = len(found) - MOST_NAMED
        lines.append(
            tr("{number:,} more in {folder} are no notes of a server", number=more, folder=settings.servers_notes)
        )
    if len(entries) == MOST_FILES:
        lines.append(
            tr(
                "{folder} holds {number:,} files or more, of which only so many are read",
                folder=settings.servers_notes,
                number=MOST_FILES,
            )
        )
    return lines


def _is_note(path: Path) -> bool:
    return _is_named_as_a_server(path) and read(path) is not None


def _is_named_as_a_server(path: Path) -> bool:
    return _NAME.fullmatch(path.name) is not None


def _entries(settings: Settings) -> list[Path]:
    """Returns what is in the folder, in order, and no more of it than MOST_FILES."""
    try:
        with os.scandir(settings.servers_notes) as found:
            return sorted(Path(entry.path) for entry in islice(found, MOST_FILES))
    except (FileNotFoundError, NotADirectoryError):
        return []
