"""What the process that reads a file says of it: nothing is believed that no file could be.

A file that gets hold of that process can say anything: then its own scores may be wrong, and nothing else.
"""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pyarrow as pa

from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring.columns import NoColumn
from sentiment.scoring.in_parts import LARGEST_PART
from sentiment.scoring.plain_table import is_text, plain_table, whole_bytes
from sentiment.scoring.reading import Head, Told, Wanted
from sentiment.scoring.rows import MOST_OF_SHARD

LONGEST_REASON = 1_000  # characters
MOST_TABLE = 2 * MOST_OF_SHARD  # bytes: what is no text in JSON may be longer as we write it
WRONG = "its reader said what is of no file: {}"


def told_by(message: bytes) -> Told:
    """Returns a message. Raises: UnreadableFile when it is none."""
    try:
        told = msgspec.json.decode(message, type=Told)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UnreadableFile(WRONG.format("a message")) from None
    return msgspec.structs.replace(told, refused=_cut(told.refused))


def require_part(wanted: Wanted, start: int, size: int) -> None:
    """Raises: UnreadableFile unless the file has such a part, which is not too large at once."""
    if not (0 <= start < wanted.size and 0 < size <= LARGEST_PART):
        raise UnreadableFile(WRONG.format("a part"))


def piece_of(wanted: Wanted, head: Head, content: bytes) -> tuple[Head, pa.Table]:
    """Returns a piece's head and table. Raises: UnreadableFile when they do not fit together, or what was asked for."""
    try:
        table = plain_table(pa.ipc.open_stream(pa.py_buffer(content)).read_all())
    except (pa.ArrowException, OSError, ValueError):
        raise UnreadableFile(WRONG.format("a table")) from None
    if wrong := _why_wrong(wanted, head, table):
        raise UnreadableFile(WRONG.format(wrong))
    return msgspec.structs.replace(head, reason=_cut(head.reason)), table


def _why_wrong(wanted: Wanted, head: Head, table: pa.Table) -> str:
    """Returns what is wrong with a piece; "" when it may be one of a file."""
    rows = wanted.shard_rows
    end = head.first + rows
    if head.first < 0 or head.first % rows or (wanted.shards and head.first // rows not in range(*wanted.shards)):
        return "a shard"
    if not all(one < other for one, other in pairwise([head.first - 1, *head.numbers, end])):
        return "numbers of rows"
    if len(head.numbers) != len(table):
        return "a number of rows"
    try:
        places = wanted.columns.found(table.column_names)
    except NoColumn:
        return "names of columns"
    if places != head.places or not is_text(table.schema.field(places["text"]).type):
        return "a column of texts"
    held = sum(whole_bytes(chunk) for column in table.columns for chunk in column.chunks)
    return "so much at once" if held > MOST_TABLE else ""


def _cut(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"
