"""The model folder that a served version was exported from."""

from __future__ import annotations

from pathlib import Path

from sentiment.errors import InputError
from sentiment.model import folder
from sentiment.serving.history import read_state
from sentiment.settings import Settings

LABELS = ("stable", "canary", "previous")


def model_of_version(settings: Settings, which: str) -> Path:
    """Returns the folder of `which`: stable, canary, previous or a number. InputError: there is no such version."""
    if which not in LABELS and not which.isdecimal():
        raise InputError(
            f"--from-version must be {', '.join(LABELS)} or the number of a version", found=repr(which), do="Mend it."
        )
    version = int(which) if which.isdecimal() else getattr(read_state(settings), which)
    if version is None:
        raise InputError(
            f"--from-version {which} needs a {which} version",
            found="none",
            do="See `sentiment status`, or leave it out.",
        )
    path = settings.trained / str(version)
    if not (path / folder.CARD).is_file():
        raise InputError(
            f"the model that version {version} was exported from must still be there",
            found=f"none in {path}",
            do="See `sentiment status`, or name another version.",
        )
    return path
