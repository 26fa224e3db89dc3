"""What the process that reads a file says of it: nothing is believed that no file could be.

A file that gets hold of that process can say anything: then its own scores may be wrong, and nothing else.
"""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pyarrow as pa

from sentiment.data.formats.record import UnreadableFile
from sentiment.data.formats.unpack import most_rows
from sentiment.scoring.asked import Head, Told, Wanted, most_held, most_values
from sentiment.scoring.columns import NoColumn
from sentiment.scoring.in_parts import LARGEST_PART
from sentiment.scoring.plain_table import is_text, whole_bytes
from sentiment.scoring.sent import NO_TABLE, WRONG, table_of
from sentiment.text.invisible import is_blank

LONGEST_REASON = 1_000  # characters
NO_REASON = "no reason"


def told_by(message: bytes) -> Told:
    """Returns a message. Raises: UnreadableFile when it is none."""
    try:
        told = msgspec.json.decode(message, type=Told)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UnreadableFile(WRONG.format("a message")) from None
    if told.no_column and not told.refused:
        raise UnreadableFile(WRONG.format(NO_REASON))
    return msgspec.structs.replace(told, refused=_reason(told.refused))


def require_part(wanted: Wanted, start: int, size: int) -> None:
    """Raises: UnreadableFile unless the file has such a part, which is not too large at once."""
    if not (0 <= start < wanted.given and 0 < size <= LARGEST_PART):
        raise UnreadableFile(WRONG.format("a part"))


def rows_of(wanted: Wanted, told: Told | None) -> int:
    """Returns how many rows a Parquet file states. Raises: UnreadableFile when that is not said, or by no such file."""
    rows = told.rows if told else None
    if rows is None or not 0 <= rows <= most_rows(wanted.size):
        raise UnreadableFile(WRONG.format("a number of rows"))
    return rows


def require_behind(before: Head | None, head: Head) -> None:
    """Raises: UnreadableFile unless a piece stands behind the one before, of which there may be none."""
    if before and (before.last or head.first <= before.first):
        raise UnreadableFile(WRONG.format("a shard"))


def require_end(wanted: Wanted, last: Head | None) -> None:
    """Raises: UnreadableFile when the reader said that this is all, and it cannot be: then nobody told why."""
    if last is None:
        raise UnreadableFile(WRONG.format("nothing"))
    # Behind the last piece of a text file there may be others that were scored before.
    ends = last.last or bool(wanted.done) if wanted.shards is None else _shard(wanted, last) == wanted.shards[1] - 1
    if not (ends or wanted.one):
        raise UnreadableFile(WRONG.format("a part of it"))


def piece_of(wanted: Wanted, told: Told, content: bytes, lines: bytes = b"") -> tuple[Head, pa.Table]:
    """Returns a piece's head and table. Raises: UnreadableFile when they do not fit together, or what was asked for."""
    head = told.piece
    if head is None:
        raise UnreadableFile(WRONG.format("a number of rows"))
    table = table_of(head.columns, content, most_values(wanted))
    try:
        wrong = _why_wrong(wanted, head, table, lines.count(b"\n"))
    except NO_TABLE:
        raise UnreadableFile(WRONG.format("a table")) from None
    if wrong:
        raise UnreadableFile(WRONG.format(wrong))
    return msgspec.structs.replace(head, reason=_reason(head.reason)), table


def _shard(wanted: Wanted, head: Head) -> int:
    return head.first // wanted.shard_rows


def _why_wrong(wanted: Wanted, head: Head, table: pa.Table, aside: int) -> str:
    """Returns what is wrong with a piece, of which so many rows were put aside; "" when it may be one of a file."""
    rows = wanted.shard_rows
    end = head.first + rows
    if not 0 <= head.first < most_rows(wanted.size) or head.first % rows:
        return "a shard"
    if wanted.shards and _shard(wanted, head) not in range(*wanted.shards):
        return "a shard"
    if not all(one < other for one, other in pairwise([head.first - 1, *head.numbers, end])):
        return "numbers of rows"
    if len(head.numbers) != len(table) or len(head.numbers) + aside > rows:
        return "a number of rows"
    try:
        places = wanted.columns.found(table.column_names)
    except NoColumn:
        return "names of columns"
    if places != head.places or not is_text(table.schema.field(places["text"]).type):
        return "a column of texts"
    held = sum(whole_bytes(chunk) for column in table.columns for chunk in column.chunks)
    return "so much at once" if held > most_held(wanted) else ""


def _reason(reason: str) -> str:
    """Returns a reason, cut; "" without one. Raises: UnreadableFile for one of which nobody can read anything."""
    if reason and is_blank(reason[:LONGEST_REASON]):
        raise UnreadableFile(WRONG.format(NO_REASON))
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"
