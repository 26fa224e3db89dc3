"""When something was made, as people write it."""

from __future__ import annotations

from datetime import datetime

from sentiment.language import marked, tr

MONTHS = (  # in any locale
    *(marked("January"), marked("February"), marked("March"), marked("April"), marked("May"), marked("June")),
    *(marked("July"), marked("August"), marked("September"), marked("October"), marked("November")),
    marked("December"),
)


def moment(made: str) -> str:
    """Returns an ISO time as `5 November 2026, 14:03 UTC`; anything else is returned unchanged."""
    try:
        time = datetime.fromisoformat(made)
    except ValueError:
        return made
    month = tr(MONTHS[time.month - 1])
    told = tr("{day} {month} {year}, {clock}", day=time.day, month=month, year=time.year, clock=f"{time:%H:%M}")
    return f"{told} {time.tzname() or ''}".strip()
