"""The labelled posts that a probe asks: the newest posts that no model was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sentiment import disk
from sentiment.data import ledger as posts_ledger
from sentiment.data import retired
from sentiment.data.claims import APART, CONTESTED, DECIDED, PLAIN
from sentiment.data.identity import identity, identity_1, of_text, post_identity
from sentiment.data.ledger_batch import having
from sentiment.data.posts import each_post
from sentiment.data.rolling import Cap, most_of_a_source
from sentiment.data.sound_posts import require_labels
from sentiment.data.still_tested import still_tested
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.settings import Settings

FEWEST = 30  # with fewer rows in the rolling set, the frozen set is used instead
USED = f"standing IN ({PLAIN}, {DECIDED})"
NEWEST = (
    f"SELECT text, label, title, source FROM posts WHERE rolling AND {USED} ORDER BY delivery DESC, row DESC LIMIT ?"
)
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
    try:
        rolling = newest_rolling(settings, wanted)
    except OSError as error:  # SQLite needs some room to read, too; a bad canary has to go all the same
        if not disk.is_full(error):
            raise
        return _from_the_base(settings, wanted)
    frozen = [] if len(rolling) >= min(wanted, FEWEST) else list(islice(_frozen(settings), wanted))
    if len(frozen) > len(rolling):
        note = tr("the rolling test set has only {posts} posts, so the frozen one is used", posts=len(rolling))
        return Questions(tuple(frozen), "frozen", note)
    if not rolling:
        raise InputError(
            "a probe must have labelled posts to ask", found=f"none in {settings.base_data}", do=f"Put {FROZEN} there."
        )
    return Questions(tuple(rolling), "rolling")


def _from_the_base(settings: Settings, wanted: int) -> Questions:
    """Returns posts of the frozen set, or of the base's rolling set where there is no frozen one."""
    frozen = list(islice(_base(settings, FROZEN), wanted))
    note = tr("the disk is full, so the ledger cannot be read and the base's test set is used")
    if frozen:
        return Questions(tuple(frozen), "frozen", note)
    return Questions(tuple(islice(_base(settings, ROLLING), wanted)), "rolling", note)


def newest_rolling(settings: Settings, wanted: int) -> list[Post]:
    """Returns up to `wanted` posts of the present rolling test set, last night's included, newest first.

    `prepare` builds the whole set. For its newest rows, it is enough to take the delivered posts, then the base's, and
    to leave out those that are in the base's training data, in the frozen set or in a retired one, also where only
    punctuation differs.
    """
    tested = {post_identity(post.text, post.title): post for post in _base(settings, ROLLING)}
    delivered, contested = _delivered(settings, tested)
    held_out = [*_base(settings, FROZEN), *retired.posts(settings.base_data, settings.label_set)]
    frozen = {identity(post.text) for post in held_out}
    others = {identity_1(post.text) for post in (*_base(settings, TRAIN), *held_out)}
    newest = {
        key: post
        for key, post in delivered.items()
        if of_text(key) not in frozen and (key in tested or identity_1(post.text) not in others)
    }
    counts = Counter(post.source for post in newest.values())
    cap = Cap(wanted, settings.rolling_source_share, FEWEST)
    most = most_of_a_source(counts, len(tested), cap)
    newest = _at_most(newest, most)
    for key in reversed(tested):
        if key not in contested and of_text(key) not in frozen:
            newest.setdefault(key, tested[key])
    return list(newest.values())[:wanted]


def _at_most(posts: dict[str, Post], most: int | None) -> dict[str, Post]:
    """Returns the first `most` posts of every source, all when that is None."""
    if most is None:
        return posts
    taken: Counter[str] = Counter()
    kept = {}
    for key, post in posts.items():
        taken[post.source] += 1
        if taken[post.source] <= most:
            kept[key] = post
    return kept


def _delivered(settings: Settings, tested: Mapping[str, Post]) -> tuple[dict[str, Post], set[str]]:
    """Returns the newest delivered posts that are tested on, and which of `tested` the ledger labels otherwise."""
    if not settings.posts_database.is_file():
        return {}, set()
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.reading() as connection:
        newest = (Post(*row) for row in connection.execute(NEWEST, (settings.rolling_cap,)))
        found = {post_identity(post.text, post.title): post for post in newest}
        require_labels((post.label for post in found.values()), len(settings.label_set))
        query = "SELECT identity, label, standing FROM posts"
        said = {key.hex(): rest for key, *rest in having(connection, query, [bytes.fromhex(key) for key in tested])}
    contested = {
        key
        for key, (label, standing) in said.items()
        if standing in (CONTESTED, APART) or (standing != DECIDED and label != tested[key].label)
    }
    return {key: post for key, post in found.items() if key not in contested}, contested


def _frozen(settings: Settings) -> Iterator[Post]:
    """Yields the rows of the frozen set that still count."""
    if not settings.posts_database.is_file() or not (settings.base_data / FROZEN).is_file():
        yield from _base(settings, FROZEN)
        return
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.reading() as connection:
        yield from still_tested(connection, settings)


def _base(settings: Settings, name: str) -> Iterator[Post]:
    path = settings.base_data / name
    return each_post(path, settings.label_set) if path.is_file() else iter(())
