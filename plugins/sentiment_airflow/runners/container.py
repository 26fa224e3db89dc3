"""What every container of a home has in common: what it mounts, and the label by which it is known."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from docker.types import Mount  # type: ignore[import-not-found]

from sentiment.settings import RunnerSettings

LABEL = "sentiment."
HOME_LABEL = f"{LABEL}home"


def engines_home(home: Path, settings: RunnerSettings) -> str:
    """Returns the home as the engine knows it: a path on its machine, or the name of a volume."""
    return settings.host_home or str(home)


def mounts(home: Path, settings: RunnerSettings) -> list[Mount]:
    """Returns the mounts: the home to read and write, the other folders to read."""
    source = engines_home(home, settings)
    own = Mount(str(home), source, "bind" if PurePosixPath(source).is_absolute() else "volume")
    return [own, *(Mount(target, source, "bind", read_only=True) for target, source in settings.folders.items())]
