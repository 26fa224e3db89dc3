"""Finds the model folder that a published version was exported from; everybody else asks here."""

from __future__ import annotations

from pathlib import Path

from sentiment.errors import InputError
from sentiment.serving.history import read_state
from sentiment.settings import Settings

LABELS = ("stable", "canary", "previous")


def folder_of(settings: Settings, version: int) -> Path:
    """Returns the folder that holds the version's model; it need not exist (any more)."""
    return settings.trained / str(version)


def stable_of(settings: Settings) -> tuple[Path, int] | tuple[None, None]:
    """Returns the stable version's model folder and its number, or (None, None) before the first one."""
    version = read_state(settings).stable
    return (folder_of(settings, version), version) if version is not None else (None, None)


def reference_of(settings: Settings) -> tuple[Path, int] | tuple[None, None]:
    """Returns the reference's model folder and its number, or (None, None) before the first stable version.

    Where the folder is gone, the earliest stable version that has one takes its place.
    """
    state = read_state(settings)
    chosen = () if state.reference is None else (state.reference, *state.stables)
    for version in chosen:
        if (folder_of(settings, version) / "model.json").is_file():
            return folder_of(settings, version), version
    return None, None


def number_of(settings: Settings, which: str) -> int | None:
    """Returns the number of a version; `model_of_version` refuses what is none."""
    return int(which) if which.isdecimal() else getattr(read_state(settings), which, None)


def model_of_version(settings: Settings, which: str) -> Path:
    """Returns the model folder of `which`: stable, canary, previous or a number.

    Raises: InputError when there is no such version, or its model was removed.
    """
    if which not in LABELS and not which.isdecimal():
        raise InputError(
            f"a version must be {', '.join(LABELS)} or a number", found=repr(which), do="Give one of those."
        )
    state = read_state(settings)
    version = int(which) if which.isdecimal() else getattr(state, which)
    if version is None:
        raise InputError(
            f"there must be a {which} version", found="none", do="Name another one; `sentiment status` lists them."
        )
    path = folder_of(settings, version)
    if not (path / "model.json").is_file():
        known = ", ".join(map(str, state.versions)) or "none"
        raise InputError(
            "a version must have been published, and its model must still be there",
            found=f"no model in {path}; published so far: {known}",
            do="Name another version; `sentiment status` lists them.",
        )
    return path
