"""Which rows of the frozen test set still count: not those that a refreshment took from a delivery retracted since."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sentiment.data import retired
from sentiment.data.claims import USED
from sentiment.data.identity import post_identity
from sentiment.data.ledger_batch import having
from sentiment.data.posts import each_post
from sentiment.data.tsv import Post
from sentiment.serving import retractions
from sentiment.settings import Settings

ROLLING = "latest_test.tsv"


def still_tested(connection: sqlite3.Connection, settings: Settings) -> Iterator[Post]:
    """Yields the rows of the home's frozen set, in order, without those of retracted deliveries.

    Such a row counts all the same where the ledger still gives the text that label, and where people brought it: in
    the base's rolling set, or in the frozen set before its first refreshment. Raises: InputError when a set is damaged.
    """
    labels = settings.label_set
    frozen = each_post(settings.base_data / retired.FROZEN, labels)
    without = retractions.retracted(connection)
    if not without:
        yield from frozen
        return
    rows = [(bytes.fromhex(post_identity(post.text, post.title)), post) for post in frozen]
    suspect = _of(connection, [key for key, _ in rows], list(without))
    if suspect and (brought := retired.brought(settings.base_data, labels)) is not None:
        rolling = settings.base_data / ROLLING
        brought |= retired.posts_of(rolling, labels) if rolling.is_file() else set()
        suspect = {key for key in suspect if key.hex() not in brought}
    else:
        suspect = set()
    labelled = dict[bytes, int]()
    for key, label, standing in having(connection, "SELECT identity, label, standing FROM posts", list(suspect)):
        if standing in USED:
            labelled[key] = label
    yield from (post for key, post in rows if key not in suspect or labelled.get(key) == post.label)


def _of(connection: sqlite3.Connection, keys: list[bytes], deliveries: list[int]) -> set[bytes]:
    """Returns those of the texts that one of the deliveries had."""
    query = "SELECT identity, delivery FROM statements"
    return {key for key, delivery in having(connection, query, keys) if delivery in set(deliveries)}
