"""The labelled posts that a probe asks: the newest ones that no model was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sentiment.data import ledger as posts_ledger
from sentiment.data.identity import identity
from sentiment.data.tsv import Post, each_post
from sentiment.errors import InputError
from sentiment.settings import Settings

FEWEST = 30  # rows of the rolling set below which the frozen set is asked instead
NEWEST = "SELECT text, label, title, source FROM posts WHERE rolling ORDER BY delivery DESC, row DESC LIMIT ?"
TRAIN, FROZEN, ROLLING = "train.tsv", "test.tsv", "latest_test.tsv"


@dataclass(frozen=True)
class Questions:
    """Posts with their labels; `source` is the test set that they are from: `rolling` or `frozen`."""

    posts: tuple[Post, ...]
    source: str
    note: str = ""  # why it is not the rolling one


def choose_questions(settings: Settings) -> Questions:
    """Returns the newest SENTIMENT_CANARY_ROWS posts of the rolling test set; of the frozen one when it has too few.

    Raises: InputError when neither has any.
    """
    wanted = settings.canary_rows
    rolling = newest_rolling(settings, wanted)
    frozen = [] if len(rolling) >= min(wanted, FEWEST) else list(islice(_base(settings, FROZEN), wanted))
    if len(frozen) > len(rolling):
        note = f"the rolling test set has only {len(rolling)} posts: the frozen one is asked"
        return Questions(tuple(frozen), "frozen", note)
    if not rolling:
        raise InputError(
            "a probe must have labelled posts to ask", found=f"none in {settings.base_data}", do=f"Put {FROZEN} there."
        )
    return Questions(tuple(rolling), "rolling")


def newest_rolling(settings: Settings, wanted: int) -> list[Post]:
    """Returns up to `wanted` posts of the rolling test set, newest first, as it is now: last night's are among them.

    `prepare` works the whole set out. For its newest rows it is enough to take what was delivered, then the base's,
    and to leave out what the base trains on or the frozen set holds.
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
