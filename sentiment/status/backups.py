"""How old the last backup of this home is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sentiment.backup.contents import home_id_file
from sentiment.backup.folder import newest_first
from sentiment.settings import Settings

OLD = timedelta(days=2)  # one is made each night: two nights have failed


def described(settings: Settings, now: datetime) -> dict[str, Any]:
    """Returns the folder for backups and this home's newest one there, as JSON-ready values; `error` says why not."""
    folder = settings.backup_place
    said: dict[str, Any] = {"folder": None, "newest": None, "age_seconds": None, "is_old": False, "error": ""}
    if folder is None:
        return said
    said["folder"] = str(folder)
    try:
        home = home_id_file(settings).read_text(encoding="utf-8").strip()
        newest = next((found for found in newest_first(folder) if found.manifest.home_id == home), None)
    except FileNotFoundError as error:  # a home without an id was never backed up
        return said | {"error": "" if folder.is_dir() else f"{error.strerror}: {folder}"}
    except OSError as error:
        return said | {"error": f"{error.strerror}: {error.filename or folder}"}
    if newest is None:
        return said
    age = now - datetime.fromisoformat(newest.manifest.made_at)
    return said | {"newest": newest.path.name, "age_seconds": round(age.total_seconds()), "is_old": age > OLD}
