"""Adds a correction to the cases that must hold: under a lock, and whole or not at all."""

from __future__ import annotations

from sentiment import atomic
from sentiment.data import ledger as posts_ledger
from sentiment.data.must_hold import Case, fields_of, file_of, lock_of, read_cases, read_rows, write_rows
from sentiment.data.tsv import Post, one_line
from sentiment.errors import InputError
from sentiment.settings import Settings
from sentiment.text.harmless import visible
from sentiment.text.invisible import is_blank

LONGEST = 10_000  # characters of a text, its title or the reason: a post is no book, and nobody reads such a reason


def case_of(settings: Settings, text: str, label: str, title: str, fixed: bool, why: str) -> Case:
    """Returns the case that a person gives. Raises: InputError when it has no text, reason or known label."""
    for name, given in (("text", text), ("title", title), ("why", why)):
        _require_text(name, given)
    known = settings.label_set.parse(label)
    if known is None:
        raise InputError(
            f"--label must be one of the labels {settings.label_set.describe()}",
            found=repr(visible(label[:40])),
            do="Give its number or its name.",
        )
    return Case(Post(one_line(text), known, one_line(title)), fixed, one_line(why))


def add(settings: Settings, case: Case) -> bool:
    """Puts a case into the home's file, in the place of the row with its text and title; tells whether there was one.

    All other rows, and columns that are not ours, stay. Raises: InputError when the text was deleted on request, or a
    row of the file is wrong.
    """
    path = file_of(settings)
    with atomic.exclusive_lock(lock_of(settings)):
        _require_not_forgotten(settings, case)
        known = [one.key for one in read_cases(path, settings.label_set)]
        columns, numbered = read_rows(path) if known else ([], [])
        rows = [fields for _, fields in numbered]
        replaces = case.key in known
        if replaces:
            rows[known.index(case.key)] |= fields_of(case)
        else:
            rows.append(fields_of(case))
        write_rows(path, columns, rows)
    return replaces


def _require_not_forgotten(settings: Settings, case: Case) -> None:
    if not settings.posts_database.is_file():
        return
    with posts_ledger.opened(settings.posts_database) as ledger:
        if any(ledger.is_forgotten(text) for text in (case.post.text, case.post.title, case.why) if text):
            raise InputError(
                "a case must not hold a text that was deleted on request",
                found="one that `sentiment forget` was given",
                do="Leave it out.",
            )


def _require_text(name: str, given: str) -> None:
    """Raises: InputError unless it can be written, and be read by people; a title may be empty."""
    found = ""
    if name != "title" and is_blank(given):
        found = "nothing that can be read"
    elif len(given) > LONGEST:
        found = f"{len(given):,} characters"
    elif not _is_unicode(given):
        found = "bytes that are not UTF-8"
    if found:
        raise InputError(f"--{name} must be a text of at most {LONGEST:,} characters", found=found, do="Correct it.")


def _is_unicode(given: str) -> bool:
    return given.isprintable() or given == given.encode("utf-8", "replace").decode()
