"""The texts that no encoder may learn from: those of every test set of the home, and of the files that are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sentiment.data import ledger as posts_ledger
from sentiment.data import ledger_file, must_hold, retired
from sentiment.data.posts import named_rows
from sentiment.data.still_tested import ROLLING
from sentiment.settings import Settings

# Every text that went to the side of the tests, also one that has left the rolling set, or is contested or retracted.
ON_THE_TEST_SIDE = """
    SELECT text FROM posts WHERE rolling
    UNION ALL SELECT statements.text FROM statements JOIN set_aside USING (identity) WHERE set_aside.rolling"""


def texts_of_tests(settings: Settings, files: Iterable[Path]) -> Iterator[str]:
    """Yields the texts of the home's frozen, retired and rolling sets, of its must-hold cases, and of the files."""
    base = settings.base_data
    own = [path for path in (base / retired.FROZEN, base / ROLLING) if path.is_file()]
    for path in [*own, *retired.sets(base), *files]:
        yield from (fields["text"] for _, fields in named_rows(path))
    yield from (case.post.text for case in must_hold.of_home(settings))
    if ledger_file.is_there(settings.posts_database):
        with posts_ledger.opened(settings.posts_database) as ledger, ledger.reading() as connection:
            yield from (text for (text,) in connection.execute(ON_THE_TEST_SIDE))
