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
from sentiment.language import marked, recorded, tr
from sentiment.serving.retractions import retracted_deliveries
from sentiment.settings import Settings
from sentiment.text.columns import cells
from sentiment.text.harmless import visible

OUTCOMES = (
    *(marked("accepted"), marked("duplicate"), marked("relabelled")),
    *(marked("disagreed"), marked("quarantined")),
)
EXAMPLES = 3  # of every reason
LONGEST_EXAMPLE = 60  # characters
WIDTH = 12  # columns of a terminal that a line's name takes


def report(settings: Settings, wanted: str) -> dict[str, Any]:
    """Returns the delivery whose number is `wanted` ("last" is the newest one), as JSON-ready values.

    Raises: InputError when there is no such delivery, or when the ledger is damaged.
    """
    deliveries, found, receipt = [], None, None
    if settings.posts_database.exists():
        with posts_ledger.opened(settings.posts_database) as ledger:
            receipts.make_tables(ledger)
            ledger.require_sound("receipts")
            deliveries = ledger.deliveries()
            found = next((item for item in reversed(deliveries) if wanted in ("last", str(item.number))), None)
            receipt = receipts.receipt_of(ledger, found.number) if found else None
    if found is None:
        raise InputError(
            "--report must name a delivery",
            found=f"{wanted!r} and {len(deliveries)} deliveries in {settings.posts_database}",
            do="Give the number of one, or no number for the last delivery.",
        )
    said = {one.delivery: one.sentence for one in retracted_deliveries(settings.posts_database)}
    return {**describe(found, receipt or Receipt(), settings.quarantine), "retracted": said.get(found.number)}


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
    read_as = ", ".join(filter(None, (told["form"], told["encoding"]))) or tr("could not be read")
    file = tr("{file} ({bytes:,} bytes, {read_as})", file=visible(told["key"]), bytes=told["bytes"], read_as=read_as)
    lines = [
        _line(tr("delivery"), str(told["number"])),
        _line(tr("file"), file),
        _line(tr("taken in"), told["at"]),
        *(_line(tr(name), f"{told[name]:,}") for name in OUTCOMES),
    ]
    lines += [recorded(told["retracted"])] if told["retracted"] else []
    for reason, number in sorted(told["reasons"].items(), key=lambda item: -item[1]):
        lines.append(f"  {number:>7,}  {recorded(reason)}")
        rows = told["examples"].get(reason, ())
        lines += ["           " + tr("line {line}: {text}", line=row["line"], text=row["row"]) for row in rows]
    if told["quarantine_file"]:
        lines.append(tr("to correct these rows, edit text and label in a copy of this file and deliver the copy:"))
        lines.append(f"  {told['quarantine_file']}")
    elif told["reasons"]:
        lines.append(tr("the file with these rows is no longer in the quarantine"))
    return "\n".join(lines)


def _line(name: str, value: str) -> str:
    return f"{name}{' ' * (WIDTH - cells(name))}{value}"
