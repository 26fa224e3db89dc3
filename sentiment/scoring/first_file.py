"""Whether a file of the archive has the columns that were named: asked before anything is begun with them."""

from __future__ import annotations

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.scoring.columns import Columns
from sentiment.scoring.shards import Portion
from sentiment.scoring.work import Job, Outcome, Worker
from sentiment.text.harmless import LONGEST_FILE_NAME, visible

MOST_TRIED = 100  # files, one after the other; whether one of more has the columns, the engine finds out


def try_columns(job: Job, portions: list[Portion]) -> list[Outcome]:
    """Returns why the first files cannot be read, up to one that can; of that one no more than a shard is read."""
    worker, refused, firsts = Worker(job, _no_answers), list[Outcome](), dict[str, Portion]()
    for portion in portions:
        firsts.setdefault(portion.file.name, portion)
    for portion in islice(firsts.values(), MOST_TRIED):
        if (outcome := worker.tried(portion)) is None:
            break
        refused.append(outcome)
    return refused


def _no_answers(posts: list[Post]) -> NDArray[np.float32]:
    raise AssertionError("nothing is scored while columns are tried")


def require_columns(columns: Columns, files: int, missing: dict[str, str]) -> None:
    """Raises: InputError when all of so many files lack a column that was named; `missing` says so by file."""
    if files and len(missing) == files:
        name, reason = next(iter(missing.items()))
        raise InputError(
            f"the files of the archive must have {' and '.join(f'a column {name}' for name in columns.wanted())}",
            found=f"{visible(name, LONGEST_FILE_NAME)}: {visible(reason)}",
            do="Name the right columns with --text, --title, --id, --time and --source-column.",
        )
