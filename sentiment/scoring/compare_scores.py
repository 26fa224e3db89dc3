"""`sentiment compare-scores`: what changed between two versions' scores of the archive, and the page that says so."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import click
import msgspec

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results.scoring import NothingCompared, ScoresCompared, comparison_of
from sentiment.scoring import changed, current, page, shown
from sentiment.scoring.begun import stables_before
from sentiment.scoring.changed import Changes
from sentiment.scoring.current import ABOUT, Made
from sentiment.scoring.list_of_shards import NAME, listed
from sentiment.scoring.places import Place, place_of
from sentiment.serving.history import read_state
from sentiment.serving.state import State
from sentiment.serving.trained import number_of
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people


def compare(root: Place, before: int, after: int) -> ScoresCompared:
    """Returns what changed, from the scores as the two ledgers list them; a shard of each is in memory at a time.

    Raises: InputError when one of the versions has no scores there, or their labels differ.
    """
    places = {version: current.version_place(root, version) for version in (before, after)}
    made = {version: _made(root, place, version) for version, place in places.items()}
    if made[before].labels != made[after].labels:
        raise InputError(
            "two versions must have the same labels to be compared",
            found=f"{', '.join(made[before].labels)} and {', '.join(made[after].labels)}",
            do="Compare versions of one label set.",
        )
    if made[before].shard_rows != made[after].shard_rows:
        raise InputError(
            "two versions must have shards of as many rows to be compared",
            found=f"{made[before].shard_rows:,} and {made[after].shard_rows:,}",
            do="Score both into one new --output, one after the other: the second takes the shards of the first.",
        )
    labels = len(made[after].labels)
    changes, ledgers = Changes(labels), _ledgers(root, before, after)
    both, *alone = changed.pairs(listed(places[before]), listed(places[after]))
    changes.only_before, changes.only_after = (sum(shard.scored for shard in shards) for shards in alone)
    for old, new in both:
        tables = (
            changed.table_of(places[before], old, labels, None),
            changed.table_of(places[after], new, labels, made[after].columns),
        )
        changes.add(*tables, made[after].columns)
    return _found(changes, before, after, made[after].labels, ledgers)


def _made(root: Place, place: Place, version: int) -> Made:
    found = current.read(place, ABOUT, Made)
    if found is None:
        raise InputError(
            f"{root.address} must hold scores of version {version}",
            found="none",
            do=f"Make them: `sentiment score --version {version}`.",
        )
    return found


def _found(changes: Changes, before: int, after: int, labels: list[str], ledgers: list[str]) -> ScoresCompared:
    total = changes.total
    posts = int(total.sum())
    sources, more = changes.by_source()
    return ScoresCompared(
        at=datetime.now(UTC).isoformat(timespec="seconds"), before=before, after=after, labels=labels, posts=posts,
        flipped=posts - int(total.trace()), only_before=changes.only_before, only_after=changes.only_after,
        directions=changes.directions(), sources=sources, more_sources=more, months=changes.by_month(),
        examples=changes.examples(), ledgers=ledgers,
    )  # fmt: skip


def write(settings: Settings, root: Place, found: ScoresCompared) -> ScoresCompared:
    """Writes the page and its figures beside the scores; returns the result with the page's address."""
    name = comparison_of(found.before, found.after)
    found = msgspec.structs.replace(found, page=f"{root.address.rstrip('/')}/{name}.html")
    shown.keep(settings, root, f"{name}.html", page.drawn(found).encode())
    shown.keep_record(settings, root, f"{name}.json", found)
    return found


def before_it(state: State, root: Place, after: int) -> int | None:
    """Returns the last version that was stable before `after` and has scores; None when none has."""
    return next((one for one in stables_before(state, after) if listed(current.version_place(root, one))), None)


def _kept(root: Place, before: int, after: int) -> ScoresCompared | None:
    """Returns the comparison that is there, if neither version has got other scores since."""
    found = current.read(root, f"{comparison_of(before, after)}.json", ScoresCompared)
    return found if found and found.ledgers == _ledgers(root, before, after) else None


def _ledgers(root: Place, *versions: int) -> list[str]:
    return [sha256(current.version_place(root, one).read(NAME) or b"").hexdigest() for one in versions]


def with_the_one_before(settings: Settings, root: Place, after: int) -> ScoresCompared | NothingCompared:
    """Compares a version with the one before it; what was compared already is not read again."""
    before = before_it(read_state(settings), root, after)
    if before is None:
        return NothingCompared(after=after)
    # What is kept is drawn again: its page may be gone, or in another language.
    return write(settings, root, _kept(root, before, after) or compare(root, before, after))


def _number(settings: Settings, which: str) -> int:
    number = number_of(settings, which)
    if number is None:
        raise InputError(
            "a version must be stable, canary, previous or a number", found=repr(which), do="Name another version."
        )
    return number


def _compared(
    settings: Settings, root: Place, versions: tuple[str, ...], version: str | None
) -> ScoresCompared | NothingCompared:
    """Raises: InputError when neither two versions are given, nor one alone by its option."""
    if len(versions) != (0 if version else 2):
        given = f"{' '.join(versions) or 'none'}{' and --version' if version else ''}"
        raise InputError("there must be two versions, A and B, or --version alone", found=given, do="Give one of both.")
    if version:
        return with_the_one_before(settings, root, _number(settings, version))
    before, after = (_number(settings, which) for which in versions)
    if before == after:
        raise InputError(
            "there must be two different versions, A and B", found=f"version {before} twice",
            do="Name another one; `sentiment status` lists them.",
        )  # fmt: skip
    return write(settings, root, compare(root, before, after))


@click.command("compare-scores")
@click.argument("versions", nargs=-1, metavar="[A B]")
@click.option("--version", help="Instead of A and B: this version, and the last stable one before it with scores.")
@click.option("--scores", help="Where `sentiment score` put the scores.  [default: SENTIMENT_SCORES]")
@step
def command(versions: tuple[str, ...], version: str | None, scores: str | None) -> ScoresCompared | NothingCompared:
    """Show what changed between the scores of version A and those of version B, and draw the page.

    A and B are numbers, or stable, canary, previous. The page, changed-A-B.html, is beside the scores.
    """
    settings = read_settings()
    found = _compared(settings, place_of(scores or settings.scores_place), versions, version)
    with to_people():
        if isinstance(found, NothingCompared):
            say(tr("there are no scores of a version before version {version}", version=found.after))
        else:
            say(page.headline(found))
            say(page.verdict(found))
            say(tr("the page: {file}", file=found.page))
    return found
