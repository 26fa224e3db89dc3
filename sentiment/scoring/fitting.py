"""Whether a file of scores can be what was written for its shard: whoever goes by it counts labels and rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyarrow import types

from sentiment.scoring.columns import OURS, TEXT_ID, Columns, NoColumn
from sentiment.scoring.shards import Shard

ROW, LABEL = f"{OURS}row", f"{OURS}label_id"


def misfit(table: pa.Table, shard: Shard, labels: int, columns: Columns | None) -> str:
    """Returns what is wrong with a shard's scores; "" when nothing is. Without `columns` it has none of the posts."""
    kinds: dict[str, Callable[[pa.DataType], bool]] = {ROW: types.is_integer, LABEL: types.is_integer}
    kinds |= {f"{OURS}p{label}": types.is_floating for label in range(labels)}
    for name, is_it in kinds.items():
        if table.column_names.count(name) != 1:
            return f"not one column {name}"
        column = table.column(name)
        if not is_it(column.type) or column.null_count or not np.isfinite(column.to_numpy()).all():
            return f"a value that is none of {name}"
    if any(not _is_identity(table.schema.field(name).type) for name in table.column_names if name == TEXT_ID):
        return f"a value that is none of {TEXT_ID}"
    return _wrong_rows(table, shard, labels) or _wrong_columns(table, columns)


def _is_identity(kind: pa.DataType) -> bool:
    return bool(types.is_binary(kind) or types.is_fixed_size_binary(kind))


def _wrong_rows(table: pa.Table, shard: Shard, labels: int) -> str:
    rows, answers = (table.column(name).to_numpy() for name in (ROW, LABEL))
    if len(rows) != shard.scored:
        return f"{len(rows):,} rows, where {shard.scored:,} were written"
    if len(np.unique(rows)) != len(rows):
        return "a row twice"
    if len(rows) and not shard.first <= rows.min() <= rows.max() < shard.first + shard.rows:
        return "rows of another shard"
    if len(rows) and not 0 <= answers.min() <= answers.max() < labels:
        return f"a label that is none of {labels}"
    return ""


def _wrong_columns(table: pa.Table, columns: Columns | None) -> str:
    try:
        if columns is not None:
            columns.found([name for name in table.column_names if not name.startswith(OURS)])
    except NoColumn as error:
        return str(error)
    return ""
