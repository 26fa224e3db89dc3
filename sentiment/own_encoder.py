"""The encoder that counts among those that a home pretrained itself: `encoders/current.json` names it.

Every encoder is a whole folder, `encoders/<number>/`; the note is replaced as a whole. Whatever is beside it, whoever
starts from the home's own encoder starts from the one in the note.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sentiment.errors import InputError
from sentiment.results import record
from sentiment.results.encoders import CurrentEncoder, EncoderPin
from sentiment.settings import Settings
from sentiment.settings.steps import PRETRAINED_START

NOTE = "current.json"
LOCK = "refresh.lock"
TO_START_WITHOUT = "set SENTIMENT_START_FROM to default"


def note_of(settings: Settings) -> Path:
    """Returns the file that names the current encoder; there is none before the first."""
    return settings.own_encoders / NOTE


def folder_of(settings: Settings, number: int) -> Path:
    """Returns the folder of an encoder; it need not exist (any more)."""
    return settings.own_encoders / str(number)


def lock_of(settings: Settings) -> Path:
    """Returns the lock that whoever makes an encoder of the home's own holds all the while."""
    return settings.own_encoders / LOCK


def unfinished(settings: Settings) -> list[Path]:
    """Returns what pretrainings that were stopped, or that run now, keep so that they can go on."""
    return sorted(settings.own_encoders.glob(".*.unfinished"))


def current(settings: Settings) -> CurrentEncoder | None:
    """Returns the current encoder, or None before the first. Raises: InputError when the note is damaged."""
    path = note_of(settings)
    if not path.is_file():
        return None
    return record.read(path, CurrentEncoder, "Remove it, and trigger sentiment_pretrain.")


def make_current(settings: Settings, number: int, sha256: str) -> None:
    """Makes an encoder the current one."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    record.write(note_of(settings), CurrentEncoder(number=number, sha256=sha256, since=since))


def start_of_full(settings: Settings) -> EncoderPin | None:
    """Returns the encoder that a full retrain starts from; None: the default model.

    Raises: InputError when the setting says that it is the home's own, and there is none: nothing is trained then.
    """
    if settings.start_from != PRETRAINED_START:
        return None
    found = current(settings)
    if found is None or not folder_of(settings, found.number).is_dir():
        raise InputError(
            "with SENTIMENT_START_FROM=pretrained a full retrain must find the encoder that it starts from",
            found=f"no encoder in {settings.own_encoders}"
            if found is None
            else f"no folder {folder_of(settings, found.number)}",
            do=f"Trigger sentiment_pretrain, or {TO_START_WITHOUT}.",
        )
    return EncoderPin(address=str(folder_of(settings, found.number)), sha256=found.sha256)
