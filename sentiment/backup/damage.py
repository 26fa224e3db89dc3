"""What of a home is damaged or gone, compared with a backup: only that is put back; what is sound does not go back."""

from __future__ import annotations

from pathlib import Path

from sentiment import json_lines
from sentiment.backup import contents
from sentiment.data import ledger_file
from sentiment.digests import BLOCK, sha256_of
from sentiment.language import tr
from sentiment.results.backup import KeptFile, Manifest
from sentiment.serving import chain
from sentiment.serving.history import fault
from sentiment.settings import Settings

TEXTS = contents.RESULTS | {".tsv", ".csv", ".config"}


def of_ledger(settings: Settings, manifest: Manifest) -> str:
    """Returns what is wrong with the home's ledger; "" when it is sound and knows the backup's deliveries."""
    path = settings.posts_database
    if problem := ledger_file.problem(path, in_use=True):
        return problem
    if (label := ledger_file.largest_label(path)) >= len(settings.label_set):
        return f"the label {label}"
    newest = ledger_file.newest_delivery(path, in_use=True)
    if newest >= manifest.deliveries:
        return ""
    return tr("{newest} deliveries, the backup has {deliveries}", newest=newest, deliveries=manifest.deliveries)


def of_history(settings: Settings, copy: Path, manifest: Manifest) -> str:
    """Returns what is wrong with the home's history; "" when it is sound and has all events of the backup's, `copy`."""
    if refused := fault(settings):
        return refused.found
    if not manifest.events:
        return ""
    last = chain.tips(json_lines.read(copy))[-1]
    ends = chain.tips(json_lines.read(settings.history))
    if last.number < len(ends) and ends[last.number] == last:
        return ""
    return tr("{events} events, without event {event} of the backup", events=len(ends) - 1, event=last.number)


def of_file(path: Path, kept: KeptFile) -> str:
    """Returns what is wrong with any other file; "" for a sound one, which may have changed since the backup.

    People change texts, and `forget` does; what a machine wrote for machines never changes.
    """
    if not path.is_file():
        return tr("no file")
    if path.suffix not in TEXTS:
        return "" if path.stat().st_size == kept.bytes and sha256_of(path) == kept.sha256 else tr("other bytes")
    if kept.bytes and not path.stat().st_size:
        return tr("0 bytes")
    return tr("NUL bytes") if _has_nul(path) else ""


def _has_nul(path: Path) -> bool:
    """Tells whether a text has what a crash of the machine leaves where its last writes were."""
    with path.open("rb") as content:
        return any(b"\0" in piece for piece in iter(lambda: content.read(BLOCK), b""))
