"""The mail about a stable model that has become worse since it was published. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sentiment.language import marked, tr
from sentiment.mail.letter import Mail, about, letter
from sentiment.results.estimate import Estimate, Fall, Night
from sentiment.text.units import percent

QUIET = timedelta(days=28)  # a fall lasts for nights, and one mail says it
TO_DO = [
    marked(
        "Look at the last nights' estimates on the Models page, and at the candidates: is one better on the new posts?"
    ),
    marked("Is it one source? Look at its newest posts and labels: wrong labels make a good model look bad."),
    marked(
        "If posts have changed, deliver more of the new kind with labels. A rollback helps only when an earlier "
        "version is better on them: `sentiment estimate FILE --version previous`."
    ),
]


def fall_mail(night: Night, links: Mapping[str, str]) -> Mail | None:
    """Returns the mail about a fall that is larger than allowed; None when there is none, or none is known."""
    if night.fall is None or not night.fall.below:
        return None
    lead = sentence(night.version, night.fall)
    sections = {
        tr("What is known"): [
            tr(
                "The newest {rows:,} labelled posts that it was never tested on were compared with {before:,} posts on "
                "which it was tested before it was published.",
                rows=night.fall.rows,
                before=night.fall.was_rows,
            ),
            tr("Last night's posts: {estimate}.", estimate=told(night.estimate)),
        ],
        tr("Last night's posts by source"): [
            tr("{name}: {estimate}", name=_name(one), estimate=told(one)) for one in night.by_source
        ],
        tr("What to do"): [tr(line) for line in TO_DO],
        tr("What happens now"): [
            tr(
                "It keeps serving; nothing was changed. While this lasts, you are told again after four weeks. The "
                "limit is SENTIMENT_ESTIMATE_FALL."
            )
        ],
    }
    mail = letter(about(lead), lead, night.run, sections, links)
    return replace(mail, cause=f"fall of version {night.version}", quiet=QUIET)


def sentence(version: int, fall: Fall) -> str:
    """Returns the fall in words."""
    return tr(
        "Stable version {version} is worse than it was: {now} of new posts right, {was} before ({least:.1f} points at "
        "least, allowed are {limit:.1f}).",
        version=version,
        now=percent(fall.correct / fall.rows),
        was=percent(fall.was_correct / fall.was_rows),
        least=-100 * fall.at_best,
        limit=100 * fall.limit,
    )


def told(one: Estimate) -> str:
    """Returns an estimate, and what the labels said, in words."""
    expected = tr(
        "{rows:,} posts, {share} expected ({low} to {high})",
        rows=one.rows,
        share=percent(one.accuracy),
        low=percent(one.low),
        high=percent(one.high),
    )
    if one.measured is None:
        return expected
    return tr("{expected}, {share} by their labels", expected=expected, share=percent(one.measured))


def _name(one: Estimate) -> str:
    return tr("other sources") if one.name is None else one.name or tr("without a source")
