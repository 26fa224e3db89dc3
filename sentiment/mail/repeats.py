"""Prevents mail storms: a cause is mailed once within a set time; the next mail says how many were held back.

`serving/mailed.json` holds, under a hash of each cause (which may quote a post), when it was last mailed and how many
mails were held back since. Standard library only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sentiment import atomic
from sentiment.settings import Settings

# Numbers, dates, digests; it is looked for once in each run of letters, however long a stranger made it.
NUMBERS = re.compile(r"(?:(?<![0-9a-f])[0-9a-f]*)?\d[0-9a-f.:+]*")
FORGOTTEN_AFTER = timedelta(days=30)
Record = dict[str, Any]


class Told(NamedTuple):
    """Whether to mail now; `held` mails about the same cause were held back since `since`."""

    mail: bool
    held: int = 0
    since: str = ""


def mailed_file(settings: Settings) -> Path:
    """Returns the file that records what was mailed."""
    return settings.serving / "mailed.json"


def cause_key(*parts: object) -> str:
    """Returns the key of a cause; causes that differ only in numbers, dates and the like share one."""
    text = "\0".join(NUMBERS.sub("#", str(part).casefold()) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def decide(record: Mapping[str, Any], now: datetime, quiet: timedelta) -> Told:
    """Returns whether to mail about a cause with this `record` ({} when the cause is new)."""
    if not record:
        return Told(True)
    last = datetime.fromisoformat(record["mailed"])
    return Told(not timedelta() <= now - last < quiet, int(record["held"]), str(record["mailed"]))


def look(path: Path, key: str, now: datetime, quiet: timedelta) -> Told:
    """Returns whether to mail about a cause; a record that cannot be read holds nothing back."""
    try:
        return decide(_read(path).get(key, {}), now, quiet)
    except (KeyError, ValueError, TypeError):
        return Told(True)


def note(path: Path, key: str, now: datetime, *, mailed: bool) -> None:
    """Records that a mail about a cause was sent or held back."""
    with atomic.exclusive_lock(path.with_suffix(".lock")):
        record = {name: item for name, item in _read(path).items() if _is_recent(item, now)}
        before = record.get(key, {})
        fresh = {"mailed": now.isoformat(timespec="seconds"), "held": 0}
        record[key] = fresh if mailed or not before else {**before, "held": before["held"] + 1}
        atomic.write_json(path, record)


def _is_recent(item: Any, now: datetime) -> bool:
    try:
        return int(item["held"]) >= 0 and now - datetime.fromisoformat(item["mailed"]) < FORGOTTEN_AFTER
    except (KeyError, ValueError, TypeError):
        return False


def _read(path: Path) -> Record:
    return atomic.read_json(path) or {}
