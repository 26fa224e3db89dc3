"""Where the nights are, and how a moment is told to the people there."""

from datetime import date, datetime, timedelta, timezone

from sentiment.language import marked, tr

TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")  # no summer time
MONTHS = (  # in any locale
    *(marked("Jan"), marked("Feb"), marked("Mar"), marked("Apr"), marked("May"), marked("Jun")),
    *(marked("Jul"), marked("Aug"), marked("Sep"), marked("Oct"), marked("Nov"), marked("Dec")),
)


def night_of(at: str) -> date:
    """Returns the day, in Taipei, of a time in ISO 8601."""
    return datetime.fromisoformat(at).astimezone(TAIPEI).date()


def moment_of(at: str) -> datetime | None:
    """Returns a time in ISO 8601, in Taipei's zone; None for anything else, as a person or a program may have written.

    That includes a time without a zone, and one that ends beyond the calendar in Taipei.
    """
    try:
        time = datetime.fromisoformat(at)
        return time.astimezone(TAIPEI) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def taipei_moment(at: str) -> str:
    """Returns a time in ISO 8601 as people read it: `28 Nov 2026, 07:25 (Taipei)`; anything else is left as it is."""
    local = moment_of(at)
    if local is None:
        return at
    month, clock = tr(MONTHS[local.month - 1]), f"{local:%H:%M}"
    return tr("{day} {month} {year}, {clock} (Taipei)", day=local.day, month=month, year=local.year, clock=clock)


def taipei_time(at: datetime) -> str:
    """Returns a moment as people read it: `28 Nov 07:25 (Taipei)`. `at` must know its time zone."""
    local = at.astimezone(TAIPEI)
    month, clock = tr(MONTHS[local.month - 1]), f"{local:%H:%M}"
    return tr("{day} {month} {clock} (Taipei)", day=local.day, month=month, clock=clock)
