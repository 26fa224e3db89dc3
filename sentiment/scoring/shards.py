"""What files are cut into: portions, which are read in one go, and shards, each of which becomes one file of scores.

A shard is the rows INDEX × ROWS … of a file that is known by its name and content. Its file is named after that alone,
so that the same work always leads to the same file, whoever does it and how often.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from sentiment.results.record import Count, Record
from sentiment.scoring.places import Listed

ROWS = 20_000  # of a shard: some minutes' work of a small model on one processor, a few megabytes of memory
DATA, ASIDE = "data", "put-aside"
LENGTH = 20  # of a file's id: what is named otherwise is somebody else's file
# Whoever can write to a bucket can give a name a number of any length.
_INDEX = "[0-9]{6,15}"
_OF_SCORES = re.compile(rf"{DATA}/([0-9a-f]{{{LENGTH}}})-({_INDEX})\.parquet")
_OF_ASIDE = re.compile(rf"{ASIDE}/[^/]+-{_INDEX}\.jsonl")


class SourceFile(Record, frozen=True, kw_only=True):
    """A file of the archive with its content's digest."""

    name: str
    size: int
    stamp: str
    digest: str

    @property
    def id(self) -> str:
        """What its shards are named after: another name or another content is another file."""
        return hashlib.sha256(f"{self.name}\0{self.digest}".encode()).hexdigest()[:LENGTH]

    @property
    def listed(self) -> Listed:
        return Listed(self.name, self.size, self.stamp)


class Shard(Record, frozen=True, kw_only=True):
    """A finished shard: a line of the ledger. `rows` are those of the file: `scored` and `aside` make them up."""

    file: str  # its name in the archive
    digest: str
    id: str
    index: Count
    first: Count  # row of the file, from 0
    rows: Count
    scored: Count
    aside: Count
    last: bool  # whether the file ends here
    reason: str = ""  # why it ends here before it should, when it does
    bytes: Count = 0
    sha256: str = ""  # of its file of scores
    path: str = ""  # of that, below the version's folder; whatever a line says, it follows from id and index

    @property
    def adds_up(self) -> bool:
        """Whether the counts can be true together."""
        return self.scored + self.aside == self.rows

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "path", data_path(self.id, self.index))


class Portion(Record, frozen=True, kw_only=True):
    """What one worker reads in one go: shards of a Parquet file, or all of a text file, which is read from its start.

    `done` are shards of it that are finished.
    """

    file: SourceFile
    first_shard: int = 0
    shards: int | None = None
    done: frozenset[int] = frozenset()

    @property
    def span(self) -> tuple[int, int] | None:
        """The first shard and the one behind the last; None of a text file."""
        return None if self.shards is None else (self.first_shard, self.first_shard + self.shards)

    def behind(self, index: int) -> Portion | None:
        """Returns what is left of a Parquet file's behind a shard; None when nothing is, or of a text file."""
        if self.span is None or index + 1 >= self.span[1]:
            return None
        return msgspec.structs.replace(self, first_shard=index + 1, shards=self.span[1] - index - 1)


def data_path(file_id: str, index: int) -> str:
    return f"{DATA}/{file_id}-{index:06d}.parquet"


def aside_path(file_id: str, index: int) -> str:
    return f"{ASIDE}/{file_id}-{index:06d}.jsonl"


def named(path: str) -> tuple[str, int] | None:
    """Returns the file id and index of which `path` is the file of scores; None when it is none."""
    found = _OF_SCORES.fullmatch(path)
    key = (found[1], int(found[2])) if found else None
    return key if key and path == data_path(*key) else None


def is_aside(path: str) -> bool:
    """Tells whether `path` is one of rows that were put aside."""
    return _OF_ASIDE.fullmatch(path) is not None


def portions(file: SourceFile, rows: int | None, shard_rows: int, done: frozenset[int]) -> list[Portion]:
    """Returns what is left to do of a file; `rows` is how many it has, None where only reading it tells."""
    if rows is None:
        return [Portion(file=file, done=done)]
    indices = range(max(1, -(-rows // shard_rows)))
    return [Portion(file=file, first_shard=index, shards=1) for index in indices if index not in done]


def joined(portions: list[Portion]) -> list[Portion]:
    """Returns the portions with those joined that follow each other in a Parquet file.

    To find its first row, each is decoded from the beginning of a row group, which may be all of the file.
    """
    found = list[Portion]()
    for portion in portions:
        last = found[-1] if found else portion
        if found and last.file == portion.file and last.span and portion.span and last.span[1] == portion.first_shard:
            found[-1] = msgspec.structs.replace(last, shards=portion.span[1] - last.first_shard)
        else:
            found.append(portion)
    return found


def is_whole(shards: list[Shard]) -> bool:
    """Tells whether these finished shards of one file are all that it has."""
    found = {shard.index: shard for shard in shards}
    return bool(found) and sorted(found) == list(range(len(found))) and found[len(found) - 1].last
