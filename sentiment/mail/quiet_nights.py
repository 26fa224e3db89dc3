"""Nights without a new post, and the mail about them. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path

from sentiment.errors import InputError
from sentiment.language import tr, tr_many
from sentiment.mail.letter import Mail, about, letter
from sentiment.mail.repeats import cause_key
from sentiment.results import record
from sentiment.results.deliveries import Prepare
from sentiment.text.taipei import TAIPEI

MOST_RUNS = 1000


def quiet_nights(runs: Path) -> list[date]:
    """Returns the days (in Taipei) without new posts since the last day that had some; the newest first.

    `runs` is the folder that holds the run folders.
    """
    results = sorted(runs.glob("*/prepare.json"), key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_RUNS]
    quiet = takewhile(_is_quiet, results)
    return list(dict.fromkeys(datetime.fromtimestamp(path.stat().st_mtime, TAIPEI).date() for path in quiet))


def _is_quiet(prepared: Path) -> bool:
    """Tells whether a run found nothing new; one whose result cannot be read ends the quiet nights."""
    try:
        return record.read(prepared, Prepare, "").nothing_new
    except InputError:
        return False


def is_due(nights: int, every: int) -> bool:
    """Tells whether a mail is due after so many quiet nights: at every multiple of `every`."""
    return every > 0 and nights > 0 and nights % every == 0


def quiet_mail(nights: list[date], source: str, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about quiet nights; `source` is the folder in which deliveries arrive."""
    lead = tr_many(
        "No new posts for {number} night, since {day}: no model was trained.",
        "No new posts for {number} nights, since {day}: no model was trained.",
        len(nights),
        day=f"{nights[-1]:%Y-%m-%d}",
    )
    sections = {
        tr("What to look at"): [
            tr(
                "Do files still arrive in {folder}? `sentiment ingest --report` shows what became of each.",
                folder=source,
            ),
            tr(
                "Were all their posts delivered before, or are they in quarantine? datasets/quarantine gives the "
                "reasons."
            ),
        ],
        tr("What happens now"): [tr("The stable model keeps serving. The next night's run looks for new posts again.")],
    }
    return replace(letter(about(lead), lead, run, sections, links), cause=cause_key("nothing new"))
