"""What every container of a home has in common: what it mounts, and the label by which it is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from docker.types import Mount  # type: ignore[import-not-found]

from sentiment.settings import RunnerSettings

LABEL = "sentiment."
HOME_LABEL = f"{LABEL}home"


def engines_home(home: Path, settings: RunnerSettings) -> str:
    """Returns the home as the engine knows it: a path on its machine, or the name of a volume."""
    return settings.host_home or str(home)


def is_folder(place: str) -> bool:
    """Tells whether a setting names a folder, which can be mounted: not a bucket, and not nothing."""
    return bool(place) and "://" not in place


def mounts(home: Path, settings: RunnerSettings, written: Sequence[str] = ()) -> list[Mount]:
    """Returns the mounts: the home and the folders that are `written` to read and write, the other folders to read."""
    source, folders = engines_home(home, settings), settings.folders
    return [
        Mount(str(home), source, "bind" if PurePosixPath(source).is_absolute() else "volume"),
        *(Mount(path, folders.get(path, path), "bind") for path in written),
        *(Mount(path, source, "bind", read_only=True) for path, source in folders.items() if path not in written),
    ]
