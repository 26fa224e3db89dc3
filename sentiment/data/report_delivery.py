"""`sentiment ingest --report`: shows what became of one delivery, to the person who has to act on it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from sentiment.data import ledger as posts_ledger
from sentiment.data import receipts
from sentiment.data.ledger import Delivered
from sentiment.data.quarantine import counted_as, rows_of
from sentiment.data.receipts import Receipt
from sentiment.errors import InputError
from sentiment.settings import Settings
from sentiment.text.harmless import visible

OUTCOMES = ("accepted", "duplicate", "relabelled", "disagreed", "quarantined")
EXAMPLES = 3  # of every reason
LONGEST_EXAMPLE = 60  # characters


def report(settings: Settings, wanted: str) -> dict[str, Any]:
    """Returns the delivery whose number is `wanted` ("last" is the newest one), as JSON-ready values.

    Raises: InputError when there is no such delivery.
    """
    deliveries, found, receipt = [], None, None
    if settings.posts_database.exists():
        with posts_ledger.opened(settings.posts_database) as ledger:
            receipts.make_tables(ledger)
            deliveries = ledger.deliveries()
            found = next((item for item in reversed(deliveries) if wanted in ("last", str(item.number))), None)
            receipt = receipts.receipt_of(ledger, found.number) if found else None
    if found is None:
        raise InputError(
            "--report must name a delivery",
            found=f"{wanted!r} and {len(deliveries)} deliveries in {settings.posts_database}",
            do="Give the number of one, or no number for the last delivery.",
        )
    return describe(found, receipt or Receipt(), settings.quarantine)


def describe(delivery: Delivered, receipt: Receipt, quarantine: Path) -> dict[str, Any]:
    """Returns a delivery with its receipt and the first rows that were refused for each reason."""
    path = quarantine / receipt.quarantine_file if receipt.quarantine_file else None
    return {
        "number": delivery.number,
        "key": delivery.key,
        "at": delivery.at,
        "form": receipt.form,
        "encoding": receipt.encoding,
        "bytes": receipt.bytes,
        "hash": delivery.hash,
        "accepted": delivery.counts.accepted,
        "duplicate": delivery.counts.duplicate,
        "relabelled": delivery.counts.relabelled,
        "disagreed": delivery.counts.disagreed,
        "quarantined": delivery.counts.quarantined,
        "reasons": receipt.reasons,
        "examples": first_rows(path, receipt.reasons) if path and path.exists() else {},
        "quarantine_file": str(path) if path and path.exists() else None,
    }


def first_rows(path: Path, reasons: dict[str, int]) -> dict[str, list[dict[str, str]]]:
    """Returns the first rows of a quarantine file for each reason."""
    missing = sum(min(number, EXAMPLES) for number in reasons.values())
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows_of(path):
        reason = counted_as(row["reason"])
        if len(found[reason]) < EXAMPLES:
            shown = visible(row["text"] or row["raw"])
            cut = shown[:LONGEST_EXAMPLE] + ("…" if len(shown) > LONGEST_EXAMPLE else "")
            found[reason].append({"line": row["line"], "reason": row["reason"], "row": cut})
            missing -= 1
        if missing <= 0:
            break
    return dict(found)


def table(told: dict[str, Any]) -> str:
    """Returns a report as lines for a terminal."""
    read_as = ", ".join(filter(None, (told["form"], told["encoding"]))) or "could not be read"
    lines = [
        f"delivery    {told['number']}",
        f"file        {visible(told['key'])} ({told['bytes']:,} bytes, {read_as})",
        f"taken in    {told['at']}",
    ]
    lines += [f"{name:<12}{told[name]:,}" for name in OUTCOMES]
    for reason, number in sorted(told["reasons"].items(), key=lambda item: -item[1]):
        lines.append(f"  {number:>7,}  {reason}")
        lines += [f"           line {row['line']}: {row['row']}" for row in told["examples"].get(reason, ())]
    if told["quarantine_file"]:
        lines.append("to correct these rows, edit text and label in a copy of this file and deliver the copy:")
        lines.append(f"  {told['quarantine_file']}")
    elif told["reasons"]:
        lines.append("the file with these rows is no longer in the quarantine")
    return "\n".join(lines)
