"""Decides where each text belongs: to the batch, the old pool or the rolling test set; never to both sides.

It works in SQL, in temporary tables beside the ledger's own, so that only the disk limits their size: `base` holds the
posts that the system started from, and `dealt` holds one row for every post, with the `kind` that it was given:

    new        what the stable model has not seen, and this run takes: the batch
    old        what it has seen, and this run may mix in
    later      what it has not seen, and this run leaves out because of its limits: new again for the next run
    aside      what it has seen, and this run leaves out because of its limits
    rolling    delivered rows of the rolling test set
    leak       texts kept out of training because a test set, or a case that must hold, holds them, or their title
    tested     texts that a frozen test set holds or held, and that are on one side anyway
    contested  texts that two sources label differently: neither trained nor tested on until somebody decides
    apart      texts that were on both sides once: neither trained nor tested on
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sentiment.data import sound_posts
from sentiment.data.claims import DECIDED
from sentiment.data.identity import HAS_TITLE, HEX_DIGITS, identity_1, post_identity
from sentiment.data.ledger_batch import ANY_TITLE
from sentiment.data.selection import NO_LIMIT, Restriction, Slices, condition
from sentiment.data.sound_posts import BY_STANDING, DAMAGED, IS_SOUND, IS_USED
from sentiment.data.tally import tally
from sentiment.data.tsv import OPTIONAL, REQUIRED, Post

PAGE_CACHE_KIB = 131_072
PAGE_BYTES = 32_768  # of the temporary tables, which are read from end to end
TEXT_BYTES = HEX_DIGITS // 2  # of a post's identity; those behind them are the title's
TITLED_OF_WORDS = f"length(posts.identity) > {TEXT_BYTES} AND substr(posts.identity, 1, {TEXT_BYTES}) = base.words"
TRAIN, FROZEN, ROLLING, RETIRED, MUST_HOLD = range(5)  # the sides of `base`
TABLES = (
    """CREATE TEMP TABLE base (
        position INTEGER PRIMARY KEY, side INTEGER NOT NULL, words BLOB NOT NULL, identity BLOB NOT NULL,
        text TEXT NOT NULL, title TEXT NOT NULL, label INTEGER NOT NULL, source TEXT NOT NULL,
        characters INTEGER NOT NULL
    )""",
    """CREATE TEMP TABLE dealt (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, identity BLOB NOT NULL, label INTEGER NOT NULL,
        source TEXT NOT NULL, titled INTEGER NOT NULL, characters INTEGER NOT NULL, delivery INTEGER NOT NULL,
        post INTEGER, base INTEGER
    )""",
    # The delivered posts whose text the base has: on which side, and where it gives them another label.
    "CREATE TEMP TABLE on_side (side INTEGER, row INTEGER, PRIMARY KEY (side, row)) WITHOUT ROWID",
    "CREATE TEMP TABLE contradicted (row INTEGER PRIMARY KEY)",
    # The delivered posts whose title is a text that is held out: a model reads both.
    "CREATE TEMP TABLE under_held_out (row INTEGER PRIMARY KEY)",
    # All of this of a post in one row: every post of the ledger is looked up in it, and few are there.
    """CREATE TEMP TABLE noted (
        row INTEGER PRIMARY KEY, trained INTEGER, held_out INTEGER, tested INTEGER, contradicted INTEGER, under INTEGER
    )""",
)
# The texts stay where they are, in the ledger or in the base: a dealt row points at a row of one of them.
WITH_TEXTS = "LEFT JOIN posts ON posts.row = dealt.post LEFT JOIN base ON base.position = dealt.base"
VALUES = {
    "text": "coalesce(posts.text, base.text)",
    "label": "dealt.label",
    "title": "coalesce(posts.title, base.title)",
    "source": "dealt.source",
}
COLUMNS = ", ".join(VALUES.values())
# What stands on a side is the text, whatever its title: `words` is the identity of the text alone.
ON_SIDE = "EXISTS (SELECT 1 FROM base AS side WHERE side.side IN ({}) AND side.words = {}.words)"
HELD_OUT = f"{FROZEN}, {RETIRED}, {MUST_HOLD}"  # what is, or once was, the frozen test set, and what must hold
NOTE = f"""INSERT INTO noted
    SELECT row, max(side = {TRAIN}), max(side IN ({HELD_OUT})), max(side = {ROLLING}), max(side = -1), max(side = -2)
    FROM (
        SELECT row, side FROM on_side UNION ALL SELECT row, -1 FROM contradicted
        UNION ALL SELECT row, -2 FROM under_held_out
    ) GROUP BY row"""
# What is tested on is asked for source by source.
TESTED = "CREATE INDEX temp.dealt_tested ON dealt (source, delivery, identity) WHERE kind = 'rolling'"
AS_TITLE = f"side.words = substr({{}}, {TEXT_BYTES + 1})"  # a post's title is a text of the base
TITLE_HELD_OUT = f"EXISTS (SELECT 1 FROM base AS side WHERE side.side IN ({HELD_OUT}) AND {AS_TITLE})"


@dataclass(frozen=True)
class Base:
    """The labelled posts that the system started from, and the frozen test sets that were retired since."""

    train: Iterable[Post]
    frozen: Iterable[Post]
    rolling: Iterable[Post]
    retired: Iterable[Post] = ()  # what once was the frozen test set
    must_hold: Iterable[Post] = ()  # cases: like the frozen ones, never trained on, and in no rolling set


@dataclass(frozen=True)
class Taken:
    """Which delivered posts stable has seen, which of the others the run takes, and which seen ones it may mix in."""

    seen: Slices
    new: Slices
    old: Slices
    old_base: Restriction = NO_LIMIT  # the same as `old`, for the posts of the base


def load(connection: sqlite3.Connection, base: Base) -> None:
    """Makes the temporary tables and puts the posts of `base` into one of them."""
    connection.execute(f"PRAGMA temp.page_size = {PAGE_BYTES}")
    connection.execute(f"PRAGMA temp.cache_size = -{PAGE_CACHE_KIB}")
    for table in TABLES:
        connection.execute(table)
    sides = (base.train, base.frozen, base.rolling, base.retired, base.must_hold)
    for side, posts in enumerate(sides):
        put_base(connection, side, posts)
    # A file may have come back from a copy: a deleted text must not be trained or tested on again.
    connection.execute("DELETE FROM base WHERE words IN (SELECT identity FROM forgotten)")
    connection.execute("CREATE INDEX temp.base_by_words ON base (side, words, identity)")
    if connection.execute("SELECT EXISTS (SELECT 1 FROM forgotten WHERE version = 1)").fetchone()[0]:
        _know_version_1(connection)
        forgotten = "SELECT identity FROM forgotten WHERE version = 1"
        connection.execute(f"DELETE FROM base WHERE identity_1(text) IN ({forgotten})")


def _know_version_1(connection: sqlite3.Connection) -> None:
    connection.create_function("identity_1", 1, lambda text: bytes.fromhex(identity_1(text)), deterministic=True)


def put_base(connection: sqlite3.Connection, side: int, posts: Iterable[Post]) -> None:
    """Adds posts to one side of the base, in order."""
    connection.executemany(
        "INSERT INTO base (side, words, identity, text, title, label, source, characters)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (side, whole[:TEXT_BYTES], whole, post.text, post.title, post.label, post.source, len(post.text))
            for post in posts
            for whole in [bytes.fromhex(post_identity(post.text, post.title))]
        ),
    )


def deal(connection: sqlite3.Connection, taken: Taken, minimum_characters: int = 0) -> None:
    """Fills `dealt` from the ledger and the base, and counts it (see `sentiment.data.tally`).

    Of a post that comes more than once, the ledger's label is taken. Where the base has another label, the post is
    contested, unless somebody decided. A text that the base trains on keeps that side for ever, under every title and
    whatever its hash says: a model that has seen it cannot be tested on it. A text of a frozen test set, also of a
    retired one, is never trained on, as a title neither, and is not in the rolling set.

    Raises: InputError when a post of the ledger cannot have been written.
    """
    compare_with_base(connection)
    connection.execute(NOTE)
    seen, of_seen = condition(taken.seen)
    old, of_old = condition(taken.old)
    new, of_new = condition(taken.new)
    connection.execute(
        f"""INSERT INTO dealt (number, kind, identity, label, source, titled, characters, delivery, post)
        SELECT posts.row, CASE
            WHEN {IS_SOUND} IS NOT TRUE THEN '{DAMAGED}'
            WHEN NOT {IS_USED} THEN {BY_STANDING}
            WHEN contradicted THEN 'contested'
            WHEN tested OR (rolling AND NOT coalesce(trained, 0))
                THEN CASE WHEN held_out THEN 'tested' ELSE 'rolling' END
            WHEN held_out THEN CASE WHEN trained THEN 'tested' ELSE 'leak' END
            WHEN under THEN 'leak'
            WHEN {seen} THEN CASE WHEN {old} THEN 'old' ELSE 'aside' END
            WHEN {new} THEN 'new'
            ELSE 'later'
        END, identity, label, source, title <> '', length(text), delivery, posts.row
        FROM posts LEFT JOIN noted ON noted.row = posts.row ORDER BY posts.row""",
        (*of_seen, *of_old, *of_new),
    )
    connection.execute(TESTED)
    _deal_base(connection, taken.old_base)
    tally(connection, minimum_characters)
    sound_posts.require(connection)


def compare_with_base(connection: sqlite3.Connection) -> None:
    """Notes which posts the base has, and which it labels otherwise: it is a source like others; decided is decided.

    A post from before version 2 of the identity keeps the side that the base gave it by version 1.
    """
    of_words = "INSERT OR IGNORE INTO on_side SELECT side, posts.row FROM base CROSS JOIN posts"
    connection.execute(f"{of_words} ON posts.identity = base.words")
    if connection.execute(ANY_TITLE).fetchone()[0]:
        connection.execute(f"{of_words} INDEXED BY posts_with_title ON {TITLED_OF_WORDS}")
        titled = f"SELECT row FROM posts INDEXED BY posts_with_title WHERE {HAS_TITLE}"
        connection.execute(f"INSERT INTO under_held_out {titled} AND {TITLE_HELD_OUT.format('posts.identity')}")
    connection.execute(
        f"""INSERT OR IGNORE INTO contradicted SELECT posts.row FROM (
            SELECT identity, label, max(position) FROM base WHERE side IN ({TRAIN}, {ROLLING}) GROUP BY side, identity
        ) AS said CROSS JOIN posts USING (identity)
        WHERE said.label <> posts.label AND standing <> {DECIDED}"""
    )
    if connection.execute("SELECT EXISTS (SELECT 1 FROM earlier)").fetchone()[0]:
        _know_version_1(connection)
        connection.execute(
            "INSERT OR IGNORE INTO on_side SELECT side, earlier.row"
            " FROM base CROSS JOIN earlier ON earlier.identity = identity_1(base.text)"
        )


def _deal_base(connection: sqlite3.Connection, restriction: Restriction) -> None:
    """Deals the posts that the base trains on: each text once, with its last label, unless it was delivered since."""
    frozen, tested = (ON_SIDE.format(side, "base") for side in (HELD_OUT, ROLLING))
    names = ", ".join("?" * len(restriction.sources))
    within = f"(source IN ({names}))" if names else "1"
    connection.execute(
        f"""INSERT INTO dealt (kind, identity, label, source, titled, characters, delivery, base)
        SELECT CASE
            WHEN {frozen} OR {tested} OR {TITLE_HELD_OUT.format("base.identity")} THEN 'leak'
            WHEN {int(restriction.takes_undated)} AND {within} THEN 'old'
            ELSE 'aside'
        END AS kind, identity, label, source, title <> '', characters, 0, position
        FROM base WHERE side = {TRAIN}
            AND NOT EXISTS (
                SELECT 1 FROM base AS later
                WHERE later.side = {TRAIN} AND later.words = base.words AND later.identity = base.identity
                    AND later.position > base.position)
            AND (kind = 'leak' OR NOT EXISTS (SELECT 1 FROM posts WHERE posts.identity = base.identity))
        ORDER BY position""",
        restriction.sources,
    )


def batch(connection: sqlite3.Connection) -> Iterator[Post]:
    """Yields the new posts, oldest delivery first."""
    return as_posts(batch_rows(connection, Post._fields))


def batch_rows(connection: sqlite3.Connection, columns: Iterable[str]) -> sqlite3.Cursor:
    """Returns the new posts' values in these columns, oldest delivery first. Each was delivered."""
    query = f"SELECT {', '.join(f'posts.{name}' for name in columns)} FROM dealt CROSS JOIN posts"
    return connection.execute(
        f"{query} ON posts.row = dealt.post WHERE kind = 'new' ORDER BY dealt.delivery, dealt.identity"
    )


