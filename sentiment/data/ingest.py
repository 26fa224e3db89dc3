"""`sentiment ingest`: takes in newly labelled files, and accepts or quarantines every row.

A file is known by its key (its path below the source) and the hash of its content: ingesting it twice changes nothing,
and a file that changed is a new delivery. Nothing in a file can stop the rows or the files after it: what fails with a
file, whatever it is, ends with that file, which is named in the result and tried again by the next ingest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import BinaryIO

import click

from sentiment import disk
from sentiment.data import ledger as posts_ledger
from sentiment.data import receipts
from sentiment.data.alone import concerns_all, why_left
from sentiment.data.between_members import disputed_texts
from sentiment.data.delivery import Delivery, OtherNumbers
from sentiment.data.formats.archive import Damaged
from sentiment.data.formats.encoding import READ, is_unlikely
from sentiment.data.formats.recognise import Reading, is_archive, read_file
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.data.ledger import Ledger
from sentiment.data.quarantine import file_of, quarantining
from sentiment.data.receipts import Receipt
from sentiment.data.report_delivery import report, table
from sentiment.data.source.members import members_of
from sentiment.data.source.opening import open_source
from sentiment.data.source.source import LeftForNextTime, SourceFile
from sentiment.digests import sha256_of_content
from sentiment.labels import Labels
from sentiment.progress import progress
from sentiment.results.deliveries import Delivered, Ingest, Left
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.harmless import visible

ROWS_BETWEEN_UPDATES = 1_000
MOST_NAMED = 50  # files that are left alone, in the log
NOT_READ = Reading("", "", iter(()))


def ingest(source: str, settings: Settings) -> Ingest:
    """Takes in every file below `source` that is new or changed; returns the deliveries and the watermark."""
    opened_source = open_source(source, settings.settle_seconds, settings.datasets)
    with posts_ledger.opened(settings.posts_database) as ledger:
        receipts.make_tables(ledger)
        pull = Pull(ledger, opened_source.address, settings)
        for file in opened_source.files():
            pull.take(file)
        if pull.disk_failed:
            disk.require_room(settings.datasets)
        nothing = opened_source.nothing_found()
        if nothing and not receipts.has_delivered(ledger, opened_source.address):
            raise nothing
        watermark = ledger.watermark()
    if not pull.files:
        say(f"{opened_source.address} holds nothing that is read")
    say(f"{len(pull.deliveries)} of {pull.files} files are new; watermark {watermark}")
    return Ingest(
        deliveries=pull.deliveries,
        accepted=sum(delivery.accepted for delivery in pull.deliveries),
        quarantined=sum(delivery.quarantined for delivery in pull.deliveries),
        left=pull.left,
        not_read=pull.not_read,
        watermark=watermark,
    )


class Pull:
    """One ingest from a source: what became of its files, one by one."""

    def __init__(self, ledger: Ledger, source: str, settings: Settings) -> None:
        self.files = 0  # that are read, an archive's members among them
        self.deliveries: list[Delivered] = []
        self.left: list[Left] = []
        self.not_read: list[Left] = []
        self.disk_failed = False  # while a file was taken in
        self._ledger, self._source, self._settings = ledger, source, settings

    def take(self, file: SourceFile, disputed: frozenset[int] = frozenset()) -> None:
        """Takes in a file, or the members of an archive, or notes why not.

        `disputed` are the texts that another file of the same archive labels differently.
        """
        if file.not_read:
            self._leave_alone(file.key, file.not_read)
        elif is_archive(file.key) and not file.left:
            self._unpack(file)
        else:
            self._take_in(file, disputed)

    def _take_in(self, file: SourceFile, disputed: frozenset[int] = frozenset()) -> None:
        self.files += 1
        with self._alone(file.key):
            delivery = take_in(self._ledger, self._source, file, self._settings, disputed)
            if delivery:
                say(_told(delivery))
                self.deliveries.append(delivery)

    def _unpack(self, packed: SourceFile) -> None:
        if receipts.is_known(self._ledger, self._source, packed.key, packed.fingerprint):
            self.files += 1
            return
        with self._alone(packed.key):
            with packed.open() as content:
                found, fault = members_of(packed, content, self._settings.datasets)
                if fault:
                    self._take_in(packed)
                    return
                before = len(self.left)
                disputed = disputed_texts(found, self._settings)
                for member in found:
                    self.take(member, disputed)
                packed.confirm(content)
            if not found:
                self._leave_alone(packed.key, "the archive holds no file")
            if len(self.left) == before:
                with self._ledger.writing() as connection:
                    receipts.remember(connection, self._source, packed.key, packed.fingerprint)

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Ends what fails with one file: it is named, and the next ingest tries it again."""
        try:
            yield
        except Damaged as reason:
            self._leave_alone(key, str(reason))
        except LeftForNextTime as reason:
            self._put_off(key, str(reason))
        except Exception as error:
            if concerns_all(error):
                raise
            self.disk_failed = self.disk_failed or (isinstance(error, OSError) and disk.is_about_the_disk(error))
            self._put_off(key, why_left(error))

    def _put_off(self, key: str, reason: str) -> None:
        say(f"{visible(key)} is left for the next ingest: {reason}")
        self.left.append(Left(key=key, reason=reason))

    def _leave_alone(self, key: str, reason: str) -> None:
        if len(self.not_read) < MOST_NAMED:
            say(f"{visible(key)} is not read: {reason}")
        elif len(self.not_read) == MOST_NAMED:
            say("more files are not read; the result names them all")
        self.not_read.append(Left(key=key, reason=reason))


