"""The labelled posts that a probe asks: the newest posts that no model was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sentiment.data import ledger as posts_ledger
from sentiment.data.identity import identity
from sentiment.data.tsv import Post, each_post
from sentiment.errors import InputError
from sentiment.settings import Settings

FEWEST = 30  # with fewer rows in the rolling set, the frozen set is used instead
NEWEST = "SELECT text, label, title, source FROM posts WHERE rolling ORDER BY delivery DESC, row DESC LIMIT ?"
TRAIN, FROZEN, ROLLING = "train.tsv", "test.tsv", "latest_test.tsv"


@dataclass(frozen=True)
class Questions:
    """Posts with their labels; `source` is the test set that they come from: `rolling` or `frozen`."""

    posts: tuple[Post, ...]
    source: str
    note: str = ""  # why it is not the rolling set


def choose_questions(settings: Settings) -> Questions:
    """Returns the newest SENTIMENT_CANARY_ROWS posts of the rolling test set, or of the frozen one if it has too few.

    Raises: InputError when both are empty.
    """
    wanted = settings.canary_rows
    rolling = newest_rolling(settings, wanted)
    frozen = [] if len(rolling) >= min(wanted, FEWEST) else list(islice(_base(settings, FROZEN), wanted))
    if len(frozen) > len(rolling):
        note = f"the rolling test set has only {len(rolling)} posts, so the frozen one is used"
        return Questions(tuple(frozen), "frozen", note)
    if not rolling:
        raise InputError(
            "a probe must have labelled posts to ask", found=f"none in {settings.base_data}", do=f"Put {FROZEN} there."
        )
    return Questions(tuple(rolling), "rolling")


def newest_rolling(settings: Settings, wanted: int) -> list[Post]:
    """Returns up to `wanted` posts of the present rolling test set, last night's included, newest first.

    `prepare` builds the whole set. For its newest rows, it is enough to take the delivered posts, then the base's, and
    to leave out those that are in the base's training data or in the frozen set.
    """
    tested = {identity(post.text): post for post in _base(settings, ROLLING)}
    newest = {identity(post.text): post for post in _delivered(settings, 2 * wanted)}
    for key in reversed(tested):
        newest.setdefault(key, tested[key])
    for post in _base(settings, TRAIN):
        if (key := identity(post.text)) not in tested:
            newest.pop(key, None)
    for post in _base(settings, FROZEN):
        newest.pop(identity(post.text), None)
    return list(newest.values())[:wanted]


def _delivered(settings: Settings, most: int) -> list[Post]:
    if not settings.posts_database.is_file():
        return []
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.reading() as connection:
        return [Post(*row) for row in connection.execute(NEWEST, (most,))]


def _base(settings: Settings, name: str) -> Iterator[Post]:
    path = settings.base_data / name
    return each_post(path, settings.label_set) if path.is_file() else iter(())
