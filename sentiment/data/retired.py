"""The frozen test sets that were retired: their files, and how the next set takes the place of the present one.

    test.tsv                            the frozen set
    retired/test-<number>-<date>.tsv    what it was before the refreshment of that number
    retired/next-<number>.tsv           what it becomes by that refreshment, until it takes the place of test.tsv

The line of the refreshment in `serving/refreshments.jsonl` decides: without it, next-<number>.tsv was never meant; with
it, it only has to be put in its place. So a refreshment that is killed anywhere is either undone or done by the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sentiment import atomic
from sentiment.beside import has_no_owner
from sentiment.data.identity import identity, post_identity
from sentiment.data.posts import each_post
from sentiment.data.tsv import Post
from sentiment.labels import Labels

FROZEN, FOLDER = "test.tsv", "retired"
_NUMBERED = re.compile(r"test-([0-9]+)-.*")
_NEXT = "next-*.tsv"


def sets(base: Path) -> list[Path]:
    """Returns the files of the retired sets in the folder of the base data, by name; whoever put one there, it counts.

    One that has no rows any more, since `forget` took them all out, is left out.
    """
    files = sorted((base / FOLDER).glob("*.tsv"))
    return [path for path in files if not path.match(_NEXT) and len(path.read_bytes().splitlines()) > 1]


def posts(base: Path, labels: Labels) -> Iterator[Post]:
    """Yields the posts of every retired set. Raises: InputError when a set cannot be read.

    Read the frozen set before: what it no longer has, because it was replaced meanwhile, is found here.
    """
    for path in sets(base):
        yield from each_post(path, labels)


def brought(base: Path, labels: Labels) -> set[str] | None:
    """Returns the identities of the posts that the frozen set had before its first refreshment; None before that.

    A set that has no number was put there by people, and counts too.
    """
    numbers = {path: int(named[1]) for path in sets(base) if (named := _NUMBERED.fullmatch(path.stem))}
    if not numbers:
        return None
    first = min(numbers.values())
    return set().union(*(posts_of(path, labels) for path in sets(base) if numbers.get(path, first) == first))


def without_tests(found: list[Post], base: Path, labels: Labels) -> list[Post]:
    """Returns the posts whose texts are, and were, in no frozen test set; all where no set was ever retired.

    For who trains on files of the folder `base` without a ledger.
    """
    if not sets(base):
        return found
    held_out = _texts(base / FROZEN, labels) if (base / FROZEN).is_file() else set()
    held_out |= {identity(post.text) for post in posts(base, labels)}
    return [post for post in found if identity(post.text) not in held_out]


def free_number(base: Path, recorded: int) -> int:
    """Returns the number of the next refreshment: above `recorded`, the last one's, and above that of any file.

    A home that came back from a backup may have a set whose refreshment is not recorded.
    """
    found = [int(named[1]) for path in (base / FOLDER).glob("*.tsv") if (named := _NUMBERED.fullmatch(path.stem))]
    return max([recorded, *found]) + 1


def file_of(base: Path, number: int, day: str) -> Path:
    """Returns where the set goes that the refreshment `number` retires on `day` (ISO 8601)."""
    return base / FOLDER / f"test-{number}-{day}.tsv"


def next_file(base: Path, number: int) -> Path:
    """Returns where the set waits that the refreshment `number` puts in place."""
    return base / FOLDER / f"next-{number}.tsv"


def put_in_place(base: Path, number: int) -> bool:
    """Makes the set of the recorded refreshment `number` the frozen set; tells whether that was left to do."""
    waiting = next_file(base, number)
    if not waiting.is_file():
        return False
    waiting.replace(base / FROZEN)
    for folder in (base, base / FOLDER):
        atomic.sync_file(folder)
    return True


def drop_unmeant(base: Path, labels: Labels) -> None:
    """Removes what a refreshment left that was killed before it was recorded. Hold the lock of refreshments.

    Its copy of the frozen set goes too, as long as all its rows still are in that set.
    """
    for half_written in filter(has_no_owner, (base / FOLDER).glob(".*.tmp")):
        half_written.unlink()
    for waiting in (base / FOLDER).glob(_NEXT):
        number = waiting.stem.removeprefix("next-")
        for copy in (base / FOLDER).glob(f"test-{number}-*.tsv"):
            if _texts(copy, labels) <= _texts(base / FROZEN, labels):
                copy.unlink()
        waiting.unlink()


def posts_of(path: Path, labels: Labels) -> set[str]:
    """Returns the identities of the posts in a file."""
    return {post_identity(post.text, post.title) for post in each_post(path, labels)}


def _texts(path: Path, labels: Labels) -> set[str]:
    return {identity(post.text) for post in each_post(path, labels)}