def batch_columns(connection: sqlite3.Connection) -> list[str]:
    """Returns the columns that the new posts use."""
    return columns_in_use(connection, "FROM dealt WHERE kind = 'new'")


def columns_in_use(connection: sqlite3.Connection, rows: str) -> list[str]:
    """Returns the columns that `rows` use, of which title and source may be empty; a FROM clause with `dealt` in it."""
    found = connection.execute(f"SELECT max(titled), max(dealt.source <> '') {rows}").fetchone()
    return [*REQUIRED, *(name for name, is_used in zip(OPTIONAL, found, strict=True) if is_used)]


def frozen(connection: sqlite3.Connection) -> Iterator[Post]:
    """Yields the frozen test set, unchanged."""
    query = f"SELECT text, label, title, source FROM base WHERE side = {FROZEN} ORDER BY position"
    return as_posts(connection.execute(query))


def new_tests(connection: sqlite3.Connection, seen: Slices, trusted: Sequence[str] = ()) -> Iterator[Post]:
    """Yields the delivered rows of the rolling test set that are not in `seen`, if their source is trusted."""
    known, parameters = condition(seen, "dealt.delivery", "dealt.source")
    may_test, names = of_trusted(trusted)
    query = (
        f"SELECT {COLUMNS} FROM dealt NOT INDEXED {WITH_TEXTS} WHERE kind = 'rolling' AND NOT {known} AND {may_test}"
    )
    return as_posts(connection.execute(f"{query} ORDER BY dealt.delivery, dealt.identity", (*parameters, *names)))


