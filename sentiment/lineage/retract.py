"""`sentiment retract`: takes the rows of a delivery out of training and tests, and says which models saw them.

All that it changes is in the ledger, in one transaction: killed anywhere, it did everything or nothing. The delivered
file stays where it is and is not taken in again. A text that other deliveries had too takes the newest of their labels.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import click

from sentiment.data import composition, must_hold, retraction, tally
from sentiment.data import ledger as posts_ledger
from sentiment.data.identity import post_identity
from sentiment.data.ledger import Delivered, Ledger
from sentiment.data.prepare import Limits, cap_of, read_base, read_stable, taken_by
from sentiment.data.rolling import rolling
from sentiment.data.tsv import one_line
from sentiment.errors import InputError
from sentiment.lineage.retract_told import told
from sentiment.lineage.saw import saw
from sentiment.serving import retractions
from sentiment.serving.change import user
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import to_people
from sentiment.text.harmless import visible
from sentiment.text.invisible import is_blank
from sentiment.text.units import counted

LONGEST_REASON = 1_000  # characters


@dataclass(frozen=True)
class Wish:
    """Who retracts a delivery (its number, or its file's name) and why; or `undo`es that.

    `accepts_small` says that the frozen test set may become smaller than a set that decides should be.
    """

    delivery: str
    who: str
    reason: str
    undo: bool = False
    accepts_small: bool = False
    dry_run: bool = False


def retract(settings: Settings, wish: Wish) -> Result:
    """Retracts a delivery, or takes it in again; the result says what changed.

    Done before, it changes nothing, and names once more which models saw it: a command that was killed between the
    ledger's change and its own words is given again for them.

    Raises: InputError when there is no such delivery, or when too few rows would be left in the frozen test set.
    """
    if is_blank(wish.reason) or len(wish.reason) > LONGEST_REASON:
        raise InputError(
            f"--reason must be a text of at most {LONGEST_REASON:,} characters",
            found=f"{len(wish.reason):,} characters" if wish.reason.strip() else "none",
            do="Say why the delivery is retracted, or taken in again: it is kept.",
        )
    if not settings.posts_database.is_file():
        raise InputError("there must be a delivery to retract", found="no ledger", do="Give `sentiment ingest` first.")
    with posts_ledger.opened(settings.posts_database) as ledger, _whole(ledger).writing() as connection:
        delivery = find(ledger, connection, wish.delivery)
        known = retractions.newest(connection)
        texts = retraction.touched(connection, delivery.number)
        done = delivery.number in retractions.retracted(connection)
        found: Result = {"delivery": delivery.number, "key": delivery.key, "retracted": not wish.undo}
        found |= {"dry_run": wish.dry_run, "changed": done == wish.undo, "texts": len(texts)}
        if done != wish.undo:
            if (last := known.get(delivery.number)) is None:
                return found
            found |= {"number": last.number, "who": last.who, "reason": last.reason}
        else:
            with _tried(connection, keep=not wish.dry_run):
                found |= _change(settings, ledger, connection, wish, delivery, texts)
        found["saw"] = saw(settings, connection, delivery.number, texts, list(known.values()))
        found["must_hold"] = _cases(settings, texts)
        found["earlier_labels_known"] = delivery.number > _kept_since(connection)
    return found


def _whole(ledger: Ledger) -> Ledger:
    """Returns a ledger that is whole: what is decided by what it says cannot be seen to be wrong later."""
    ledger.require_whole(quick=True)
    return ledger


def find(ledger: Ledger, connection: sqlite3.Connection, wanted: str) -> Delivered:
    """Returns the delivery with this number, or the only one of the file with this name. Raises: InputError."""
    deliveries = ledger.deliveries()
    named = [one for one in deliveries if wanted in (str(one.number), one.key)]
    numbered = [one for one in named if str(one.number) == wanted]
    if len(numbered or named) != 1:
        numbers = ", ".join(str(one.number) for one in named[-10:])
        raise InputError(
            "DELIVERY must be the number of a delivery, or the name of a file that was delivered once",
            found=f"{visible(wanted)!r}, and {counted(len(deliveries), 'delivery', 'deliveries')} in the ledger"
            if not named
            else f"{visible(wanted)!r}, which was delivered as {numbers}",
            do="Give a number; `sentiment ingest --report NUMBER` shows a delivery.",
        )
    found = (numbered or named)[0]
    if retraction.is_a_change(connection, found.number):
        raise InputError(
            "DELIVERY must have brought rows",
            found=f"{found.number}, {visible(found.key)}",
            do="Name the delivery itself; --undo takes it in again.",
        )
    return found


@contextmanager
def _tried(connection: sqlite3.Connection, *, keep: bool) -> Iterator[None]:
    """Undoes what the transaction did within, unless it is to be kept."""
    connection.execute("SAVEPOINT trial")
    yield
    if not keep:
        connection.execute("ROLLBACK TO trial")
    connection.execute("RELEASE trial")


def _change(
    settings: Settings,
    ledger: Ledger,
    connection: sqlite3.Connection,
    wish: Wish,
    delivery: Delivered,
    texts: Sequence[bytes],
) -> Result:
    before = sizes(settings, ledger, connection)
    number = retraction.change(ledger, connection, delivery.number, wish.undo, wish.who, one_line(wish.reason))
    changed = retraction.apply(connection, number, texts)
    after = sizes(settings, ledger, connection)
    if not wish.undo and not wish.accepts_small:
        require_enough(before["frozen"], after["frozen"], settings.gate_minimum_rolling)
    return {
        "number": number,
        "who": wish.who,
        "reason": one_line(wish.reason),
        "came": changed.came,
        "left": changed.left,
        "relabelled": changed.relabelled,
        "stayed": changed.stayed,
        "before": before,
        "after": after,
        "few_rolling": after["rolling"] < settings.gate_minimum_rolling <= before["rolling"],
        "needed": settings.gate_minimum_rolling,
    }


def sizes(settings: Settings, ledger: Ledger, connection: sqlite3.Connection) -> dict[str, int]:
    """Returns how many rows the test sets have, and how many texts there are to train on, as the ledger stands."""
    with _tried(connection, keep=False):
        composition.load(connection, read_base(settings, must_hold.of_home(settings), connection))
        composition.deal(connection, taken_by(Limits(), read_stable(settings), ledger.deliveries()))
        labels = len(settings.label_set)
        trainable = sum(sum(tally.count(connection, kind, labels)) for kind in ("new", "old"))
        frozen = sum(1 for _ in composition.frozen(connection))
        return {"frozen": frozen, "rolling": sum(1 for _ in rolling(connection, cap_of(settings))), "train": trainable}


def require_enough(before: int, after: int, needed: int) -> None:
    """Raises: InputError when the frozen set loses rows and is left with fewer than `needed`, or with none at all."""
    if after < before and after < needed:
        raise InputError(
            f"the frozen test set must keep at least {needed:,} rows (SENTIMENT_GATE_MINIMUM_ROLLING)",
            found=f"{after:,} of {before:,} that are not of this delivery",
            do="Bring rows from other deliveries in with `sentiment refresh-tests`"
            + (", or give --accept-small: the gate then decides on less." if after else " first."),
        )


def _cases(settings: Settings, texts: Sequence[bytes]) -> int:
    """Returns how many of the texts are cases that must hold: people put them there, so they stay."""
    known = set(texts)
    cases = (case.post for case in must_hold.of_home(settings))
    return sum(bytes.fromhex(post_identity(post.text, post.title)) in known for post in cases)


def _kept_since(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT value FROM about WHERE name = 'statements'").fetchone()[0])


@click.command("retract")
@click.argument("delivery", metavar="DELIVERY")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--undo", is_flag=True, help="Take a retracted delivery in again.")
@click.option("--accept-small", is_flag=True, help="Let the frozen test set become smaller than the gate wants.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--who", help="Who retracts it; default: the current user.")
@step
def command(delivery: str, reason: str, undo: bool, accept_small: bool, dry_run: bool, who: str | None) -> Result:
    """Take the rows of a delivery out of training and tests, and list the models that saw them.

    DELIVERY is its number, or the name of its file. A text that other deliveries had too takes the newest of their
    labels. The file is not taken in again; a corrected one is. Given again, it changes nothing, and lists the models
    again.
    """
    wish = Wish(delivery, who or user(), reason, undo, accept_small, dry_run)
    found = retract(read_settings(), wish)
    with to_people():
        for line in told(found):
            say(line)
    return found
