"""Which rows of a home can make up a new frozen test set: the present set's, and what nothing was trained on."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from sentiment.data import composition, must_hold, tally
from sentiment.data import ledger as posts_ledger
from sentiment.data.identity import post_identity
from sentiment.data.prepare import Limits, cap_of, read_base, read_stable, taken_by
from sentiment.data.rolling import Cap, rolling
from sentiment.data.seen import trained_on
from sentiment.data.tsv import Post
from sentiment.settings import Settings


class CandidateRows(NamedTuple):
    """The frozen set as it is, and the texts that may become test rows, oldest first.

    Stable was chosen by some of those before, as rows of the rolling set; `untouched` are the identities of the others.
    """

    frozen: list[Post]
    pool: list[Post]
    untouched: frozenset[str]

    def touched(self, rows: Sequence[Post]) -> int:
        """Returns how many of the rows stable was chosen by."""
        return sum(post_identity(post.text, post.title) not in self.untouched for post in rows)


def candidate_rows(settings: Settings, sources: Sequence[str] = ()) -> CandidateRows:
    """Returns the rows of the home; with `sources`, the pool is what came from those. Raises: InputError on damage."""
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.reading() as connection:
        stable = read_stable(settings)
        composition.load(connection, read_base(settings, must_hold.of_home(settings), connection))
        composition.deal(connection, taken_by(Limits(), stable, ledger.deliveries()))
        tally.require_labels(connection, len(settings.label_set))
        new = composition.new_tests(connection, stable.seen) if stable else rolling(connection, Cap(10**9))
        untouched = frozenset(post_identity(post.text, post.title) for post in new)
        return CandidateRows(list(composition.frozen(connection)), _pool(connection, settings, sources), untouched)


def _pool(connection: sqlite3.Connection, settings: Settings, sources: Sequence[str]) -> list[Post]:
    """Returns the rows of the rolling set that no version was trained on, as the hashes kept with each confirm."""
    rows = rolling(connection, cap_of(settings))
    of_sources = (post for post in rows if not sources or post.source in sources)
    found = {post_identity(post.text, post.title): post for post in of_sources}
    for file in sorted(settings.trained.glob("*/identities.bin")):
        seen = trained_on(file, [post.text for post in found.values()])
        found = {key: post for key, post in found.items() if post.text not in seen}
    return list(found.values())
