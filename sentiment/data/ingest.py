"""`sentiment ingest`: takes newly labelled files in; every row is accepted or quarantined.

A file is known by its key (its path below the source) and the hash of its content: ingesting twice changes nothing,
a file that changed is a new delivery. Nothing that is in a file can stop the rows or the files behind it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import click

from sentiment import atomic
from sentiment.data import ledger as posts_ledger
from sentiment.data.delivery import Delivery
from sentiment.data.ledger import Ledger
from sentiment.data.quarantine import file_of, quarantining
from sentiment.data.rows import delimiter_of, read_lines
from sentiment.errors import InputError
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step

SUFFIXES = (".tsv", ".csv")


class _ChangedMeanwhile(Exception):
    """The file is being written just now: it belongs to the next ingest."""


def source_files(source: str) -> list[tuple[str, Path]]:
    """Returns key and path of every delivery file below the folder `source`, by key.

    Hidden files are left out: an upload in progress is one. InputError when `source` is no folder.
    """
    if "://" in source:
        raise InputError(
            "the source must be a folder: object storage cannot be read yet",
            found=source,
            do="Copy the files to a folder and set SENTIMENT_SOURCE (or --source) to it.",
        )
    folder = Path(source)
    if not folder.is_dir():
        raise InputError(
            "the source must be an existing folder",
            found=source,
            do="Create it, or set SENTIMENT_SOURCE (or --source).",
        )
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return sorted((_key(folder, path), path) for path in found)


def _key(folder: Path, path: Path) -> str:
    # A file name need not be UTF-8; a key always is.
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")


def ingest_file(ledger: Ledger, key: str, path: Path, settings: Settings) -> dict[str, Any] | None:
    """Takes one file in, as one transaction; returns what became of it, None when it was known."""
    with path.open("rb") as handle:
        content_hash = hashlib.file_digest(handle, "sha256").hexdigest()
    # Asked again within the transaction: another ingest may be at the same file.
    if ledger.newest_hash(key) == content_hash:
        return None
    with ledger.writing():
        if ledger.newest_hash(key) == content_hash:
            return None
        number = ledger.watermark() + 1
        with path.open("rb") as handle, quarantining(settings.quarantine, number, key) as quarantine:
            delivery = Delivery(ledger, quarantine, number, settings.label_set, settings.rolling_share)
            _read(handle, path, delivery, content_hash)
        ledger.record(number, key, content_hash, delivery.counts)
    return {
        "number": number,
        "key": key,
        **asdict(delivery.counts),
        "reasons": dict(quarantine.reasons),
        "quarantine_file": str(file_of(settings.quarantine, number, key)) if quarantine.reasons else None,
    }


def _read(handle: BinaryIO, path: Path, delivery: Delivery, content_hash: str) -> None:
    digest = hashlib.sha256()
    delimiter = delimiter_of(path)
    delivery.take_in(read_lines(handle, delimiter, digest.update), delimiter)
    for rest in iter(partial(handle.read, 1 << 20), b""):  # of a file that was refused whole
        digest.update(rest)
    if digest.hexdigest() != content_hash:
        raise _ChangedMeanwhile


def ingest(source: str, settings: Settings) -> Result:
    """Takes in every file below `source` that is new or changed; returns the deliveries and the watermark."""
    files = source_files(source)
    deliveries: list[dict[str, Any]] = []
    with posts_ledger.opened(settings.posts_database) as ledger:
        for key, path in files:
            try:
                delivery = ingest_file(ledger, key, path, settings)
            except (_ChangedMeanwhile, FileNotFoundError, PermissionError) as error:
                say(f"{key} is left for the next ingest: {error or 'it is being written'}")
                continue
            if delivery:
                say(_told(delivery))
                deliveries.append(delivery)
        watermark = ledger.watermark()
    say(f"{len(deliveries)} new of {len(files)} files; watermark {watermark}")
    return {
        "deliveries": deliveries,
        "accepted": sum(delivery["accepted"] for delivery in deliveries),
        "quarantined": sum(delivery["quarantined"] for delivery in deliveries),
        "watermark": watermark,
    }


def _told(delivery: dict[str, Any]) -> str:
    counts = ", ".join(f"{delivery[name]} {name}" for name in ("accepted", "duplicate", "relabelled", "quarantined"))
    where = f" ({delivery['quarantine_file']})" if delivery["quarantine_file"] else ""
    return f"delivery {delivery['number']}, {delivery['key']}: {counts}{where}"


@click.command("ingest")
@click.option("--source", help="The folder of deliveries; by default SENTIMENT_SOURCE or <home>/datasets/inbox.")
@click.option("--run", help="Also leave the result in this run's folder.")
@step
def command(source: str | None, run: str | None) -> Result:
    """Pull newly labelled files in; accept or quarantine each row."""
    settings = read_settings()
    result = ingest(source or settings.source_folder, settings)
    if run:
        atomic.write_json(RunFolder.named(settings, run).result("ingest"), result)
    return result