def of_trusted(trusted: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Returns the SQL condition that a dealt row is of one of the sources, and its parameters; no source: any row."""
    return (f"dealt.source IN ({', '.join('?' * len(trusted))})" if trusted else "1"), tuple(trusted)


def under_tested(connection: sqlite3.Connection) -> int:
    """Returns how many texts of training have a title that is a text of the rolling test set.

    They stay: a title has no label, and where titles are the texts of first posts, a fifth of the replies would go.
    """
    if not connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM dealt WHERE kind IN ('new', 'old') AND length(identity) > {TEXT_BYTES})"
    ).fetchone()[0]:
        return 0
    query = f"""SELECT count(*) FROM dealt WHERE kind IN ('new', 'old') AND length(identity) > {TEXT_BYTES}
        AND substr(identity, {TEXT_BYTES + 1}) IN (
            SELECT substr(identity, 1, {TEXT_BYTES}) FROM dealt WHERE kind = 'rolling'
            UNION SELECT words FROM base WHERE side = {ROLLING})"""
    return int(connection.execute(query).fetchone()[0])


def as_posts(cursor: sqlite3.Cursor) -> Iterator[Post]:
    """Yields the posts in rows of text, label, title and source."""
    return map(partial(tuple.__new__, Post), cursor)  # nothing is faster, and this is done for every row
