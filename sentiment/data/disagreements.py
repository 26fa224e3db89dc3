"""`sentiment disagreements`: the texts that two sources label differently, and what a person decides about them.

Such a text is neither trained nor tested on. A decision is a delivery of its own: it has a number, a time and a name,
so the next run takes the text for new, and lineage names it.
"""

from __future__ import annotations

import csv
import hashlib
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from sentiment import atomic
from sentiment.data import composition, receipts
from sentiment.data import ledger as posts_ledger
from sentiment.data.claims import APART, BASE, CONTESTED, DECIDED, LONGEST_NAME, NO_SOURCE
from sentiment.data.composition import ROLLING, TEXT_BYTES, TRAIN, Base
from sentiment.data.identity import post_identity
from sentiment.data.ledger import Ledger
from sentiment.data.ledger_batch import Counts, having
from sentiment.data.posts import each_post, named_rows
from sentiment.data.quarantine import ENCODING
from sentiment.data.receipts import Receipt
from sentiment.data.sound_posts import require_labels
from sentiment.data.statements import keep_first
from sentiment.data.tsv import Post, one_line, whole_number
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.language import tr
from sentiment.serving.change import user
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text import cells
from sentiment.text.aloud import tell, to_people
from sentiment.text.harmless import titled, visible

USUAL = frozenset(" -_./@#&()+,·、，")  # beside letters and digits, in the name of a source
SHOWN, LONGEST_SHOWN = 20, 60  # of the texts, and of their characters, to people; the file has them all
BASE_SIDES = {TRAIN: "train.tsv", ROLLING: "latest_test.tsv"}
FOUND = f"""SELECT posts.identity, text, title, posts.label, posts.source, posts.delivery FROM posts
    WHERE standing = {CONTESTED} OR row IN (SELECT row FROM contradicted WHERE standing <> {APART})
    ORDER BY posts.delivery, posts.identity"""


@dataclass(frozen=True)
class Claim:
    """What one source says: a label's id, and the delivery that brought it; 0 for the base data."""

    source: str
    label: int
    delivery: int


@dataclass(frozen=True)
class Disagreement:
    """A post with every source's label."""

    text: str
    claims: tuple[Claim, ...]
    title: str = ""


def disagreements(settings: Settings) -> list[Disagreement]:
    """Returns the texts that wait for a decision, those that came first in front."""
    if not settings.posts_database.is_file():
        return []
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.reading() as connection:
        files = (_base(settings, name) for name in (BASE_SIDES[TRAIN], "test.tsv", BASE_SIDES[ROLLING]))
        composition.load(connection, Base(*files))
        composition.compare_with_base(connection)
        found = list(_found(connection))
    require_labels((claim.label for item in found for claim in item.claims), len(settings.label_set))
    return found


def _base(settings: Settings, name: str) -> Iterator[Post]:
    path = settings.base_data / name
    return each_post(path, settings.label_set) if path.is_file() else iter(())


def _found(connection: sqlite3.Connection) -> Iterator[Disagreement]:
    claimed = "SELECT source, label, delivery FROM claims WHERE identity = ? ORDER BY delivery, source"
    in_base = f"side IN ({TRAIN}, {ROLLING}) AND words = ? AND identity = ?"
    of_base = f"SELECT label, max(position) FROM base WHERE {in_base} GROUP BY side"
    for key, text, title, label, source, delivery in connection.execute(FOUND).fetchall():
        found = connection.execute(claimed, (key,)).fetchall() or [(source, label, delivery)]
        claims = [Claim(name[:LONGEST_NAME], *said) for name, *said in found]
        base = {row[0] for row in connection.execute(of_base, (key[:TEXT_BYTES], key))}
        yield Disagreement(text, (*(Claim(BASE, label, 0) for label in sorted(base)), *claims), title)


def decide_all(settings: Settings, decided: list[Post], name: str, who: str) -> Result:
    """Gives the texts of `decided` their labels, as one delivery; returns it. InputError on a text that is not known.

    Only texts of the ledger can be decided; it is all or nothing.
    """
    lines = ("\t".join([post.text, *filter(None, [post.title]), str(post.label)]) for post in decided)
    content = "".join(f"{line}\n" for line in lines).encode()
    with posts_ledger.opened(settings.posts_database) as ledger, _writing(ledger) as connection:
        number = ledger.watermark() + 1
        at = datetime.now(UTC).isoformat(timespec="seconds")
        labels = {post_identity(post.text, post.title): post.label for post in decided}
        keys = {bytes.fromhex(text): label for text, label in labels.items()}
        known = {key for (key,) in having(connection, "SELECT identity FROM posts", list(keys))}
        _require_known(decided, known)
        keep_first(connection, keys)
        connection.executemany(
            f"UPDATE posts SET label = ?, delivery = ?, standing = {DECIDED}"
            f" WHERE identity = ? AND standing <> {APART}",
            ((label, number, key) for key, label in keys.items()),
        )
        connection.executemany(
            "INSERT INTO decisions (identity, delivery, label, who, at) VALUES (?, ?, ?, ?, ?)",
            ((key, number, label, who, at) for key, label in keys.items()),
        )
        # No rows are counted: the checks measure what labellers deliver.
        ledger.record(number, f"{name} (decided by {who})", hashlib.sha256(content).hexdigest(), Counts())
        receipts.add(connection, number, Receipt("decisions", "UTF-8", len(content)))
    return {"decided": len(keys), "delivery": number, "who": who, "at": at}


