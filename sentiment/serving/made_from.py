"""The line of `models.config` that names the event which the file was made from.

It has a module of its own, because whoever reads the history needs it: also Airflow's Python, which lacks the
packages that parse the rest of the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from sentiment.serving.chain import DIGITS, Tip

EVENT = "# Made from event "
_LINE = re.compile(rf"^{EVENT}([0-9]{{1,18}}), ([0-9a-f]{{{DIGITS}}})$", re.MULTILINE)


def line(tip: Tip) -> str:
    """Returns the line; "" for a history without an event."""
    return f"{EVENT}{tip.number}, {tip.digest}\n" if tip.number else ""


def read_tip(config: Path) -> Tip:
    """Returns the event that the file was made from; an empty one when it is missing or names none (an older one)."""
    try:
        text = config.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return Tip()
    found = _LINE.search(text)
    return Tip(int(found[1]), found[2]) if found else Tip()
