"""A file's rows as tables of so many rows each. A row that cannot be scored is put aside and spoils only itself."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from sentiment import atomic
from sentiment.data.file_lines import LONGEST_SHOWN, bounded_lines, shown
from sentiment.data.formats.encoding import UTF_8, AsUtf8, Encoding, detect
from sentiment.data.formats.json_elements import LARGEST_ELEMENT
from sentiment.data.formats.labelled_json import object_of
from sentiment.data.formats.opened import SAMPLE
from sentiment.data.formats.record import MOST_COLUMNS, TOO_MANY, TOO_WIDE, UnreadableFile
from sentiment.data.formats.unpack import most_rows, most_unpacked
from sentiment.data.rows import RowReader, delimiter_within, fitted
from sentiment.scoring.columns import OURS, Columns, a_name_of_ours
from sentiment.scoring.json_names import Names, why_no_text
from sentiment.scoring.plain_table import plain_table
from sentiment.scoring.put_aside import NO_ROOM, Aside, PutAside
from sentiment.scoring.unpacked import Unpacked, packing_of

DELIMITERS = {".tsv": "\t", ".csv": ","}
JSON_LINES = (".jsonl", ".ndjson")
PARQUET = ".parquet"
READ = (PARQUET, *DELIMITERS, *JSON_LINES)
MOST_OF_SHARD = 1 << 30  # bytes
TOO_MUCH = f"the rows of a shard take more than {MOST_OF_SHARD >> 20:,} MB: begin anew with fewer --shard-rows"
WRONG_MARK = "the file begins with the mark of {} and is none: save it as UTF-8"
HALF_A_CHARACTER = "a name holds half a character"


@dataclass
class Piece:
    """The rows of one shard: `table` has those that can be scored, `numbers` their places in the file.

    `lines` are those of the rows that were put aside.
    """

    first: int
    table: pa.Table
    numbers: list[int]
    places: dict[str, int]
    lines: list[bytes] = field(default_factory=list)
    last: bool = False
    reason: str = ""


class _Read(NamedTuple):
    """A row as it was read: its values by column, or the reason why there are none."""

    values: tuple[Any, ...] | dict[str, Any]
    raw: str = ""
    error: str = ""
    size: int = 0  # about so many bytes


def form_of(name: str) -> str:
    """Returns the suffix that says how a file is read, without that of its packing; "" when it is not read."""
    plain, packing = name.lower(), packing_of(name.lower())
    plain = plain.removesuffix(packing)
    return next((suffix for suffix in READ if plain.endswith(suffix) and not (packing and suffix == PARQUET)), "")


def is_parquet(name: str) -> bool:
    return name.lower().endswith(PARQUET)


def pieces(
    file: BinaryIO, name: str, size: int, columns: Columns, rows: int, skip: Callable[[int], bool]
) -> Iterator[Piece]:
    """Yields the rows of a text file of `size` bytes, `rows` at a time, without the shards that `skip` names by index.

    Where it has more rows than it honestly may, or too many that are put aside, the last piece ends, and says so.
    Raises: UnreadableFile, NoColumn when the file cannot be scored at all.
    """
    cut = _Cut(columns, rows, skip, PutAside(name, most_unpacked(size)), most_rows(size))
    unpacked = Unpacked(file, packing_of(name.lower()), size)
    sample = unpacked.start().peek(SAMPLE)
    if not sample:
        raise UnreadableFile(unpacked.broken or "the file is empty")
    encoding = detect(sample)
    _require_meant(encoding, sample)
    whole: Any = unpacked.start()
    if encoding.codec != UTF_8.codec:
        whole = io.BufferedReader(AsUtf8(whole, encoding), SAMPLE)
    else:
        whole.read(len(encoding.mark))
    form = form_of(name)
    if form in JSON_LINES:
        yield from cut.pieces(_json_rows(whole, unpacked, encoding.name), None, unpacked)
        return
    promised = DELIMITERS[form]
    delimiter = delimiter_within(sample, promised, lambda header: len(header) > 1)
    reader = RowReader(whole, delimiter, encoding.name, lambda: unpacked.broken)
    header = reader.header()
    if header is None or header.error:
        raise UnreadableFile(unpacked.broken or (header.error if header else "the file is empty"))
    names = tuple(name.strip() for name in header.fields)
    while names and not names[-1]:
        names = names[:-1]
    if len(names) > MOST_COLUMNS:
        raise UnreadableFile(TOO_WIDE)
    columns.found(names)  # before a row is read
    yield from cut.pieces(_delimited(reader, len(names)), names, unpacked)


def _require_meant(encoding: Encoding, sample: bytes) -> None:
    """Raises: UnreadableFile when a mark says UTF-16 or UTF-32, in which the file has no line end, tab, quote or such.

    Each form has some. Where the mark is wrong, two letters are taken for one, and all lines for one long line.
    """
    if encoding.mark and encoding.codec != UTF_8.codec:
        text = sample[len(encoding.mark) :].decode(encoding.codec, "replace")
        if not any(character.isascii() for character in text):
            raise UnreadableFile(WRONG_MARK.format(encoding.name))


def _delimited(reader: RowReader, width: int) -> Iterator[_Read]:
    for row in reader.rows(lambda fields: len(fitted(fields, width)) == width):
        fields = fitted(row.fields, width)
        wrong = "" if len(fields) == width else f"{len(row.fields)} columns instead of {width}"
        yield _Read(fields, row.raw, row.error or wrong, len(row.raw) + 8 * width)


def _json_rows(file: Any, unpacked: Unpacked, encoding: str) -> Iterator[_Read]:
    for _, line, reason in bounded_lines(file, LARGEST_ELEMENT, lambda: unpacked.broken):
        if reason:
            yield _Read({}, shown(line[:LONGEST_SHOWN]), reason)
        elif line.strip():
            try:
                value, error = object_of(line.decode("utf-8").strip())
            except UnicodeDecodeError:
                value, error = {}, f"not {encoding}"
            error = error or _why_no_names(value)
            yield _Read(value, shown(line[:LONGEST_SHOWN]) if error else "", error, len(line))


def _why_no_names(row: dict[str, Any]) -> str:
    """Returns why the names of a row cannot be those of columns; "" when they can."""
    if len(row) > MOST_COLUMNS:
        return TOO_WIDE
    if ours := next((name for name in row if name.startswith(OURS)), None):
        return f"a name {a_name_of_ours(ours)}"
    try:
        "".join(row).encode("utf-8")
    except UnicodeEncodeError:
        return HALF_A_CHARACTER
    return ""


def _taken(found: Iterator[_Read], rows: int) -> list[_Read]:
    """Returns the next rows. Raises: UnreadableFile when they are more than a shard may hold."""
    some, held = list[_Read](), 0
    for row in itertools.islice(found, rows):
        some.append(row)
        held += row.size
        if held > MOST_OF_SHARD:
            raise UnreadableFile(TOO_MUCH)
    return some


def _names_of(read: list[_Read], columns: Columns, *, begins: bool) -> tuple[tuple[str, ...], list[_Read]]:
    """Returns the names that objects have together, and the objects under these names; see `json_names`."""
    names, kept = Names(columns), list[_Read]()
    for row in read:
        if not row.error and isinstance(row.values, dict):
            values, wrong = names.taken(row.values)
            raw = atomic.json_text(row.values)[:LONGEST_SHOWN] if wrong else ""
            row = row._replace(values=values, error=wrong, raw=raw)
        kept.append(row)
    return names.of_shard(begins=begins), kept


@dataclass(frozen=True)
class _Cut:
    """Cuts a text file into pieces of `rows` rows; of its rows it may have `most`, and put aside what has room."""

    columns: Columns
    rows: int
    skip: Callable[[int], bool]
    aside: PutAside
    most: int

    def pieces(self, found: Iterator[_Read], names: tuple[str, ...] | None, unpacked: Unpacked) -> Iterator[Piece]:
        """Yields the pieces; the last one says so, and why the file ended early when it did."""
        some = _taken(found, self.rows)
        for index in itertools.count():
            more = list(itertools.islice(found, 1))
            piece = self._piece(index * self.rows, some, names, whole=not self.skip(index))
            piece.reason = piece.reason or ("" if more else unpacked.broken)
            if more and not piece.reason and piece.first + len(some) >= self.most:
                piece.reason = TOO_MANY.format(piece.first + len(some))
            piece.last = not more or bool(piece.reason)
            if not self.skip(index):
                yield piece
                if piece.last:
                    return
            if not more:
                return
            some = more + _taken(found, self.rows - 1)

    def _piece(self, first: int, read: list[_Read], names: tuple[str, ...] | None, *, whole: bool) -> Piece:
        """Returns the piece of these rows, up to where no room is left.

        One that is skipped is not `whole`: its rows that are put aside are counted, and it has no others.
        """
        if names is None:  # JSON Lines: whatever names its objects have
            names, read = _names_of(read, self.columns, begins=not first)
        places = self.columns.found(names)
        text, good, reason = names[places["text"]], list[int](), ""
        for number, row in enumerate(read):
            value = _value(row, places["text"], text)
            if not (wrong := row.error or why_no_text(value)):
                good.append(number)
                continue
            said = value if isinstance(value, str) else ""
            has_room = self.aside.put(Aside(first + number, wrong, row.raw or atomic.json_text(row.values), said))
            if whole and not has_room:
                reason = NO_ROOM
                break
        lines, rows = self.aside.taken(), [read[number].values for number in good if whole]
        table = pa.table({name: _texts(_column(rows, place, name)) for place, name in enumerate(names)})
        return Piece(first, plain_table(table), [first + number for number in good], places, lines, reason=reason)


def _value(row: _Read, place: int, name: str) -> Any:
    if isinstance(row.values, dict):
        return row.values.get(name)
    return row.values[place] if place < len(row.values) else None  # a row that cannot be read has as many as it has


def _column(rows: list[Any], place: int, name: str) -> list[Any]:
    of_json = bool(rows) and isinstance(rows[0], dict)
    return [row.get(name) for row in rows] if of_json else [row[place] for row in rows]


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _texts(values: list[Any]) -> pa.Array:
    """Returns a column of texts; what is no text in JSON is written as JSON."""
    texts = [value if value is None or isinstance(value, str) else _as_json(value) for value in values]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # JSON may hold half a character
        return pa.array([text and text.encode("utf-8", "replace").decode() for text in texts], pa.string())
