"""One portion of a file: read, scored, written, a shard at a time. Every engine does its work by this."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from sentiment import atomic
from sentiment.data.formats.record import UnreadableFile
from sentiment.results.record import Record, as_json, decoded
from sentiment.scoring import reader
from sentiment.scoring.alone import REFUSALS, ending_alone
from sentiment.scoring.answered import Answers, answered
from sentiment.scoring.asked import Wanted
from sentiment.scoring.columns import OURS, Columns, NoColumn
from sentiment.scoring.kept import written
from sentiment.scoring.places import Changed, Place, place_of
from sentiment.scoring.shards import Portion, Shard, SourceFile, aside_path, data_path

ABOUT = b"sentiment.shard"  # the key of a shard's line in the footer of its own file


class Job(Record, frozen=True, kw_only=True):
    """What is the same for all portions of a run; it goes to every worker."""

    source: str  # addresses of places
    output: str  # of the version's folder
    version: int
    labels: list[str]
    columns: Columns
    shard_rows: int


class Outcome(Record, frozen=True, kw_only=True):
    """What became of a shard, or of a file: `shard` is finished, or `reason` says why there is none.

    With `again` the file is no wrong one, and the next run finds it.
    """

    file: str
    shard: Shard | None = None
    reason: str = ""
    again: bool = False
    missing_column: bool = False


@dataclass
class Worker:
    """Does the portions of a job with one copy of the model."""

    job: Job
    answers: Answers

    def __post_init__(self) -> None:
        self.source, self.output = place_of(self.job.source), place_of(self.job.output)
        self.spent = defaultdict[str, float](float)  # seconds, by file's id: of readers that refused a shard

    def outcomes(self, portion: Portion) -> Iterator[Outcome]:
        """Yields what became of each shard, once its scores are where they belong.

        Behind a shard that is refused, others of a Parquet file may be sound, unless it ended its reader. All of them
        have the time of one file together.
        """
        left: Portion | None = portion
        while left is not None:
            at, file, began = left.first_shard, left.file, reader.seconds_spent()
            try:
                for index, piece in self._read(left):
                    # A worker may have written it and not lived to tell; or another one did the same work.
                    shard = shard_in(self.output, file.id, index) or self._write(file, index, piece)
                    yield Outcome(file=file.name, shard=shard)
                    if piece.reason:
                        yield Outcome(file=file.name, reason=piece.reason)
                    at = index + 1
                return
            except REFUSALS as error:
                self.spent[file.id] += reader.seconds_spent() - began
                yield _refused(file, error)
                left = left.behind(at) if type(error) is UnreadableFile else None

    def tried(self, portion: Portion) -> Outcome | None:
        """Returns why a portion cannot be read, as its first rows show; None when it can."""
        try:
            for _ in self._read(portion, one=True):
                pass
        except REFUSALS as error:
            return _refused(portion.file, error)
        return None

    def _read(self, portion: Portion, *, one: bool = False) -> Iterator[tuple[int, reader.Piece]]:
        """Yields the pieces of a portion, or the first."""
        with ending_alone():
            yield from self._pieces(portion, one)

    def _pieces(self, portion: Portion, one: bool) -> Iterator[tuple[int, reader.Piece]]:
        job, file = self.job, portion.file.listed
        wanted = Wanted(
            name=file.name, size=file.size, columns=job.columns, shard_rows=job.shard_rows, one=one,
            shards=portion.span, done=portion.done, spent=self.spent.get(portion.file.id, 0.0),
        )  # fmt: skip
        with self.source.open(file) as handle:
            for piece in reader.pieces(handle, wanted):
                self.source.confirm(file)  # what was read is what the shard will be named after
                yield piece.first // job.shard_rows, piece

    def _write(self, file: SourceFile, index: int, piece: reader.Piece) -> Shard:
        job = self.job
        shard = Shard(
            file=file.name, digest=file.digest, id=file.id, index=index, first=piece.first, rows=piece.rows,
            scored=len(piece.numbers), aside=piece.aside, last=piece.last, reason=piece.reason,
        )  # fmt: skip
        with ending_alone():
            chances, texts = answered(piece.table, piece.places, self.answers, len(job.labels))
            content = packed(scored(piece, texts, chances, job), shard)
        if piece.aside:  # first: the file of scores says that all is done
            self.output.write(aside_path(file.id, index), piece.lines)
        self.output.write(data_path(file.id, index), content)
        return with_sums(shard, content)


def _refused(file: SourceFile, error: Exception) -> Outcome:
    missing = isinstance(error, NoColumn) and error.missing
    return Outcome(file=file.name, reason=str(error), again=isinstance(error, Changed), missing_column=missing)


def scored(piece: reader.Piece, texts: list[bytes], chances: NDArray[np.float32], job: Job) -> pa.Table:
    """Returns the rows as they were, with the columns of their scores behind them; `texts` are their identities."""
    best = chances.argmax(axis=1)
    added = {
        "row": pa.array(piece.numbers, pa.int64()),
        "text_id": pa.array(texts, pa.binary(16)),
        "label_id": pa.array(best, pa.int8()),
        "label": pa.array([job.labels[label] for label in best], pa.string()),
        **{f"p{label}": pa.array(chances[:, label], pa.float32()) for label in range(len(job.labels))},
        "version": pa.array([job.version] * len(texts), pa.int32()),
        "scored_at": pa.array([datetime.now(UTC)] * len(texts), pa.timestamp("ms", "UTC")),
    }
    table = piece.table
    for name, column in added.items():
        table = table.append_column(f"{OURS}{name}", column)
    return table


def packed(table: pa.Table, shard: Shard) -> bytes:
    """Returns a shard's table as a Parquet file, which says in its footer what it is. Raises: UnreadableFile."""
    metadata = dict(table.schema.metadata or {}) | {ABOUT: atomic.json_text(_as_line(shard)).encode()}
    content: bytes = written(table.replace_schema_metadata(metadata)).to_pybytes()
    return content


def _as_line(shard: Shard) -> dict[str, Any]:
    found: dict[str, Any] = as_json(shard)
    return found


def with_sums(shard: Shard, content: bytes) -> Shard:
    return msgspec.structs.replace(shard, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def shard_in(output: Place, file_id: str, index: int) -> Shard | None:
    """Returns what the file of a shard says that it is; None when there is no such file, or it is not whole.

    Nor is it one when it says that it is another shard: under a second name, its rows would count twice.
    """
    content = output.read(data_path(file_id, index))
    if content is None:
        return None
    try:
        about = parquet.ParquetFile(pa.BufferReader(content)).schema_arrow.metadata[ABOUT]
        shard = decoded(json.loads(about), Shard, "it", "")
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError):
        return None
    return with_sums(shard, content) if shard.adds_up and (shard.id, shard.index) == (file_id, index) else None
