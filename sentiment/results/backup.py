"""What a backup says of itself, and what `backup` and `restore` print."""

from __future__ import annotations

from sentiment.results.record import Count, Record


class KeptFile(Record, frozen=True):
    """One file of a backup; its path is relative to the home."""

    path: str
    bytes: Count
    sha256: str


class Manifest(Record, frozen=True):
    """A backup's `manifest.json`. Only a folder with one is a backup, and only its own home's are ever removed."""

    format: int
    made_at: str  # ISO 8601, UTC
    home: str  # its path, as that machine saw it
    home_id: str  # random, the same for the life of a home
    models: bool  # whether the served models' files are in it
    events: Count  # of the history
    deliveries: Count  # the number of the ledger's newest one
    files: list[KeptFile]


class Backup(Record, frozen=True):
    """Printed by `backup`; `folder` is None when no folder for backups is set."""

    folder: str | None
    not_set: bool
    files: Count
    bytes: Count
    removed: list[str]  # older backups
    sentence: str


class Restored(Record, frozen=True):
    """Printed by `restore`; paths are relative to the home."""

    restored: list[str]
    stays: list[str]  # files that differ from the backup's, and are sound
    aside: str | None  # the folder that holds what was replaced
    sentence: str
