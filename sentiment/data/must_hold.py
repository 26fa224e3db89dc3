"""The cases that must hold: posts of which people know the label for certain, and want every model to know it.

They are in a TSV of the base data, `must_hold.tsv`, which need not exist: `text` and `label`, and as far as they are
wanted `title`, `fixed` (yes: no new model may change this answer) and `why`. A case is its text with its title: pairs
that differ in nothing but the title are two cases. People open the file in a spreadsheet, so its cells are escaped.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sentiment import atomic
from sentiment.data.identity import identity
from sentiment.data.posts import columns_of, named_rows
from sentiment.data.quarantine import ENCODING
from sentiment.data.tsv import Post, one_line, whole_number
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.settings import Settings
from sentiment.text import cells
from sentiment.text.harmless import visible
from sentiment.text.invisible import is_blank

COLUMNS = ("text", "label", "title", "fixed", "why")
YES, NO = ("yes", "true", "1"), ("", "no", "false", "0")
CORRECT = "Correct or delete that line."


class Case(NamedTuple):
    """A post that every model should answer with its label; of a `fixed` one the answer may not change at all."""

    post: Post
    fixed: bool = False
    why: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes two rows the same case: the identities of text and title."""
        return identity(self.post.text), identity(self.post.title)


def file_of(settings: Settings) -> Path:
    """Returns the home's file of cases; it need not exist."""
    return settings.base_data / "must_hold.tsv"


def lock_of(settings: Settings) -> Path:
    """Returns the file that those lock who change the cases."""
    return settings.datasets / "must_hold.lock"


def read_cases(path: Path, labels: Labels) -> list[Case]:
    """Returns the cases of a file in order, [] when there is none.

    Raises: InputError on the first row that is no case, or that gives a case of an earlier row again.
    """
    if not os.path.lexists(path):
        return []
    cases: dict[tuple[str, str], Case] = {}
    for number, fields in read_rows(path)[1]:
        found = _case(fields, labels)
        if isinstance(found, str):
            raise _refused(path, f"hold a text and one of the labels {labels.describe()}", number, found)
        if found.key in cases:
            raise _refused(path, "be another case than those above it", number, "a text and title that came before")
        cases[found.key] = found
    return list(cases.values())


def of_home(settings: Settings) -> list[Case]:
    """Returns the cases of the home; raises as `read_cases` does."""
    return read_cases(file_of(settings), settings.label_set)


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Returns the columns of a file of cases, and its rows: the line, and the fields by column.

    Raises: InputError when a column that is read is missing or there twice, or a row is not like the header.
    """
    columns = columns_of(path)
    twice = [name for name in (*COLUMNS, cells.COLUMN) if columns.count(name) > 1]
    if twice:
        raise InputError(f"{path} must have one column {twice[0]}", found="two", do="Correct its header.")
    return columns, list(named_rows(path, "label"))


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Replaces a file of cases, atomically; no cell of it is a formula. `columns` are those besides our own."""
    names = [*COLUMNS, *(name for name in columns if name not in (*COLUMNS, cells.COLUMN))]
    with atomic.replacing(path) as temporary, temporary.open("w", encoding=ENCODING, newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow([*names, cells.COLUMN])
        for row in rows:
            shown, said = cells.row_of([one_line(row.get(name, "")) for name in names])
            writer.writerow([*shown, said])


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Replaces `path` with the cases, atomically."""
    write_rows(path, (), map(fields_of, cases))


def fields_of(case: Case) -> dict[str, str]:
    """Returns a case as the fields of a row, by column."""
    post = case.post
    values = (post.text, str(post.label), post.title, YES[0] if case.fixed else "", case.why)
    return dict(zip(COLUMNS, values, strict=True))


def _case(fields: Mapping[str, str], labels: Labels) -> Case | str:
    """Returns the case in a row, or the reason why there is none."""
    text, stated, said = one_line(fields["text"]), whole_number(fields["label"]), fields.get("fixed", "").lower()
    label = labels.parse(stated)
    if label is None:
        return f"unknown label {visible(stated[:40])!r}"
    if is_blank(text):
        return "empty text"
    if said not in YES + NO:
        return f"{visible(said[:40])!r} in the column fixed, which says yes or nothing"
    return Case(Post(text, label, one_line(fields.get("title", ""))), said in YES, one_line(fields.get("why", "")))


def _refused(path: Path, wanted: str, number: int, found: str) -> InputError:
    return InputError(f"every row of {path} must {wanted}", found=f"line {number}: {found}", do=CORRECT)
