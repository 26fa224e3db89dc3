"""Values as the page writes them. Anything that should be a number and is not becomes a dash."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any, TypeGuard

from sentiment.language import marked, tr
from sentiment.text.direction import isolated
from sentiment.text.harmless import one_line
from sentiment.text.taipei import TAIPEI

NONE = "–"
Line = tuple[str, str]  # of a card: name, value
# Labels, and what a rollback returns to: the page gets them as values.
LABELS = (marked("stable"), marked("canary"), marked("previous"), marked("reference"))


def is_number(value: object) -> TypeGuard[int | float]:
    """Tells whether `value` is a number that can be written; NaN, True and what no float can hold are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def share(value: object) -> str:
    """Returns an accuracy or a recall: `0.824`."""
    return f"{value:.3f}" if is_number(value) and 0 <= value <= 1 else NONE


def count(value: object) -> str:
    return f"{value:,}" if is_count(value) else NONE


def megabytes(value: object) -> str:
    """Returns bytes as megabytes (10⁶): `6.4 MB`."""
    return f"{value / 1e6:,.1f} MB" if is_number(value) and value >= 0 else NONE


def milliseconds(value: object) -> str:
    return f"{value:,.1f} ms" if is_number(value) and value >= 0 else NONE


def when(at: object) -> str:
    """Returns an ISO time in Taipei time, `2026-11-23 07:04`; anything else is returned unchanged."""
    try:
        time = datetime.fromisoformat(str(at))
        return time.astimezone(TAIPEI).strftime("%Y-%m-%d %H:%M") if time.tzinfo else one_line(at, 40)
    except (ValueError, OverflowError):
        return one_line(at, 40) if at else NONE


def text(value: Any, longest: int = 2000) -> str:
    """Returns a stranger's words as one harmless line; "" for None."""
    return "" if value is None else isolated(one_line(value, longest))


def labelled(label: str) -> str:
    """Returns a label, or a role, as the page shows it; a word that is neither stays as it is."""
    return tr(label) if label in LABELS else label


def nobody(label: str) -> str:
    """Returns that no version has the label."""
    return tr("There is no stable version.") if label == "stable" else tr("There is no canary version.")
