"""Decides from probes: is this one bad, is the canary baked, must it be withdrawn? Pure functions.

A probe is about a *term*: one version as the canary since its event, beside one stable version. Probes of another term
say nothing about it. A probe is

    good           the canary answers no worse than stable
    bad            the canary answers wrongly, slowly or not at all, while stable answers
    unreachable    stable did not answer either: the server or the network is at fault, never the canary
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise, takewhile
from typing import Final, Literal

from sentiment.language import tr
from sentiment.results.probe import Probe, Server, Term
from sentiment.settings import Settings
from sentiment.statistics.paired import mcnemar_p
from sentiment.text.taipei import moment_of

Outcome = Literal["good", "bad", "unreachable"]
GOOD: Final = "good"
BAD: Final = "bad"
UNREACHABLE: Final = "unreachable"
CHANCE = 0.05  # from this McNemar's p on, fewer right answers may be chance: few rows prove little
LONE_ERRORS = 1  # a single failed answer may be chance, however few questions were asked
FEWEST_TIMES = 20  # with fewer answers, the 95th percentile is only the slowest answer
UNNOTICED_MS = 25.0  # a canary that is slower by less than this is not slow, whatever the ratio
LONGEST_GAP = timedelta(minutes=15)  # a longer gap between two good probes counts as this much good time


def outcome(servers: Mapping[str, Server], settings: Settings) -> tuple[Outcome, list[str]]:
    """Returns the outcome of a probe with these servers' figures, and every reason for it.

    A server with an `unreachable` (the reason) is not judged; if no server is left, the probe is unreachable.
    """
    gone = {address: why for address, found in servers.items() if (why := unreachable(found, settings))}
    if len(gone) == len(servers):
        return UNREACHABLE, [f"{address}: {why}" for address, why in gone.items()]
    found = {address: reasons(figures, settings) for address, figures in servers.items() if address not in gone}
    named = [_at(address, why) if len(servers) > 1 else why for address in found for why in found[address]]
    return (BAD, named) if named else (GOOD, [])


def _at(address: str, sentence: str) -> str:
    return tr("{sentence} (at {address})", sentence=sentence, address=address)


def unreachable(server: Server, settings: Settings) -> str:
    """Returns why the canary cannot be judged on this server; "" when it can."""
    if server.unreachable:
        return server.unreachable
    stable, asked = server.stable, server.asked or 0
    if stable and stable.errors > max(LONE_ERRORS, settings.canary_errors * asked):
        return tr(
            "stable failed, too: {failed} of {asked} questions ({error})",
            failed=stable.errors,
            asked=asked,
            error=stable.error,
        )
    return ""


def reasons(server: Server, settings: Settings) -> list[str]:
    """Returns why the canary is bad on this server; [] when it is not."""
    return [*_errors(server, settings), *_accuracy(server, settings), *_slowness(server, settings)]


def _errors(server: Server, settings: Settings) -> Iterator[str]:
    canary, asked = server.canary, server.asked or 0
    if canary and canary.errors > max(LONE_ERRORS, settings.canary_errors * asked):
        yield tr(
            "{failed} of {asked} questions failed, the limit is {limit:.1%} ({error})",
            failed=canary.errors,
            asked=asked,
            limit=settings.canary_errors,
            error=canary.error,
        )


def _accuracy(server: Server, settings: Settings) -> Iterator[str]:
    pairs = server.pairs
    if not pairs or not pairs.rows:
        return
    lost, won, rows = pairs.only_stable_right, pairs.only_canary_right, pairs.rows
    drop = (lost - won) / rows
    if drop > settings.canary_accuracy_drop and mcnemar_p(won, lost) < CHANCE:
        yield tr(
            "{points:.1f} percentage points fewer right answers than stable on the same {rows} posts, "
            "the limit is {limit:.1f}",
            points=100 * drop,
            rows=rows,
            limit=100 * settings.canary_accuracy_drop,
        )


def _slowness(server: Server, settings: Settings) -> Iterator[str]:
    stable, canary = server.stable, server.canary
    if not stable or not canary or min(stable.answers, canary.answers) < FEWEST_TIMES:
        return
    slow, usual = canary.p95_ms or 0.0, stable.p95_ms or 0.0
    if slow > settings.canary_slowdown * usual and slow - usual > UNNOTICED_MS:
        yield tr(
            "95 % of the answers took up to {slow:.0f} ms, stable's up to {usual:.0f} ms, "
            "the limit is {limit:g} times as long",
            slow=slow,
            usual=usual,
            limit=settings.canary_slowdown,
        )


def of_term(probes: Iterable[Probe], term: Term) -> list[Probe]:
    """Returns the good and bad probes of that term that tell something about its canary."""
    return [probe for probe in probes if probe.term == term and probe.outcome in (GOOD, BAD)]


def of_last_term(probes: Iterable[Probe], version: int) -> list[Probe]:
    """Returns the probes of the last term in which `version` was canary, that tell something about it."""
    about = [probe for probe in probes if probe.canary == version]
    return of_term(about, about[-1].term) if about else []


def bad_in_a_row(probes: Sequence[Probe]) -> list[Probe]:
    """Returns the bad probes at the end of one term's probes, oldest first."""
    return list(takewhile(lambda probe: probe.outcome == BAD, reversed(probes)))[::-1]


def good_minutes(probes: Sequence[Probe]) -> float:
    """Returns how long the canary has answered well, in minutes: from the first to the last good probe since a bad one.

    A gap without probes counts as a quarter of an hour at most, and one whose time cannot be read not at all.
    """
    good = list(takewhile(lambda probe: probe.outcome == GOOD, reversed(probes)))[::-1]
    moments = [moment for probe in good if (moment := moment_of(probe.at))]
    gaps = (min(max(later - earlier, timedelta()), LONGEST_GAP) for earlier, later in pairwise(moments))
    return sum(gaps, timedelta()).total_seconds() / 60


def is_baked(probes: Sequence[Probe], settings: Settings) -> bool:
    """Tells whether the canary has answered well for long enough."""
    return bool(probes) and probes[-1].outcome == GOOD and good_minutes(probes) >= settings.canary_bake_minutes


def must_go(probes: Sequence[Probe], settings: Settings) -> bool:
    """Tells whether so many of one term's probes in a row were bad that its canary must be withdrawn."""
    return len(bad_in_a_row(probes)) >= settings.canary_bad_probes
