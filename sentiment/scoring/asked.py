"""What is asked of a reader's child and what it tells, and how much of everything it may take: by the file's size."""

from __future__ import annotations

from sentiment.data.formats.allowance import memory_by_size
from sentiment.data.formats.unpack import most_unpacked
from sentiment.results.record import Record
from sentiment.scoring.columns import Columns
from sentiment.scoring.kinds import Field
from sentiment.scoring.plain_table import BYTES_OF_A_VALUE, MOST_OF_SCHEMA
from sentiment.scoring.rows import MOST_OF_SHARD

MOST_MEMORY = 4 << 30  # bytes that a child may take at all: the rows of a shard may take a quarter of it
SECONDS, MOST_AT_FIRST = 20, 120  # of processor time for the smallest file, and as many for a megabyte, up to so many;
SECONDS_A_MEGABYTE = 10  # and so many more for each: a tenth, or less, of what the slowest packing is read at
# What a message may take in JSON: the names and types of columns (each sign of a name up to six), and numbers of rows.
MOST_SAID, MOST_OF_NUMBER = 8 * MOST_OF_SCHEMA, 24
# Seconds that a reader may be waited for: as long as ten of them take that share a processor.
PATIENCE, READERS_AT_ONCE = 600, 10
MOST_PATIENCE = 20 * 24 * 60 * 60  # for any file: what waits for a socket counts milliseconds in an int, 24 days
# Bytes of a file that are given to its reader, however often it asks for them: nobody reads all of it so often.
MOST_AT_LEAST, TIMES_GIVEN = 1 << 30, 16


class Wanted(Record, frozen=True, kw_only=True):
    """What is asked of a file: how many rows it states, shards of a Parquet file, or the pieces of any other.

    Or of a piece, whether it can be kept; all bounds follow from the file's size then, too.
    """

    name: str
    size: int
    count: bool = False
    columns: Columns = Columns()
    shard_rows: int = 1
    shards: tuple[int, int] | None = None  # of a Parquet file: the first, and the one behind the last
    done: frozenset[int] = frozenset()  # shards that are left out
    one: bool = False  # whether the first piece is enough
    spent: float = 0.0  # seconds of processor time that it took already: each of its shards may need another reader
    # A table of the file that another child sent: its columns, and how many bytes it has. It is what is given here, and
    # asked is whether it can be kept.
    kept: list[Field] | None = None
    table: int = 0

    @property
    def given(self) -> int:
        """How many bytes there are to be asked for."""
        return self.size if self.kept is None else self.table


class Told(Record, frozen=True, kw_only=True):
    """A message of the child. Behind one with `piece` come its rows (`sent`), and the lines of what was put aside."""

    read: tuple[int, int] | None = None  # it wants bytes of the file: from where, and how many
    rows: int | None = None
    piece: Head | None = None
    whole: bool = False  # nothing is left to say
    refused: str = ""
    no_column: bool = False
    missing: bool = False


class Head(Record, frozen=True, kw_only=True):
    """What a piece is beside its rows."""

    first: int
    numbers: list[int]
    columns: list[Field]
    places: dict[str, int]
    last: bool
    reason: str


def most_memory(size: int) -> int:
    """Returns how much memory the reader of a file of `size` bytes may take."""
    return min(MOST_MEMORY, memory_by_size(size))


def most_held(wanted: Wanted) -> int:
    """Returns how many bytes the rows of a shard may take, as `whole_bytes` counts them.

    Of Parquet, it is twice what the reader may count: it does so a few rows at a time, of which most have no nulls, and
    together they need a bit for each value. Of any other file, what is no text is written as JSON, and may be longer.
    """
    if wanted.shards is None:
        return min(2 * MOST_OF_SHARD, most_memory(wanted.size))
    return 2 * min(MOST_OF_SHARD, most_unpacked(wanted.size))


def most_values(wanted: Wanted) -> int:
    """Returns how many values a column of a shard may have, or all the lists in it."""
    return max(wanted.shard_rows, most_held(wanted) // BYTES_OF_A_VALUE)


def most_seconds(size: int) -> int:
    """Returns how much processor time the reader of a file of `size` bytes may take."""
    megabytes = size / (1 << 20)
    return int(min(SECONDS * (1 + megabytes), MOST_AT_FIRST) + SECONDS_A_MEGABYTE * megabytes)


def most_said(wanted: Wanted) -> int:
    """Returns how many bytes a message of the child may have beside rows, and lines."""
    return MOST_SAID + wanted.shard_rows * MOST_OF_NUMBER


def most_patience(size: int) -> int:
    """Returns for how many seconds the reader of a file of `size` bytes may be waited for."""
    return min(PATIENCE + READERS_AT_ONCE * most_seconds(size), MOST_PATIENCE)


def most_given(size: int) -> int:
    """Returns how many bytes of a file of `size` bytes its reader may get, all parts together."""
    return MOST_AT_LEAST + TIMES_GIVEN * size
