"""Which files of scores hold a text: they keep the posts' columns, and name each text by its identity."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from sentiment.scoring.columns import OURS
from sentiment.scoring.shards import DATA

TEXT_ID = f"{OURS}text_id"
ROWS_AT_ONCE = 1 << 16


def is_scores(path: Path) -> bool:
    """Tells whether a file has the name of a file of scores."""
    return path.suffix == ".parquet" and path.parent.name == DATA


def holds(path: Path, identities: frozenset[str]) -> bool:
    """Tells whether a file of scores has one of the texts, by their identities (hex), in any of its rows."""
    wanted = pa.array([bytes.fromhex(one) for one in sorted(identities)], pa.binary(16))
    with parquet.ParquetFile(path) as opened:
        batches = opened.iter_batches(ROWS_AT_ONCE, columns=[TEXT_ID], use_threads=False)
        return any(pc.any(pc.is_in(batch.column(0), wanted)).as_py() for batch in batches)
