"""Keeps what a person asks about a delivery, and which files are read again, or last: tables beside the ledger's.

A receipt says how a delivery was read and why rows were refused. A fingerprint (an object's ETag, a file's size and
times) identifies a file whose content the ledger has. A slow file took too long to read; the next ingest takes it after
all others. None of these affects any row: without these tables an ingest reads every file, and finds that it knows it.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

from sentiment.data.ledger import Ledger

TABLES = {
    "receipts": """CREATE TABLE IF NOT EXISTS receipts (
        delivery INTEGER PRIMARY KEY REFERENCES deliveries (number), form TEXT NOT NULL, encoding TEXT NOT NULL,
        bytes INTEGER NOT NULL, reasons TEXT NOT NULL, quarantine_file TEXT NOT NULL
    )""",
    "fingerprints": """CREATE TABLE IF NOT EXISTS fingerprints (
        source TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (source, key)
    ) WITHOUT ROWID""",
    "slow": """CREATE TABLE IF NOT EXISTS slow (
        source TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (source, key)
    ) WITHOUT ROWID""",
}


@dataclass(frozen=True)
class Receipt:
    """How a delivery was read: its format and encoding ("" when it was not read at all), size and refused rows."""

    form: str = ""
    encoding: str = ""
    bytes: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    quarantine_file: str = ""  # its name within the quarantine folder; empty when no row was refused


def make_tables(ledger: Ledger) -> None:
    """Creates the tables if they do not exist yet."""
    with ledger.reading() as connection:
        query = f"SELECT COUNT(*) FROM sqlite_master WHERE name IN ({', '.join('?' * len(TABLES))})"
        present = connection.execute(query, tuple(TABLES)).fetchone()[0]
    if present < len(TABLES):
        with ledger.writing() as connection:
            for statement in TABLES.values():
                connection.execute(statement)


def remember(connection: sqlite3.Connection, source: str, key: str, fingerprint: str) -> None:
    """Notes, within a transaction, that the ledger has the content that `fingerprint` stands for."""
    connection.execute("INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?)", (source, key, fingerprint))
    connection.execute("DELETE FROM slow WHERE source = ? AND key = ?", (source, key))


def note_slow(ledger: Ledger, source: str, key: str) -> None:
    """Notes that a file took too long to read."""
    with ledger.writing() as connection:
        connection.execute("INSERT OR IGNORE INTO slow VALUES (?, ?)", (source, key))


def slow(ledger: Ledger, source: str) -> frozenset[str]:
    """Returns the keys of the files of a source that took too long to read when they were read last."""
    with ledger.reading() as connection:
        return frozenset(key for (key,) in connection.execute("SELECT key FROM slow WHERE source = ?", (source,)))


def is_known(ledger: Ledger, source: str, key: str, fingerprint: str) -> bool:
    """Tells whether the ledger has the content that `fingerprint` stands for."""
    with ledger.reading() as connection:
        query = "SELECT 1 FROM fingerprints WHERE source = ? AND key = ? AND fingerprint = ?"
        return connection.execute(query, (source, key, fingerprint)).fetchone() is not None


def has_delivered(ledger: Ledger, source: str) -> bool:
    """Tells whether the ledger has any content from a source."""
    with ledger.reading() as connection:
        query = "SELECT EXISTS (SELECT 1 FROM fingerprints WHERE source = ?)"
        return bool(connection.execute(query, (source,)).fetchone()[0])


def add(connection: sqlite3.Connection, delivery: int, receipt: Receipt) -> None:
    """Keeps the receipt of a delivery, within its transaction."""
    reasons = json.dumps(receipt.reasons, ensure_ascii=False)
    values = (delivery, receipt.form, receipt.encoding, receipt.bytes, reasons, receipt.quarantine_file)
    connection.execute("INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?)", values)


def receipt_of(ledger: Ledger, delivery: int) -> Receipt | None:
    """Returns the receipt of a delivery, or None for one from before receipts were kept."""
    with ledger.reading() as connection:
        query = "SELECT form, encoding, bytes, reasons, quarantine_file FROM receipts WHERE delivery = ?"
        row = connection.execute(query, (delivery,)).fetchone()
    return Receipt(row[0], row[1], row[2], json.loads(row[3]), row[4]) if row else None
