"""`runs/bench/experiments.json`: a short entry for each of the newest experiments, so that no run need be opened."""

from __future__ import annotations

from pathlib import Path

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.results import record
from sentiment.results.experiment import Entries, Listed, Listing
from sentiment.settings import Settings

KEPT = 50  # newest experiments


def list_file(settings: Settings) -> Path:
    """Returns the file of the list."""
    return settings.runs / "bench" / "experiments.json"


def enter(settings: Settings, entry: Listed) -> None:
    """Puts an experiment at the top of the list and removes an earlier entry of the same `run`."""
    path = list_file(settings)
    with atomic.exclusive_lock(path.with_name(f".{path.name}.lock")):
        others = [known for known in _known(path) if known.run != entry.run]
        record.write(path, Listing(experiments=[entry, *others][:KEPT]))


def _known(path: Path) -> list[Listed]:
    """Returns the readable entries; a broken list counts as empty."""
    try:
        entries = record.read(path, Entries, "").experiments
    except InputError:
        return []
    return [known for entry in entries if (known := _entry(entry))]


def _entry(found: object) -> Listed | None:
    try:
        return record.decoded(found, Listed, "an entry", "")
    except InputError:
        return None
