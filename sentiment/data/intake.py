"""One file's way into the ledger: read, judged row by row, and accepted or quarantined, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sentiment.data import receipts, retraction
from sentiment.data.delivery import Delivery, OtherNumbers
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.encoding import READ, is_unlikely
from sentiment.data.formats.recognise import Reading, read_file
from sentiment.data.formats.record import Record, UnreadableFile, up_to
from sentiment.data.ledger import Ledger
from sentiment.data.quarantine import Quarantine, Room, file_of, quarantining
from sentiment.data.receipts import Receipt
from sentiment.data.source.source import LeftForNextTime, SourceFile, folder_of
from sentiment.digests import sha256_of_content
from sentiment.progress import progress
from sentiment.results.deliveries import Delivered
from sentiment.settings import Settings
from sentiment.text.harmless import visible

ROWS_BETWEEN_UPDATES = 1_000
RETRACTED = (
    "its content is that of delivery {0}, which was retracted: correct the file, or give "
    "`sentiment retract {0} --undo --reason …`"
)
NOT_READ = Reading("", "", iter(()))


class TakenAlready(Exception):
    """This ingest has taken in another file with the same content; the message names it."""


class WasRetracted(Exception):
    """The content of a file was retracted; the message says which delivery it is, and what to do."""


@dataclass(frozen=True)
class Intake:
    """What takes files of a source in: the ledger, and what is left of the room for bad rows."""

    ledger: Ledger
    source: str
    settings: Settings
    room: Room
    contents: dict[tuple[str, str, str], str] = field(default_factory=dict)  # of this ingest, and where each was first

    def take(
        self, file: SourceFile, disputed: frozenset[int] = frozenset(), until: float | None = None
    ) -> Delivered | None:
        """Takes in one file, as one transaction; returns the outcome, or None when its content was known.

        No text in `disputed` is accepted. `until` is when its archive must be read (on the monotonic clock). Raises:
        LeftForNextTime, OutOfTime, TakenAlready, WasRetracted, and whatever reading the file raises.
        """
        if file.left:
            raise LeftForNextTime(file.left)
        if receipts.is_known(self.ledger, self.source, file.key, file.fingerprint):
            return None
        size = file.delivered_size
        if until is not None:
            Allowance(size, until).check()  # before it is unpacked
        with file.open() as content:
            content_hash = sha256_of_content(content, _allowed(size, until).check)
            same = self._content_of(file.key, content_hash)
            if same in self.contents:
                file.confirm(content)
                with self.ledger.writing() as connection:
                    receipts.remember(connection, self.source, file.key, file.fingerprint)
                raise TakenAlready(f"its content is that of {self.contents[same]}")
            self.ledger.settle()
            with self.ledger.writing() as connection:
                # Checked only now, when no other ingest can work on the same file.
                delivered, known = None, self.ledger.newest_hash(file.key) == content_hash
                retracted = retraction.retracted_with(connection, content_hash)
                if not known and retracted is None:
                    taking = _Taking(self, connection, file, content, disputed, _allowed(size, until))
                    delivered = taking.deliver(content_hash)
                receipts.remember(connection, self.source, file.key, file.fingerprint)
        if retracted is None:
            self.contents[same] = file.key
        elif not known:
            raise WasRetracted(RETRACTED.format(retracted))
        return delivered

    def _content_of(self, key: str, content_hash: str) -> tuple[str, str, str]:
        """Returns what makes two files of this ingest the same: bytes, the ending that says how to read them, whose."""
        ending = Path(key.lower().removesuffix(".gz")).suffix
        return content_hash, ending, folder_of(key) if self.settings.source_from == "folder" else ""


def _allowed(size: int, until: float | None) -> Allowance:
    return Allowance.from_now(size) if until is None else Allowance(size, until)


@dataclass(frozen=True)
class _Taking:
    """One file, while the ledger is written to."""

    intake: Intake
    connection: sqlite3.Connection
    file: SourceFile
    content: BinaryIO
    disputed: frozenset[int]
    allowed: Allowance

    def deliver(self, content_hash: str) -> Delivered:
        self.connection.execute("SAVEPOINT before")
        try:
            return self._rows(content_hash)
        except OtherNumbers as error:
            self.connection.execute("ROLLBACK TO before")
            return self._rows(content_hash, refused=str(error))

    def _rows(self, content_hash: str, refused: str = "") -> Delivered:
        """Takes in the rows of the file; none of them when the whole is `refused`, with the reason."""
        ledger, file, room = self.intake.ledger, self.file, self.intake.room
        number = ledger.watermark() + 1
        folder, size = self.intake.settings.quarantine, file.delivered_size
        with quarantining(folder, number, file.key, room.of(size)) as quarantine:
            delivery = self._delivery(number, quarantine)
            reading = NOT_READ
            if refused:
                delivery.refuse(Record(0, ""), refused)
            else:
                reading = self._read(delivery)
            file.confirm(self.content)
        room.take(size, quarantine.kept)
        reasons = dict(quarantine.reasons)
        bad_rows = file_of(folder, number, file.key) if quarantine.kept else None
        ledger.record(number, file.key, content_hash, delivery.counts)
        receipt = Receipt(reading.form, reading.encoding, file.size, reasons, bad_rows.name if bad_rows else "")
        receipts.add(self.connection, number, receipt)
        return Delivered(
            number=number,
            key=file.key,
            form=reading.form,
            encoding=reading.encoding,
            **asdict(delivery.counts),
            reasons=reasons,
            quarantine_file=str(bad_rows) if bad_rows else None,
            not_copied=quarantine.not_copied,
        )

    def _delivery(self, number: int, quarantine: Quarantine) -> Delivery:
        settings = self.intake.settings
        return Delivery(
            self.intake.ledger,
            quarantine,
            number,
            settings.label_set,
            settings.rolling_share,
            self.disputed,
            folder_of(self.file.key) if settings.source_from == "folder" else None,
            settings.trusted_sources,
        )

    def _read(self, delivery: Delivery) -> Reading:
        """Reads every row into `delivery`; a file that cannot be read is quarantined as a whole."""
        settings, reading = self.intake.settings, NOT_READ
        self.content.seek(0)
        try:
            reading = read_file(self.content, self.file.key, settings.label_set, settings.label_field, self.allowed)
            followed = _followed(self.allowed.in_time(reading.records), self.content, self.file)
            records = up_to(followed, self.allowed.rows)
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
