"""Which files of a home are in a backup: what cannot be made again, and what explains it.

The ledger holds every accepted post, so deliveries are not copied, and neither are the files that a run makes of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sentiment import own_encoder
from sentiment.results.record import LARGEST
from sentiment.serving import reserve
from sentiment.serving.state import State
from sentiment.settings import Settings

RESULTS = frozenset({".json", ".jsonl", ".txt", ".md", ".html"})  # of runs, where they are small
WEIGHTS = frozenset({".h5"})
LOCK = ".lock"


def home_id_file(settings: Settings) -> Path:
    """Returns the file that says which home this is, wherever it is moved."""
    return settings.serving / "home-id"


def history_files(settings: Settings) -> tuple[Path, ...]:
    """Returns the files that only mean something together: the history, its copy, and what was rendered from it."""
    return settings.history, settings.history_copy, settings.models_config, settings.boot_config


def serving_files(settings: Settings) -> Iterator[Path]:
    """Yields what changes under the serving lock: history, copy, models.config, flags, notes."""
    yield from (path for path in history_files(settings) if path.is_file())
    known = {*history_files(settings), reserve.path_of(settings)}
    for path in sorted(settings.serving.iterdir()):
        if path.is_file() and path not in known and path.suffix != LOCK and not path.name.startswith("."):
            yield path


def other_files(settings: Settings) -> Iterator[Path]:
    """Yields the base data with the frozen test set, refused rows, results, and what is known of each version."""
    yield from _below(settings.base_data)
    yield from _below(settings.quarantine)
    for path in _below(settings.runs):
        if path.suffix in RESULTS and path.stat().st_size <= LARGEST:
            yield path
    yield from _below(settings.records)
    yield from (path for path in _below(settings.trained) if path.suffix not in WEIGHTS)


def model_files(settings: Settings, state: State) -> Iterator[Path]:
    """Yields the files of the versions that are served, that a rollback returns to, or that candidates must meet.

    The encoder that full retrains may start from comes with the note that names it: one is worth nothing alone.
    """
    if encoder := own_encoder.current(settings):
        yield own_encoder.note_of(settings)
        yield from _below(own_encoder.folder_of(settings, encoder.number))
    for number in versions_to_keep(state):
        yield from _below(settings.versions / str(number))
        yield from (path for path in _below(settings.trained / str(number)) if path.suffix in WEIGHTS)


def versions_to_keep(state: State) -> list[int]:
    """Returns stable, canary, previous, reference, and whatever else is loaded; not one that is only being loaded."""
    wanted = {*state.labels.values(), state.previous, state.kept, state.reference}
    return sorted(number for number in wanted if number is not None)


def _below(folder: Path) -> Iterator[Path]:
    """Yields every file below a folder, in order, without half-made and hidden ones."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith(".") and _is_file(place, name))


def _is_file(place: str, name: str) -> bool:
    return Path(place, name).is_file() and not name.endswith(LOCK)
