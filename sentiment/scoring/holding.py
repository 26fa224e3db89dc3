"""Which files of scores hold a text: they keep the posts' columns, and name each text by its identity."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from sentiment.data.identity import identity
from sentiment.errors import InputError
from sentiment.scoring import current
from sentiment.scoring.columns import OURS, TEXT_ID, Columns
from sentiment.scoring.parquet_rows import values_of
from sentiment.scoring.places import FolderPlace
from sentiment.scoring.shards import DATA
from sentiment.scoring.work import ABOUT as SHARD

ROWS_AT_ONCE = 1 << 16
ROWS_AT_TITLES = 1 << 10


def is_scores(path: Path) -> bool:
    """Tells whether a file has the name of a file of scores."""
    return path.suffix == ".parquet" and path.parent.name == DATA


def holds(path: Path, identities: frozenset[str]) -> bool:
    """Tells whether a row of a file of scores has one of the texts, by their identities (hex), or has one as its title.

    Raises: OSError when what the scores were made with cannot be read.
    """
    wanted = pa.array([bytes.fromhex(one) for one in sorted(identities)], pa.binary(16))
    with parquet.ParquetFile(path) as opened:
        batches = opened.iter_batches(ROWS_AT_ONCE, columns=[TEXT_ID], use_threads=False)
        if any(pc.any(pc.is_in(batch.column(0), wanted)).as_py() for batch in batches):
            return True
        titles = _titles(path, opened.schema_arrow.names)
        found = opened.iter_batches(ROWS_AT_TITLES, columns=titles, use_threads=False) if titles else ()
        return any(_is_one(value, identities) for batch in found for value in values_of(batch.column(0)))


def archive_file_of(path: Path) -> str:
    """Returns the name, in the archive, of the file whose posts a file of scores has; "" when it does not say."""
    with parquet.ParquetFile(path) as opened:
        about = (opened.schema_arrow.metadata or {}).get(SHARD, b"{}")
    try:
        return msgspec.json.decode(about, type=_About).file
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def archive_of(folder: Path) -> str:
    """Returns the address of the archive that a version's folder has scores of; "" when it does not say."""
    try:
        made = current.read(FolderPlace(str(folder)), current.ABOUT, current.Made)
    except InputError:
        return ""
    return made.source if made else ""


class _About(msgspec.Struct):
    file: str = ""


def _titles(path: Path, names: list[str]) -> list[str]:
    """Returns the name of the column of titles, none when there is none."""
    folder = path.parent.parent
    try:
        made = current.read(FolderPlace(str(folder)), current.ABOUT, current.Made)
    except InputError as error:
        raise OSError(errno.EINVAL, error.must_hold, str(folder / current.ABOUT)) from None
    places = (made.columns if made else Columns()).found([name for name in names if not name.startswith(OURS)])
    return [names[places["title"]]] if "title" in places else []


def _is_one(title: object, identities: frozenset[str]) -> bool:
    return isinstance(title, str) and bool(title) and identity(title) in identities
