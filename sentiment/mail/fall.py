"""The mail about a stable model that has become worse since it was published. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sentiment.mail.letter import Mail, letter
from sentiment.results.estimate import Estimate, Fall, Night
from sentiment.text.units import percent

QUIET = timedelta(days=28)  # a fall lasts for nights, and one mail says it
TO_DO = [
    "Look at the last nights' estimates on the Models page, and at the candidates: is one better on the new posts?",
    "Is it one source? Look at its newest posts and labels: wrong labels make a good model look bad.",
    "If posts have changed, deliver more of the new kind with labels. A rollback helps only when an earlier version is "
    "better on them: `sentiment estimate FILE --version previous`.",
]


def fall_mail(night: Night, links: Mapping[str, str]) -> Mail | None:
    """Returns the mail about a fall that is larger than allowed; None when there is none, or none is known."""
    if night.fall is None or not night.fall.below:
        return None
    lead = sentence(night.version, night.fall)
    sections = {
        "What is known": [
            f"The newest {night.fall.rows:,} labelled posts that it was never tested on were compared with "
            f"{night.fall.was_rows:,} posts on which it was tested before it was published.",
            f"Last night's posts: {told(night.estimate)}.",
        ],
        "Last night's posts by source": [f"{_name(one)}: {told(one)}" for one in night.by_source],
        "What to do": TO_DO,
        "What happens now": [
            "It keeps serving; nothing was changed. While this lasts, you are told again after four weeks. The limit "
            "is SENTIMENT_ESTIMATE_FALL."
        ],
    }
    mail = letter(f"Sentiment: {lead}", lead, night.run, sections, links)
    return replace(mail, cause=f"fall of version {night.version}", quiet=QUIET)


def sentence(version: int, fall: Fall) -> str:
    """Returns the fall in words."""
    now, was = percent(fall.correct / fall.rows), percent(fall.was_correct / fall.was_rows)
    at_least = f"{-100 * fall.at_best:.1f} points at least, allowed are {100 * fall.limit:.1f}"
    return f"Stable version {version} is worse than it was: {now} of new posts right, {was} before ({at_least})."


def told(one: Estimate) -> str:
    """Returns an estimate, and what the labels said, in words."""
    expected = f"{one.rows:,} posts, {percent(one.accuracy)} expected ({percent(one.low)} to {percent(one.high)})"
    return expected if one.measured is None else f"{expected}, {percent(one.measured)} by their labels"


def _name(one: Estimate) -> str:
    return "other sources" if one.name is None else one.name or "without a source"
