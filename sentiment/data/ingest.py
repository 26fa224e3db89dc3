"""`sentiment ingest`: takes newly labelled files in; every row is accepted or quarantined.

A file is known by its key (its path below the source) and the hash of its content: ingesting twice changes nothing,
a file that changed is a new delivery. Nothing that is in a file can stop the rows or the files behind it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

import click

from sentiment import atomic
from sentiment.data import ledger as posts_ledger
from sentiment.data import receipts
from sentiment.data.delivery import Delivery
from sentiment.data.formats.recognise import Reading, read_file
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.data.ledger import Ledger
from sentiment.data.quarantine import file_of, quarantining, visible
from sentiment.data.receipts import Receipt
from sentiment.data.report_delivery import report, table
from sentiment.data.source.opening import open_source
from sentiment.data.source.source import LeftForNextTime, SourceFile
from sentiment.labels import Labels
from sentiment.progress import progress
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step

ROWS_BETWEEN_UPDATES = 1_000
NOT_READ = Reading("", "", iter(()))


def ingest(source: str, settings: Settings) -> Result:
    """Takes in every file below `source` that is new or changed; returns the deliveries and the watermark."""
    opened_source = open_source(source, settings.settle_seconds, settings.datasets)
    deliveries: list[dict[str, Any]] = []
    left: list[dict[str, str]] = []
    files = 0
    with posts_ledger.opened(settings.posts_database) as ledger:
        receipts.make_tables(ledger)
        for files, file in enumerate(opened_source.files(), 1):  # noqa: B007 - counted
            try:
                delivery = take_in(ledger, opened_source.address, file, settings)
            except LeftForNextTime as reason:
                say(f"{visible(file.key)} is left for the next ingest: {reason}")
                left.append({"key": file.key, "reason": str(reason)})
                continue
            if delivery:
                say(_told(delivery))
                deliveries.append(delivery)
        watermark = ledger.watermark()
    say(f"{len(deliveries)} new of {files} files; watermark {watermark}")
    return {
        "deliveries": deliveries,
        "accepted": sum(delivery["accepted"] for delivery in deliveries),
        "quarantined": sum(delivery["quarantined"] for delivery in deliveries),
        "left": left,
        "watermark": watermark,
    }


def take_in(ledger: Ledger, source: str, file: SourceFile, settings: Settings) -> dict[str, Any] | None:
    """Takes one file in, as one transaction; returns what became of it, None when its content was known."""
    if file.left:
        raise LeftForNextTime(file.left)
    if receipts.is_known(ledger, source, file.key, file.fingerprint):
        return None
    with file.open() as content:
        content_hash = _hash(content)
        with ledger.writing() as connection:
            # Asked only now, when no other ingest can be at the same file.
            known = ledger.newest_hash(file.key) == content_hash
            delivery = None if known else _deliver(ledger, connection, file, content, content_hash, settings)
            receipts.remember(connection, source, file.key, file.fingerprint)
    return delivery


def _hash(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := content.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _deliver(
    ledger: Ledger,
    connection: sqlite3.Connection,
    file: SourceFile,
    content: BinaryIO,
    content_hash: str,
    settings: Settings,
) -> dict[str, Any]:
    number = ledger.watermark() + 1
    with quarantining(settings.quarantine, number, file.key) as quarantine:
        delivery = Delivery(ledger, quarantine, number, settings.label_set, settings.rolling_share)
        reading = _read(content, file, delivery, settings.label_set)
        file.confirm(content)
    reasons = dict(quarantine.reasons)
    bad_rows = file_of(settings.quarantine, number, file.key) if reasons else None
    ledger.record(number, file.key, content_hash, delivery.counts)
    receipt = Receipt(reading.form, reading.encoding, file.size, reasons, bad_rows.name if bad_rows else "")
    receipts.add(connection, number, receipt)
    return {
        "number": number,
        "key": file.key,
        "form": reading.form,
        "encoding": reading.encoding,
        **asdict(delivery.counts),
        "reasons": reasons,
        "quarantine_file": str(bad_rows) if bad_rows else None,
    }


def _read(content: BinaryIO, file: SourceFile, delivery: Delivery, labels: Labels) -> Reading:
    """Reads every row of a file into `delivery`; a file that cannot be read goes into quarantine whole."""
    content.seek(0)
    reading = NOT_READ
    try:
        reading = read_file(content, file.key, labels)
        delivery.take_in(_followed(reading.records, content, file))
    except UnreadableFile as error:
        delivery.refuse(Record(0, error.raw), str(error))
    return reading


def _followed(records: Iterator[Record], content: BinaryIO, file: SourceFile) -> Iterator[Record]:
    """Yields `records` under a progress line that counts the file's bytes."""
    with progress(file.size, visible(file.key), "B") as line:
        for number, record in enumerate(records):
            if number % ROWS_BETWEEN_UPDATES == 0:
                line.update(content.tell() - line.n)
            yield record


def _told(delivery: dict[str, Any]) -> str:
    counts = ", ".join(f"{delivery[name]} {name}" for name in ("accepted", "duplicate", "relabelled", "quarantined"))
    if delivery["disagreed"]:
        counts += f", {delivery['disagreed']} disagreed"
    where = f" ({delivery['quarantine_file']})" if delivery["quarantine_file"] else ""
    return f"delivery {delivery['number']}, {visible(delivery['key'])}: {counts}{where}"


@click.command("ingest")
@click.option("--source", help="A folder, or s3://bucket/prefix; by default SENTIMENT_SOURCE or <home>/datasets/inbox.")
@click.option("--run", help="Also leave the result in this run's folder.")
@click.option("--report", "reported", is_flag=False, flag_value="last", help="Show a delivery (by default the last).")
@step
def command(source: str | None, run: str | None, reported: str | None) -> Result:
    """Pull newly labelled files in; accept or quarantine each row."""
    settings = read_settings()
    if reported:
        told = report(settings, reported)
        say(table(told))
        return told
    result = ingest(source or settings.source_folder, settings)
    if run:
        atomic.write_json(RunFolder.named(settings, run).result("ingest"), result)
    return result
