"""`sentiment refresh-tests`: replaces the frozen test set by one that few decisions, or none, were made on.

What the set was is kept, and is never trained on. Stable and reference are scored on both, so that the step in their
lines is known. The refreshment is a line of `serving/refreshments.jsonl`; see `sentiment.data.retired` for the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from sentiment.data import ledger as posts_ledger
from sentiment.data import retired
from sentiment.data.candidate_rows import CandidateRows, candidate_rows
from sentiment.data.ledger import Ledger
from sentiment.data.refreshing import Chosen, choose
from sentiment.data.tsv import Post, write_posts_for_people
from sentiment.errors import InputError
from sentiment.evaluation.comparing import digest_of
from sentiment.evaluation.refresh_wording import told, told_few
from sentiment.evaluation.rescore import rescored
from sentiment.gate.wear import wear_of
from sentiment.labels import Labels
from sentiment.results.refreshment import Refreshment, Rescored, TestSetFile
from sentiment.serving import refreshments
from sentiment.serving.change import now, user
from sentiment.serving.history import read_state
from sentiment.serving.lock import held
from sentiment.settings import Settings, read_settings
from sentiment.statistics.intervals import at_least_above
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.text.units import percent

LARGEST_FALL = 0.1  # of a model's accuracy on the new rows, at least: no honest month moves the posts so far


@dataclass(frozen=True)
class Wish:
    """How many rows the new set has, and how many of them are old ones; None: as many as now, and half of them.

    `sources` are the only ones that new rows come from; none: from any. `accepts_fall` says that the new rows may be
    ones on which stable is far worse.
    """

    rows: int | None = None
    overlap: int | None = None
    sources: tuple[str, ...] = ()
    accepts_fall: bool = False


def refresh_tests(settings: Settings, wish: Wish, who: str) -> tuple[Refreshment, bool]:
    """Replaces the frozen test set; returns the refreshment, and whether an earlier call had been killed in it.

    Such a refreshment is finished, and then there is none besides. Raises: InputError when there are too few new rows,
    or when somebody else refreshed the set or deleted one of its texts meanwhile; then nothing has changed.
    """
    before = len(refreshments.read_refreshments(settings))
    with held(settings.serving / "refreshments.lock", who):
        done = refreshments.read_refreshments(settings)
        if len(done) > before:
            raise InputError(
                "only one refreshment at a time may be made", found=f"one by {done[-1].who} at {done[-1].at}",
                do="Look at `sentiment status`; give the command again for another one.",
            )  # fmt: skip
        if done and retired.put_in_place(settings.base_data, done[-1].number):
            return done[-1], True
        retired.drop_unmeant(settings.base_data, settings.label_set)
        return _refreshed(settings, wish, who, done[-1].number if done else 0), False


def _refreshed(settings: Settings, wish: Wish, who: str, last: int) -> Refreshment:
    rows = candidate_rows(settings, wish.sources)
    old, chosen = rows.frozen, _choose(rows, wish, settings.label_set)
    frozen = [*(old[place] for place in chosen.kept), *chosen.fresh]
    scores = rescored(settings, old, chosen)
    if not wish.accepts_fall:
        require_answered(scores, len(old), len(chosen.fresh))
    base, at = settings.base_data, now()
    number = retired.free_number(base, last)
    kept = retired.file_of(base, number, at[:10])
    made = Refreshment(
        number=number,
        at=at,
        who=who,
        retired=TestSetFile(file=str(kept.relative_to(base)), rows=len(old), sha256=digest_of(old)),
        frozen=TestSetFile(file=retired.FROZEN, rows=len(frozen), sha256=digest_of(frozen)),
        overlap=len(chosen.kept),
        touched=rows.touched(chosen.fresh),
        newest_version=read_state(settings).newest,
        scores=scores,
        worn=wear_of(settings),
    )
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.writing():  # nobody can delete a text meanwhile
        _require_remembered(ledger, [*old, *frozen])
        # The next set first: by it, what a kill leaves is known.
        write_posts_for_people(retired.next_file(base, number), frozen)
        write_posts_for_people(kept, old)
        refreshments.record(settings, made)
        retired.put_in_place(base, number)
    _warn_of_few(len(rows.pool) - len(chosen.fresh), settings.gate_minimum_rolling)
    return made


def require_answered(scores: Sequence[Rescored], old: int, fresh: int) -> None:
    """Raises: InputError when a model is clearly and far worse on the new rows: their labels may be wrong.

    The newest rows are those of deliveries whose candidates nobody has approved yet, a poisoned one among them.
    """
    for one in scores:
        at_least = at_least_above(round(one.retired * old), old, round(one.fresh * fresh), fresh)
        if at_least > LARGEST_FALL:
            raise InputError(
                f"{one.role}, version {one.version}, must answer the new test rows about as well as the present ones",
                found=f"{percent(one.fresh)} of {fresh:,} right, and {percent(one.retired)} of {old:,}",
                do="Look at the labels of the newest deliveries, and correct them, or leave a source out (--source). "
                "If they are right, give --accept-fall.",
            )


def _warn_of_few(left: int, needed: int) -> None:
    if left < needed:
        with to_people():
            say(told_few(left, needed))


def _choose(rows: CandidateRows, wish: Wish, labels: Labels) -> Chosen:
    wanted = len(rows.frozen) if wish.rows is None else wish.rows
    overlap = min(len(rows.frozen), wanted // 2) if wish.overlap is None else wish.overlap
    return choose(rows.frozen, rows.pool, wanted, overlap, labels)


def _require_remembered(ledger: Ledger, posts: Sequence[Post]) -> None:
    """Raises: InputError when a text was deleted on request since it was chosen."""
    if ledger.may_forget and any(ledger.is_forgotten(post.text) for post in posts):
        raise InputError(
            "no text may be forgotten while the test set is refreshed",
            found="one that was forgotten meanwhile",
            do="Give the command again: it leaves that text out.",
        )


@click.command("refresh-tests")
@click.option("--rows", type=click.IntRange(2, 10**6), help="Rows of the new set. [default: as many as now]")
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    help="How many of them come from the present set, drawn at random. [default: half]",
)
@click.option("--source", multiple=True, help="Take new rows only from this source; repeat it for more.")
@click.option("--accept-fall", is_flag=True, help="Take the new rows although stable is far worse on them.")
@click.option("--who", help="Who refreshes it; default: the current user.")
@step
def command(
    rows: int | None, overlap: int | None, source: tuple[str, ...], accept_fall: bool, who: str | None
) -> Refreshment:
    """Replace the frozen test set by newer rows that no model was trained on.

    The new rows come from the rolling test set, the newest first, with its shares of labels. The set that is replaced
    is kept in datasets/old_sentiment/retired/. Stable and reference are scored on both. Given again after it was
    killed, it finishes what was begun.
    """
    settings = read_settings()
    made, resumed = refresh_tests(settings, Wish(rows, overlap, source, accept_fall), who or user())
    with to_people():
        say("\n".join(told(made, resumed)))
    return made
