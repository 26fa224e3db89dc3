"""`sentiment compare-scores`: what changed between two versions' scores of the archive, and the page that says so."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results.record import as_json
from sentiment.results.scoring import ScoresCompared
from sentiment.scoring import changed, current, ledger, page
from sentiment.scoring.changed import Changes
from sentiment.scoring.current import ABOUT, Made
from sentiment.scoring.places import Place, place_of
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
            do=f"Score version {after} into another --output with --shard-rows {made[before].shard_rows}.",
        )
    changes = Changes(len(made[after].labels))
    both, *alone = changed.pairs(ledger.read(places[before]), ledger.read(places[after]))
    changes.only_before, changes.only_after = (sum(shard.scored for shard in shards) for shards in alone)
    for old, new in both:
        tables = (
            changed.table_of(places[before], old, scores_alone=True),
            changed.table_of(places[after], new, scores_alone=False),
        )
        changes.add(*tables, made[after].columns)
    return _found(changes, before, after, made[after].labels)


def _made(root: Place, place: Place, version: int) -> Made:
    found = current.read(place, ABOUT, Made)
    if found is None:
        raise InputError(
            f"{root.address} must hold scores of version {version}",
            found="none",
            do=f"Make them: `sentiment score --version {version}`.",
        )
    return found


def _found(changes: Changes, before: int, after: int, labels: list[str]) -> ScoresCompared:
    total = changes.total
    posts = int(total.sum())
    sources, more = changes.by_source()
    return ScoresCompared(
        at=datetime.now(UTC).isoformat(timespec="seconds"), before=before, after=after, labels=labels, posts=posts,
        flipped=posts - int(total.trace()), only_before=changes.only_before, only_after=changes.only_after,
        directions=changes.directions(), sources=sources, more_sources=more, months=changes.by_month(),
        examples=changes.examples(),
    )  # fmt: skip


def write(root: Place, found: ScoresCompared) -> ScoresCompared:
    """Writes the page and its figures beside the scores; returns the result with the page's address."""
    name = f"changed-{found.before}-{found.after}"
    found = msgspec.structs.replace(found, page=f"{root.address.rstrip('/')}/{name}.html")
    root.write(f"{name}.html", page.drawn(found).encode())
    root.write(f"{name}.json", (atomic.json_text(as_json(found), indent=2) + "\n").encode())
    return found


def _number(settings: Settings, which: str) -> int:
    number = number_of(settings, which)
    if number is None:
        raise InputError(
            "a version must be stable, canary, previous or a number", found=repr(which), do="Name another version."
        )
    return number


@click.command("compare-scores")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--scores", help="Where `sentiment score` put the scores.  [default: SENTIMENT_SCORES]")
@step
def command(before: str, after: str, scores: str | None) -> ScoresCompared:
    """Show what changed between the scores of version A and those of version B, and draw the page.

    A and B are numbers, or stable, canary, previous. The page, changed-A-B.html, is beside the scores.
    """
    settings = read_settings()
    root = place_of(scores or settings.scores_place)
    found = write(root, compare(root, _number(settings, before), _number(settings, after)))
    with to_people():
        say(page.headline(found))
        say(page.verdict(found))
        say(tr("the page: {file}", file=found.page))
    return found
