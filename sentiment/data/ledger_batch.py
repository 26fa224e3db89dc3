"""What a batch of delivered posts does to the ledger: the outcome of one post after the other, the work of one look-up
and one insertion."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from sentiment.data.claims import APART, PLAIN, hear, keep
from sentiment.data.identity import HAS_TITLE, HEX_DIGITS, TEXT_IN_SQL, identity_1, of_text
from sentiment.data.statements import KEEP, KEEP_THE_LAST, MOST_A_DELIVERY, keep_first
from sentiment.data.tsv import Post

IDENTITIES_A_QUERY = 10_000
ANY_TITLE = f"SELECT EXISTS (SELECT 1 FROM posts INDEXED BY posts_with_title WHERE {HAS_TITLE})"
SIDE = f"SELECT {TEXT_IN_SQL}, rolling, standing FROM"
OF_TITLES = f"{SIDE} posts INDEXED BY posts_with_title WHERE {HAS_TITLE} AND {TEXT_IN_SQL}"
WITHOUT_TITLE = f"{SIDE} posts WHERE identity"
SET_ASIDE = f"{SIDE} set_aside WHERE {TEXT_IN_SQL}"


class Accepted(NamedTuple):
    """A post of the ledger: its newest label, the delivery that brought it, and its standing."""

    identity: str
    post: Post
    delivery: int
    rolling: bool
    standing: int = PLAIN


@dataclass
class Counts:
    """What became of a delivery's rows.

    `accepted` are new texts, `relabelled` known ones with another label of their own source, `disagreed` known ones
    that another source labels otherwise.
    """

    accepted: int = 0
    duplicate: int = 0
    relabelled: int = 0
    quarantined: int = 0
    disagreed: int = 0

    def add(self, other: Counts) -> None:
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.relabelled += other.relabelled
        self.quarantined += other.quarantined
        self.disagreed += other.disagreed


@dataclass(slots=True)
class _Text:
    """A text as the batch goes on: what its row says, and the newest label and delivery of each source."""

    label: int
    source: str
    standing: int
    delivery: int
    claims: dict[str, tuple[int, int]] = field(default_factory=dict)
    row: Accepted | None = None  # whose words, label and source the row is to take
    is_moved: bool = False  # to another standing
    is_heard: bool = False  # one of the claims is new


class Batch:
    """The known texts among `posts`, and what the batch changes of them."""

    def __init__(self, connection: sqlite3.Connection, posts: Sequence[Accepted]) -> None:
        self._connection, self._posts = connection, posts
        self._keys = keys = {item.identity: bytes.fromhex(item.identity) for item in posts}
        query = "SELECT identity, label, source, standing, delivery FROM posts"
        self._texts = {key.hex(): _Text(*row) for key, *row in having(connection, query, sorted(keys.values()))}
        known = (item for item in posts if item.identity in self._texts)
        differing = {item.identity for item in known if not _repeats(self._texts[item.identity], item.post)}
        query = "SELECT identity, source, label, delivery FROM claims"
        for key, source, *claim in having(connection, query, [keys[text] for text in differing]):
            self._texts[key.hex()].claims[source] = tuple(claim)
        unknown = [item for item in posts if item.identity not in self._texts]
        self._earlier = self._earlier_of(unknown)
        self._aside = self._aside_of(unknown)
        self._sides = self._sides_of(unknown)
        self._known = frozenset(self._texts)
        # The new texts that nothing else is said of, which is nearly all of a delivery: there is nothing to weigh.
        self._plain = [] if self._earlier or self._aside or self._sides is not None else self._said_once(unknown)
        self._first: dict[str, Accepted] = {}  # of the new texts: what was said of them so far
        self._said: list[Accepted] = []  # of texts that are said more than once, in order
        self._last: dict[str, Accepted] = {}

    def _earlier_of(self, posts: Sequence[Accepted]) -> dict[str, tuple[bytes, bool]]:
        """Returns, for new texts that version 1 took for known ones, their identity of then and their side."""
        if not self._connection.execute("SELECT EXISTS (SELECT 1 FROM earlier)").fetchone()[0]:
            return {}
        keys = {item.identity: bytes.fromhex(identity_1(item.post.text)) for item in posts}
        query = "SELECT identity, rolling FROM earlier"
        sides: dict[bytes, bool] = {}
        for key, rolling in having(self._connection, query, sorted(set(keys.values()))):
            sides[key] = sides.get(key, False) or bool(rolling)
        return {text: (key, sides[key]) for text, key in keys.items() if key in sides}

    def _aside_of(self, posts: Sequence[Accepted]) -> dict[str, tuple[bool, int]]:
        """Returns the side and standing of the texts whose deliveries were all retracted before."""
        if not self._connection.execute("SELECT EXISTS (SELECT 1 FROM set_aside)").fetchone()[0]:
            return {}
        keys = sorted({self._keys[item.identity] for item in posts})
        found = having(self._connection, "SELECT identity, rolling, standing FROM set_aside", keys)
        return {key.hex(): (bool(rolling), standing) for key, rolling, standing in found}

    def _sides_of(self, posts: Sequence[Accepted]) -> dict[str, tuple[bool, bool]] | None:
        """Returns, by text, the side of the texts that are known under another title, and whether they are apart.

        None where no title is, in the ledger and in the batch: then a text has one post.
        """
        of_all = bool(self._connection.execute(ANY_TITLE).fetchone()[0])
        if not of_all and not any(len(item.identity) > HEX_DIGITS for item in posts):
            return None
        keys = sorted({bytes.fromhex(of_text(item.identity)) for item in posts})
        sides: dict[str, tuple[bool, bool]] = {}
        for query in (SET_ASIDE, OF_TITLES, WITHOUT_TITLE) if of_all else (SET_ASIDE, WITHOUT_TITLE):
            for key, rolling, standing in having_value(self._connection, query, keys):
                was_tested, was_apart = sides.get(key.hex(), (False, False))
                sides[key.hex()] = (was_tested or bool(rolling), was_apart or standing == APART)
        return sides

    def _said_once(self, unknown: Sequence[Accepted]) -> list[Accepted]:
        if len(self._keys) == len(self._posts):
            return list(unknown)
        often = Counter(item.identity for item in unknown)
        return [item for item in unknown if often[item.identity] == 1]

    def put(self) -> Counts:
        """Adds new texts and hears what is said of known ones; returns how many were which."""
        posts, plain = self._posts, self._plain
        if len(plain) < len(posts):
            alone = {item.identity for item in plain}
            outcomes = (
                self._hear(item) if item.identity in self._texts else self._add(item)
                for item in posts
                if item.identity not in alone
            )
            counts = Counts(**Counter(outcomes))
        else:
            counts = Counts()
        counts.accepted += len(plain)
        # In the order of the index, so that each of its pages is touched once.
        changed = sorted(key for key, text in self._texts.items() if text.row or text.is_moved or text.is_heard)
        self._write([(self._keys[key], self._texts[key]) for key in changed])
        return counts

    def _add(self, item: Accepted) -> str:
        text = of_text(item.identity)
        if self._sides and text in self._sides:
            # The text has one side for ever, under every title.
            rolling, is_apart = self._sides[text]
            item = item._replace(rolling=rolling, standing=APART if is_apart else item.standing)
        elif self._earlier and item.identity in self._earlier:
            # It keeps the side that it had. What was tested on is not tested on in new words: that could be aimed at.
            was_tested = self._earlier[item.identity][1]
            item = item._replace(rolling=was_tested, standing=APART if was_tested else PLAIN)
        if item.identity in self._aside:
            rolling, standing = self._aside[item.identity]
            item = item._replace(rolling=rolling, standing=standing)
            self._say(item)
        else:
            self._first[item.identity] = item
        if self._sides is not None:
            self._sides.setdefault(text, (item.rolling, item.standing == APART))
        post = item.post
        self._texts[item.identity] = _Text(post.label, post.source, item.standing, item.delivery, row=item)
        return "accepted"

    def _hear(self, item: Accepted) -> str:
        text, post = self._texts[item.identity], item.post
        self._say(item)
        if _repeats(text, post):
            return "duplicate"
        if text.source not in text.claims:
            keep(text.claims, text.source, text.label, text.delivery)
        labels = {source: label for source, (label, _) in text.claims.items()}
        heard = hear(text.standing, text.label, labels, post.source, post.label)
        text.is_heard = keep(text.claims, post.source, post.label, item.delivery) or text.is_heard
        if heard.takes_label:
            text.label, text.source = post.label, post.source
            text.row = item._replace(rolling=text.row.rolling) if text.row else item
        if heard.takes_label or heard.standing != text.standing:
            text.standing, text.delivery, text.is_moved = heard.standing, item.delivery, True
        return heard.outcome

    def _say(self, item: Accepted) -> None:
        """Notes what is said of a text, and what was said of it first, unless the same delivery repeats itself."""
        last = self._first.pop(item.identity, None)
        if last and not _same(last, item):
            self._said.append(last)
        elif last:
            self._first[item.identity] = last
            return
        elif (before := self._last.get(item.identity)) and _same(before, item):
            return
        self._last[item.identity] = item
        self._said.append(item)

    def _keep_said(self) -> None:
        known = {self._keys[item.identity] for item in self._said if item.identity in self._known}
        keep_first(self._connection, sorted(known))
        often = Counter((item.identity, item.delivery) for item in self._said)
        self._connection.executemany(
            KEEP,
            (
                (self._keys[item.identity], item.delivery, post.label, post.source, post.text, post.title)
                for item in _newest(self._said, often)
                for post in [item.post]
            ),
        )
        # Where one batch says no more than one thing, all batches of a delivery say few.
        again = ((self._keys[text], delivery) for (text, delivery), count in often.items() if count > 1)
        self._connection.executemany(KEEP_THE_LAST, again)

    def _write(self, texts: Sequence[tuple[bytes, _Text]]) -> None:
        self._keep_said()
        keys = self._keys
        rows = [
            (keys[key], post.text, post.title, post.label, post.source, delivery, int(rolling), standing)
            for key, post, delivery, rolling, standing in self._plain
        ]
        put = [(text.row.identity in self._known, _values(key, text)) for key, text in texts if text.row]
        rows += [values for is_known, values in put if not is_known]
        rows.sort(key=itemgetter(0))
        whole = len(rows) - len(rows) % ROWS_AT_ONCE
        for start in range(0, whole, ROWS_AT_ONCE):
            values = chain.from_iterable(rows[start : start + ROWS_AT_ONCE])
            self._connection.execute(ADD_MANY, list(values))
        self._connection.executemany(ADD, rows[whole:])
        self._connection.executemany(PUT, (values for is_known, values in put if is_known))
        self._connection.executemany(
            "UPDATE posts SET standing = ?, delivery = ? WHERE identity = ?",
            ((text.standing, text.delivery, key) for key, text in texts if text.is_moved and not text.row),
        )
        # A text that one source alone labelled needs no claims: its row says all.
        heard = [(key, text.claims) for key, text in texts if text.is_heard and len(text.claims) > 1]
        self._connection.executemany("DELETE FROM claims WHERE identity = ?", ((key,) for key, _ in heard))
        self._connection.executemany(
            "INSERT INTO claims (identity, source, label, delivery) VALUES (?, ?, ?, ?)",
            ((key, source, *claim) for key, claims in heard for source, claim in claims.items()),
        )
        self._connection.executemany(
            "INSERT INTO earlier (identity, row, rolling) SELECT ?, row, ? FROM posts WHERE identity = ?",
            ((key, rolling, bytes.fromhex(text)) for text, (key, rolling) in self._earlier.items()),
        )
        again = ((self._keys[text],) for text in self._aside)
        self._connection.executemany("DELETE FROM set_aside WHERE identity = ?", again)


_INTO_POSTS = "INTO posts (identity, text, title, label, source, delivery, rolling, standing) VALUES"
_ONE = "(?, ?, ?, ?, ?, ?, ?, ?)"
# Of new texts. A failure ends the whole transaction: SQLite need not be ready to undo one statement, which is a quarter
# of its work.
ADD = f"INSERT OR FAIL {_INTO_POSTS} {_ONE}"
ROWS_AT_ONCE = 500  # a quarter faster than row by row
ADD_MANY = f"INSERT OR FAIL {_INTO_POSTS} {', '.join([_ONE] * ROWS_AT_ONCE)}"
# The side of a text is never changed.
PUT = (
    f"INSERT {_INTO_POSTS} {_ONE}"
    " ON CONFLICT (identity) DO UPDATE SET text = excluded.text, title = excluded.title, label = excluded.label,"
    " source = excluded.source, delivery = excluded.delivery, standing = excluded.standing"
)


def _values(key: bytes, text: _Text) -> tuple[bytes, str, str, int, str, int, int, int]:
    assert text.row is not None
    post = text.row.post
    return key, post.text, post.title, text.label, text.source, text.delivery, int(text.row.rolling), text.standing


def _same(one: Accepted, other: Accepted) -> bool:
    return one.delivery == other.delivery and one.post == other.post


def _newest(said: Sequence[Accepted], often: Mapping[tuple[str, int], int]) -> Iterator[Accepted]:
    """Yields the last MOST_A_DELIVERY things that each delivery says of each text; `often` counts them."""
    left = dict(often)
    for item in said:
        key = item.identity, item.delivery
        if left[key] <= MOST_A_DELIVERY:
            yield item
        left[key] -= 1


def _repeats(text: _Text, post: Post) -> bool:
    return text.standing == PLAIN and text.label == post.label and text.source == post.source


def having(connection: sqlite3.Connection, query: str, identities: Sequence[bytes]) -> Iterator[Any]:
    """Yields the rows of `query`, a SELECT without a condition, whose `identity` is one of these."""
    return having_value(connection, f"{query} WHERE identity", identities)


def having_value(connection: sqlite3.Connection, query: str, identities: Sequence[bytes]) -> Iterator[Any]:
    """Yields the rows of a SELECT that ends with a condition's value, of which that value is one of these."""
    for start in range(0, len(identities), IDENTITIES_A_QUERY):
        part = identities[start : start + IDENTITIES_A_QUERY]
        yield from connection.execute(f"{query} IN ({','.join('?' * len(part))})", part)
