"""`serving/served.json`: since when a server does not serve what the history says, or when that last was so.

It tells one occurrence from the next, so that people are told once when it begins and once when it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentiment import atomic, disk
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.probe.likeness import UNREACHABLE
from sentiment.results import record
from sentiment.results.record import as_json
from sentiment.results.served import Finding, Occurrence
from sentiment.settings import Settings
from sentiment.step import say

REMEMBERED = timedelta(days=1)  # so long everybody who looks is told that it was so


def note_file(settings: Settings) -> Path:
    """Returns the file that holds the last occurrence."""
    return settings.serving / "served.json"


def last_noted(settings: Settings) -> Occurrence | None:
    """Returns the present occurrence, or the last one; a file that cannot be read only costs a repeated mail."""
    try:
        return record.read(note_file(settings), Occurrence, "")
    except InputError:
        return None


def following(last: Occurrence | None, findings: Sequence[Finding], at: str) -> Occurrence | None:
    """Returns the occurrence that holds after these findings of the moment `at`.

    It is over only when every server was reached and none differs: who hides a server ends nothing.
    """
    open_one = last if last and last.until is None else None
    if differing := [finding.told for finding in findings if finding.differs]:
        return Occurrence(since=open_one.since if open_one else at, differences=differing)
    if open_one and all(finding.kind != UNREACHABLE for finding in findings):
        return Occurrence(since=open_one.since, until=at, differences=open_one.differences)
    return last


def noted(settings: Settings, findings: Sequence[Finding]) -> Occurrence | None:
    """Records what was found, and returns the present occurrence, or the last one."""
    path = note_file(settings)
    if not path.is_file() and not any(finding.differs for finding in findings):
        return None
    with atomic.exclusive_lock(path.with_suffix(".lock")):
        last = last_noted(settings)
        now = following(last, findings, datetime.now(UTC).isoformat(timespec="seconds"))
        if now is not None and now != last:
            _write(path, now)
    return now


def _write(path: Path, now: Occurrence) -> None:
    try:
        atomic.write_json(path, as_json(now))
    except OSError as error:  # a full disk costs a repeated mail, and must not keep a bad canary
        if not disk.is_full(error):
            raise
        say(f"the disk is full: {path} could not be written; free some space")


def in_words(last: Occurrence | None, *, agrees: bool) -> str:
    """Returns a sentence about an occurrence that is over, or is not known to be; "" when there is nothing to say."""
    if last is None:
        return ""
    found = "; ".join(last.differences)
    if last.until is None:
        if agrees:
            return tr(
                "Since {since}, what answered was not what the history says ({found}): it is over now.",
                since=last.since,
                found=found,
            )
        return tr(
            "Since {since}, what answered was not what the history says ({found}):"
            " nothing differs now, but not every server was reached.",
            since=last.since,
            found=found,
        )
    if datetime.now(UTC) - datetime.fromisoformat(last.until) > REMEMBERED:
        return ""
    return tr(
        "From {since} to {until}, what answered was not what the history says ({found}); it is over.",
        since=last.since,
        until=last.until,
        found=found,
    )