def take_in(
    ledger: Ledger, source: str, file: SourceFile, settings: Settings, disputed: frozenset[int] = frozenset()
) -> Delivered | None:
    """Takes in one file, as one transaction; returns the outcome, or None when its content was known.

    No text in `disputed` is accepted.
    """
    if file.left:
        raise LeftForNextTime(file.left)
    if receipts.is_known(ledger, source, file.key, file.fingerprint):
        return None
    with file.open() as content:
        content_hash = sha256_of_content(content)
        ledger.settle()
        with ledger.writing() as connection:
            # Checked only now, when no other ingest can work on the same file.
            known = ledger.newest_hash(file.key) == content_hash
            delivery = None if known else _deliver(ledger, connection, file, content, content_hash, settings, disputed)
            receipts.remember(connection, source, file.key, file.fingerprint)
    return delivery


def _deliver(
    ledger: Ledger,
    connection: sqlite3.Connection,
    file: SourceFile,
    content: BinaryIO,
    content_hash: str,
    settings: Settings,
    disputed: frozenset[int],
) -> Delivered:
    number = ledger.watermark() + 1
    connection.execute("SAVEPOINT before")
    try:
        return _rows_of(ledger, connection, number, file, content, content_hash, settings, disputed)
    except OtherNumbers as error:
        connection.execute("ROLLBACK TO before")
        return _rows_of(ledger, connection, number, file, content, content_hash, settings, disputed, str(error))


def _rows_of(
    ledger: Ledger,
    connection: sqlite3.Connection,
    number: int,
    file: SourceFile,
    content: BinaryIO,
    content_hash: str,
    settings: Settings,
    disputed: frozenset[int],
    refused: str = "",
) -> Delivered:
    """Takes in the rows of a file; none of them when the whole is `refused`, with the reason."""
    with quarantining(settings.quarantine, number, file.key) as quarantine:
        delivery = Delivery(
            ledger,
            quarantine,
            number,
            settings.label_set,
            settings.rolling_share,
            disputed,
            source_of(file.key) if settings.source_from == "folder" else None,
        )
        reading = NOT_READ
        if refused:
            delivery.refuse(Record(0, ""), refused)
        else:
            reading = _read(content, file, delivery, settings.label_set, settings.label_field)
        file.confirm(content)
    reasons = dict(quarantine.reasons)
    bad_rows = file_of(settings.quarantine, number, file.key) if reasons else None
    ledger.record(number, file.key, content_hash, delivery.counts)
    receipt = Receipt(reading.form, reading.encoding, file.size, reasons, bad_rows.name if bad_rows else "")
    receipts.add(connection, number, receipt)
    return Delivered(
        number=number,
        key=file.key,
        form=reading.form,
        encoding=reading.encoding,
        **asdict(delivery.counts),
        reasons=reasons,
        quarantine_file=str(bad_rows) if bad_rows else None,
    )


def source_of(key: str) -> str:
    """Returns the first folder of a file's key, "" for a file (or an archive's member) in none."""
    folder, _, rest = key.partition("/")
    return folder if rest and not is_archive(folder) else ""


def _read(content: BinaryIO, file: SourceFile, delivery: Delivery, labels: Labels, label_field: str) -> Reading:
    """Reads every row of a file into `delivery`; a file that cannot be read is quarantined as a whole."""
    content.seek(0)
    reading = NOT_READ
    try:
        reading = read_file(content, file.key, labels, label_field)
        records = _followed(reading.records, content, file)
        doubtful = reading.encoding in (each.name for each in READ)
        delivery.take_in(map(partial(_weighed, reading.encoding), records) if doubtful else records)
    except UnreadableFile as error:
        delivery.refuse(Record(0, error.raw), str(error))
    return reading


def _weighed(encoding: str, record: Record) -> Record:
    """Returns a row of a double-byte file, with an error when it need not be in the file's encoding."""
    if record.error or not is_unlikely(record.columns.text):
        return record
    columns = record.columns._replace(label="")
    return record._replace(columns=columns, error=f"the row need not be {encoding}, as the file is: deliver UTF-8")


def _followed(records: Iterator[Record], content: BinaryIO, file: SourceFile) -> Iterator[Record]:
    """Yields `records` under a progress line that counts the file's bytes."""
    with progress(file.size, visible(file.key), "B") as line:
        for number, record in enumerate(records):
            if number % ROWS_BETWEEN_UPDATES == 0:
                line.update(content.tell() - line.n)
            yield record


def _told(delivery: Delivered) -> str:
    names = ("accepted", "duplicate", "relabelled", "quarantined")
    counts = ", ".join(f"{getattr(delivery, name)} {name}" for name in names)
    if delivery.disagreed:
        counts += f", {delivery.disagreed} disagreed"
    where = f" ({delivery.quarantine_file})" if delivery.quarantine_file else ""
    return f"delivery {delivery.number}, {visible(delivery.key)}: {counts}{where}"


@click.command("ingest")
@click.option("--source", help="A folder, or s3://bucket/prefix; by default SENTIMENT_SOURCE or <home>/datasets/inbox.")
@click.option("--run", help="Also write the result into this run's folder.")
@click.option("--report", "reported", is_flag=False, flag_value="last", help="Show a delivery (default: the last).")
@step
def command(source: str | None, run: str | None, reported: str | None) -> Ingest | Result:
    """Take in newly labelled files; accept or quarantine each row."""
    settings = read_settings()
    if reported:
        told = report(settings, reported)
        say(table(told))
        return told
    result = ingest(source or settings.source_folder, settings)
    if run:
        RunFolder.named(settings, run).write(result)
    return result
