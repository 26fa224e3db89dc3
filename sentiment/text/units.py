"""Formats figures for people: sizes, durations, ages, percentages, points."""

from __future__ import annotations

from sentiment.language import tr, tr_many

MINUS = "\N{MINUS SIGN}"

DAY, HOUR, MINUTE = 86400, 3600, 60  # seconds


def size(number: int | None) -> str:
    if number is None:
        return "–"
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= scale:
            return f"{number / scale:.1f} {unit}"
    return f"{number} B"


def age(seconds: float | None) -> str:
    """Returns a time span as people say it: `45 s`, `12 min`, `31 h`, `9 days`."""
    if seconds is None:
        return "–"
    seconds = max(0.0, seconds)  # clocks differ
    if seconds >= 2 * DAY:
        return tr_many("{number} day", "{number} days", int(seconds // DAY))
    if seconds >= 2 * HOUR:
        return tr("{number} h", number=int(seconds // HOUR))
    if seconds >= 2 * MINUTE:
        return tr("{number} min", number=int(seconds // MINUTE))
    return tr("{number} s", number=int(seconds))


def bytes_as_text(count: int | None) -> str:
    """Returns a size as `ls -h` writes it (units of 1024), as in the older tool's table: 1020K, 390M, 1.1G."""
    if count is None:
        return "-"
    value = float(count)
    for unit in ("B", "K", "M", "G"):
        if value < 999.5 or unit == "G":
            break
        value /= 1024
    if unit == "B":
        return f"{count}B"
    return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"


def time_left(seconds: float) -> str:
    """Returns a duration for people: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def percent(share: float | None, digits: int = 1) -> str:
    """Returns a share as `84.3 %`; a share below 1 never becomes 100 %, and one above 0 never becomes 0 %."""
    if share is None:
        return "–"
    told = f"{share * 100:.{digits}f}"
    smallest = 10.0**-digits
    if told == f"{100:.{digits}f}" and share < 1:
        told = f"{100 - smallest:.{digits}f}"
    if float(told) == 0 and share > 0:
        told = f"{smallest:.{digits}f}"
    return f"{told}\N{NO-BREAK SPACE}%"


def points(difference: float, digits: int = 1) -> str:
    """Returns a difference of shares in percentage points, with its sign: `+1.2`."""
    told = f"{abs(difference) * 100:.{digits}f}"
    return told if float(told) == 0 else f"{MINUS if difference < 0 else '+'}{told}"


def p_value(p: float) -> str:
    """Returns McNemar's p as `p = 0.031`, with no-break spaces so that it stays on one line."""
    told = "p < 0.001" if p < 0.001 else f"p = {min(p, 1.0):.{3 if p < 0.1 else 2}f}"
    return told.replace(" ", "\N{NO-BREAK SPACE}")


def duration(seconds: float) -> str:
    """Returns a time span in at most two units: `4.2 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return tr("{seconds:.1f} s", seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return tr("{minutes} min {rest} s", minutes=minutes, rest=rest)
    return tr("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