@contextmanager
def _writing(ledger: Ledger) -> Iterator[sqlite3.Connection]:
    receipts.make_tables(ledger)
    with ledger.writing() as connection:
        yield connection


def _require_known(decided: list[Post], known: set[bytes]) -> None:
    strange = [post.text for post in decided if bytes.fromhex(post_identity(post.text, post.title)) not in known]
    if strange:
        raise InputError(
            "a decision must be about a text of the ledger",
            found=f"{len(strange)} others, the first {visible(strange[0], LONGEST_SHOWN)!r}",
            do="Take the file that `sentiment disagreements --output` writes, and fill its column `label` in.",
        )


def read_decided(path: Path, labels: Labels) -> list[Post]:
    """Returns the rows of a TSV that have a label. InputError when none has, on a wrong one, on two for one post."""
    decided: dict[str, Post] = {}
    for number, fields in named_rows(path, "label"):
        text, stated = one_line(fields["text"]), whole_number(fields["label"])
        if not text or not stated:
            continue
        label = labels.parse(stated)
        if label is None:
            raise _refused(path, f"a label of {labels.describe()}", f"{visible(stated[:40])!r} in row {number}")
        title = one_line(fields.get("title", ""))
        if decided.setdefault(post_identity(text, title), Post(text, label, title)).label != label:
            raise _refused(path, "one label for a text", f"another one in row {number}")
    if not decided:
        raise _refused(path, "columns text and label, and a label that is filled in", "none")
    return list(decided.values())


def _refused(path: Path, wanted: str, found: str) -> InputError:
    return InputError(f"{path} must have {wanted}", found=found, do="Correct its column `label`.")


def write_table(path: Path, found: list[Disagreement], labels: Labels) -> None:
    """Writes the texts with an empty column `label` for the decision, and what every source says."""
    with atomic.replacing(path) as temporary, temporary.open("w", encoding=ENCODING, newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        has_titles = any(item.title for item in found)
        writer.writerow(("text", *(["title"] if has_titles else []), "label", "sources", cells.COLUMN))
        writer.writerows(_row(item, labels, has_titles) for item in found)


def _row(item: Disagreement, labels: Labels, has_titles: bool) -> list[str]:
    post, are_escaped = cells.row_of([one_line(item.text), *([one_line(item.title)] if has_titles else [])])
    return [*post, "", cells.escaped(one_line(each_says(item, labels))), are_escaped]


def each_says(item: Disagreement, labels: Labels) -> str:
    """Returns what every source says of a text, such as `「forum」: 正面; base data: 負面`."""
    return "; ".join(f"{_who(claim)}: {labels.names[claim.label]}" for claim in item.claims)


def _who(claim: Claim) -> str:
    """Returns whose claim it is; what a row says of itself stands in quotes, in which nothing can end them."""
    if not claim.source:
        return NO_SOURCE
    return claim.source if not claim.delivery else f"「{''.join(map(_unmistakable, claim.source))}」"


def _unmistakable(character: str) -> str:
    """Returns a character of a name, or its code where it is, or looks like, a quote, a colon or a semicolon."""
    harmless = character in USUAL or unicodedata.category(character)[0] in "LMN"
    return character if harmless else f"<U+{ord(character):04X}>"


def told(found: list[Disagreement], labels: Labels) -> list[str]:
    """Returns the disagreements as lines for people."""
    lines = [tr("{texts:,} texts wait for a decision: neither trained nor tested on", texts=len(found))]
    shown = ((visible(titled(item.title, item.text), LONGEST_SHOWN), item) for item in found[:SHOWN])
    lines += [f"  {post}   {visible(each_says(item, labels))}" for post, item in shown]
    if len(found) > SHOWN:
        lines.append("  " + tr("… and {more:,} more: --output writes them all", more=len(found) - SHOWN))
    return lines


@click.command("disagreements")
@click.option("--output", type=click.Path(path_type=Path), help="Also write them to this TSV, to fill the labels in.")
@click.option("--decide", type=click.Path(path_type=Path), help="A TSV with text and the decided label.")
@click.option("--who", help="Who decides; default: this user.")
@step
def command(output: Path | None, decide: Path | None, who: str | None) -> Result:
    """Show the texts that two sources label differently, or decide them.

    --output writes them to a file. Fill its column `label` in and give it to --decide; a row that is left empty waits.
    """
    settings = read_settings()
    decided = (
        decide_all(settings, read_decided(decide, settings.label_set), decide.name, who or user()) if decide else None
    )
    if decided:
        done = {"delivery": decided["delivery"], "who": decided["who"], "texts": decided["decided"]}
        tell(tr("delivery {delivery}: {who} decided {texts} texts", **done))
    found = disagreements(settings)
    if output:
        write_table(output, found, settings.label_set)
    with to_people():
        for line in told(found, settings.label_set):
            say(line)
    return {
        "texts": len(found),
        "output": str(output) if output else None,
        "decided": decided,
        "disagreements": [asdict(item) for item in found[:SHOWN]],
    }
