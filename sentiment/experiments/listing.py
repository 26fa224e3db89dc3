"""`runs/bench/experiments.json`: a short entry for each of the newest experiments, so that no run need be opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.settings import Settings

KEPT = 50  # newest experiments


def list_file(settings: Settings) -> Path:
    """Returns the file of the list."""
    return settings.runs / "bench" / "experiments.json"


def enter(settings: Settings, entry: Mapping[str, Any]) -> None:
    """Puts an experiment at the top of the list and removes an earlier entry of the same `run`."""
    path = list_file(settings)
    with atomic.exclusive_lock(path.with_name(f".{path.name}.lock")):
        others = [known for known in _known(path) if known.get("run") != entry["run"]]
        atomic.write_json(path, {"experiments": [dict(entry), *others][:KEPT]})


def _known(path: Path) -> list[dict[str, Any]]:
    """Returns the readable entries; a broken list counts as empty."""
    found = (atomic.read_json(path) or {}).get("experiments")
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
