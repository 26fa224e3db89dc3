"""`sentiment forget`: deletes texts on request, everywhere this system keeps them, and says which models saw them.

It deletes in this order, so that nothing can come back: from the ledger (which refuses the texts from then on), from
the files that data come from, and then, when nobody reads the old ledger any longer, from what was made of them. What a
stopped pretraining of the home's own encoder kept is removed whole. What stays is the hash of each text: it serves to
refuse it and to name the models that saw it. It may be killed at any step: run it again.

It names the files of the archive's scores that hold a text. It cannot reach the archive itself, object storage,
Airflow's own database and logs, mails that were sent, or copies elsewhere.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from sentiment import atomic
from sentiment.backup.folder import REPLACED
from sentiment.beside import has_no_owner, is_temporary
from sentiment.data import ledger as posts_ledger
from sentiment.data import must_hold
from sentiment.data.identity import HAS_TITLE, HEX_DIGITS, VERSION
from sentiment.data.ledger import Ledger
from sentiment.data.posts import columns_of, encoding_of, named_rows
from sentiment.data.source.walk import opened_as_found
from sentiment.data.stream import read_stream
from sentiment.digests import sha256_of_content
from sentiment.errors import InputError
from sentiment.language import recorded, tr
from sentiment.lineage import kept_tokens
from sentiment.lineage.delivered import still_delivered
from sentiment.lineage.erase import LINE_SUFFIXES, Erased, can_be_searched, erase, is_delimited, still_in
from sentiment.lineage.exposure import exposed_versions
from sentiment.lineage.in_scores import in_scores, scores_told
from sentiment.lineage.retract_told import how_trained, standing_of
from sentiment.lineage.search import Search
from sentiment.lineage.texts import Texts
from sentiment.serving.history import read_state
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import to_people
from sentiment.text.harmless import visible

OF_POSTS = ("posts", "claims", "decisions", "statements", "set_aside")
WITH_TITLE = " UNION ".join(f"SELECT identity FROM {table} WHERE {HAS_TITLE}" for table in OF_POSTS)
TEXT_BYTES = HEX_DIGITS // 2  # of an identity; those behind them are the title's
PACKED = frozenset({".gz", ".parquet", ".xlsx", ".zip"})


def read_texts(given: str) -> list[str]:
    """Returns the texts in `given`: a text, a file of posts, a file with one text per line, or `-` for stdin.

    A TSV or CSV with a column `text` is a file of posts.
    """
    path = Path(given)
    if given != "-" and not _is_file(path):
        texts = [given]
    elif given == "-":
        texts = [post.text for post in read_stream(sys.stdin.buffer)]
    else:
        texts = _column_of(path) or _lines_of(path)
    texts = [text.strip() for text in texts if text.strip()]
    if not texts:
        raise InputError("there must be a text to forget", found="none", do="Give a text, or a file of texts.")
    return texts


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text can be longer than any file name
        return False


def _column_of(path: Path) -> list[str]:
    return [fields["text"] for _, fields in named_rows(path)] if "text" in columns_of(path) else []


def _lines_of(path: Path) -> list[str]:
    encoding = encoding_of(path)
    return path.read_bytes().removeprefix(encoding.mark).decode(encoding.codec, "replace").split("\n")


def forget(texts: Texts, reason: str, settings: Settings, write: bool) -> Result:
    """Deletes `texts`; without `write` it only says what it would delete. The result quotes none of them."""
    erased: list[Erased] = []
    search = Search()
    with posts_ledger.opened(settings.posts_database) as ledger:
        ledger.require_whole(quick=True)  # before a file is changed
        with ledger.writing() as connection:
            posts = _delete_posts(connection, texts, reason, write)
        sources = _source_folders(settings)
        # Nobody writes back, from what was read before, a case that must hold and is erased meanwhile.
        with atomic.exclusive_lock(must_hold.lock_of(settings)) if write else nullcontext():
            erased += _erase_all(search, sources, texts, write, ledger, settings)
        if write:
            _wait_for_readers(ledger)  # when this returns, a prepare that began before has written its files
        made = [settings.runs, settings.trained, settings.records]
        erased += _erase_all(search, made, texts, write, ledger, settings)
        if write:
            _draw_pages_again(search, made)
            ledger.rebuild()
    unfinished = kept_tokens.removed(search, settings, write)
    files = search.files([*sources, *made])
    state = read_state(settings)
    return {
        "dry_run": not write,
        "texts": len(texts),
        "posts": posts,
        "files": [{"file": _shown(item.file, settings), "number": item.number} for item in erased],
        "unfinished": [_shown(folder, settings) for folder in unfinished],
        "models": exposed_versions(settings, state, texts.identities),
        # Before a deletion everything is still there, so there is nothing to report.
        "remaining": _remaining(search, [*files, *_served(search, settings)], texts, settings) if write else [],
        "scores": [held.as_result(_shown(held.path, settings)) for held in in_scores(search, texts, settings)],
        "not_searched": _not_searched(search, files, settings),
    }


def _delete_posts(connection: sqlite3.Connection, texts: Texts, reason: str, write: bool) -> int:
    """Returns how many posts of the ledger have one of the texts, also as a title; deletes them if `write`.

    The hashes of the texts are kept. A post that only had one as its title may come again without it.
    """
    keys = [(bytes.fromhex(text_identity),) for text_identity in sorted(texts.identities[VERSION])]
    of_texts = set(keys)
    titled = connection.execute(
        "SELECT identity, title FROM posts WHERE title != ''"
        " UNION SELECT identity, title FROM statements WHERE title != ''"
    )
    with_title = (key for (key,) in connection.execute(WITH_TITLE))
    under_titles = ((key,) for key in with_title if (key[:TEXT_BYTES],) in of_texts)
    gone = {*keys, *under_titles, *((key,) for key, title in titled if texts.has(title))}
    rows = [row for key in sorted(gone) for row in connection.execute("SELECT row FROM posts WHERE identity = ?", key)]
    aside = sum(bool(connection.execute("SELECT 1 FROM set_aside WHERE identity = ?", key).fetchone()) for key in gone)
    if write:
        for table in OF_POSTS:
            connection.executemany(f"DELETE FROM {table} WHERE identity = ?", gone)
        # The side that the text had by version 1 is kept, but of no row: its number may be given to another post.
        connection.execute("CREATE TEMP TABLE gone (row INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO gone VALUES (?)", rows)
        connection.execute("UPDATE earlier SET row = -row WHERE row IN (SELECT row FROM gone)")
        connection.execute("DROP TABLE gone")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        connection.executemany(
            "INSERT OR IGNORE INTO forgotten (identity, at, reason, version) VALUES (?, ?, ?, ?)",
            ((key, at, reason, VERSION) for (key,) in keys),
        )
    return len(rows) + aside


def _wait_for_readers(ledger: Ledger) -> None:
    if not ledger.wait_for_readers():
        raise InputError(
            "no step may read the ledger of posts for so long",
            found="a step that has been reading it for ten minutes",
            do="Run this again when that step is done, to erase the rest; the texts are refused from now on.",
        )


def _source_folders(settings: Settings) -> list[Path]:
    """Returns the folders that hold posts, with labels or without, none of them within another."""
    folders = [settings.datasets]
    source = None if "://" in settings.source_folder else Path(settings.source_folder)
    for folder in filter(None, (source, settings.corpus_folder)):
        if not any(folder.resolve().is_relative_to(one.resolve()) for one in folders):
            folders.append(folder)
    return folders


def _served(search: Search, settings: Settings) -> list[Path]:
    """Returns what is served, but not the weights, and the records. A version is known by its digest, the history too.

    So none of them is changed. Release 0.1.0 wrote real posts into a version's warm-up file.
    """
    before = [folder.resolve() for folder in (settings.trained, settings.records)]  # were searched
    found = search.files([settings.serving])
    return [path for path in found if path.parent.name != "variables" and not any(map(path.is_relative_to, before))]


def _erase_all(
    search: Search, folders: list[Path], texts: Texts, write: bool, ledger: Ledger, settings: Settings
) -> Iterator[Erased]:
    def confirm(old: Path, new: BinaryIO) -> None:
        # A page cuts its texts short, so it is not searched but drawn again; it goes first, so that a kill leaves none.
        for page in _pages_of(old):
            page.unlink(missing_ok=True)
        # The ledger knows a delivered file by its content: without this the next ingest would think that it is new.
        new.seek(0)
        with opened_as_found(old) as was:
            before, after = sha256_of_content(was), sha256_of_content(new)
        with ledger.writing() as connection:
            connection.execute("UPDATE deliveries SET hash = ? WHERE hash = ?", (after, before))

    for path in search.files(folders):
        found = None
        with search.alone(path):
            if not is_temporary(path):
                found = erase(path, texts, write, confirm)
            elif write and has_no_owner(path):
                path.unlink()
        if found:
            _say_erased(found.number, _shown(path, settings), write)
            yield found


def _say_erased(places: int, path: str, write: bool) -> None:
    with to_people():
        if write:
            say(tr("erased {places} from {path}", places=places, path=path))
        else:
            say(tr("would erase {places} from {path}", places=places, path=path))


def _draw_pages_again(search: Search, folders: list[Path]) -> None:
    for report in search.files(folders):
        with search.alone(report):
            if any(not page.exists() for page in _pages_of(report)):
                _draw_again(report.parent)


def _pages_of(report: Path) -> list[Path]:
    """Returns the page that is drawn from `report`, when that is a report's JSON."""
    return [report.with_suffix(".html")] if report.name in ("report.json", "test_report.json") else []


def _draw_again(folder: Path) -> None:
    from sentiment.report.render import draw

    try:
        draw(folder)
    except InputError as error:
        say(f"{folder}: its page cannot be drawn again: {error}")


def _remaining(search: Search, files: list[Path], texts: Texts, settings: Settings) -> list[str]:
    """Returns the files of any kind that still hold one of the texts, by their bytes or as ingest reads them."""
    delivered, patterns = still_delivered(search, texts, settings), texts.patterns()
    remaining = set(delivered)
    for path in files:
        with search.alone(path):
            remaining |= {path} if path not in remaining and still_in(path, patterns) else set()
    return [_shown(path, settings) for path in sorted(remaining)]


def _not_searched(search: Search, files: list[Path], settings: Settings) -> list[str]:
    """Returns what this system cannot search or change."""
    closed = []
    for path in files:
        with search.alone(path):
            closed += [_shown(path, settings)] * (path not in search.failed and not _can_be_searched(path))
    elsewhere = [place for place in (settings.source_folder, settings.scores_place) if "://" in place]
    elsewhere += [settings.archive] if settings.archive else []
    copies = [*sorted(settings.home.glob(f"{REPLACED}*")), *filter(None, [settings.backup_place])]
    failed, more = search.not_searched()
    return [
        *closed,
        *(_shown(path, settings) for path in failed),
        *more,
        *elsewhere,
        *(_shown(path, settings) for path in copies),
    ]


def _can_be_searched(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in PACKED:
        return False
    of_posts = is_delimited(path) or suffix in LINE_SUFFIXES or suffix == ".json"
    return not of_posts or can_be_searched(path)


def _shown(path: Path, settings: Settings) -> str:
    home = settings.home.resolve()
    return visible(str(path.relative_to(home) if path.is_relative_to(home) else path))


def told(result: Result) -> list[str]:
    """Returns `result` as lines for people."""
    models = result["models"]
    lines = [_erased(result), *(_of_unfinished(path, result["dry_run"]) for path in result["unfinished"])]
    for model in models["versions"]:
        saw = {"version": model["version"], "standing": standing_of(model), "how": how_trained(model)}
        lines.append(tr("version {version} ({standing}) saw them: {how}", **saw))
    lines += [tr("run {run} was trained on them", run=run) for run in models["runs"]]
    lines += [tr("version {version} is too old to tell", version=number) for number in models["unknown"]]
    for path in result["remaining"]:
        lines.append(tr("{path} still holds one of them: this system cannot change such files", path=path))
    lines += scores_told(result["scores"])
    return [*lines, *(tr("{path} was not searched", path=recorded(path)) for path in result["not_searched"])]


def _erased(result: Result) -> str:
    counts = {
        "texts": result["texts"],
        "posts": result["posts"],
        "places": sum(item["number"] for item in result["files"]),
        "files": len(result["files"]),
    }
    if result["dry_run"]:
        return tr(
            "{texts} text(s): {posts} post(s) of the ledger and {places} place(s) in {files} file(s) would be erased",
            **counts,
        )
    return tr(
        "{texts} text(s): {posts} post(s) of the ledger and {places} place(s) in {files} file(s) erased", **counts
    )


def _of_unfinished(path: str, dry_run: bool) -> str:
    if dry_run:
        return tr("{path} would be removed: a stopped pretraining keeps posts there, as numbers", path=path)
    return tr("{path} was removed: a stopped pretraining kept posts there, as numbers; it starts over", path=path)


@click.command("forget")
@click.argument("given", metavar="TEXT|FILE|-")
@click.option("--reason", required=True, help="Kept with the hash of each text; must not quote it.")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@step
def command(given: str, reason: str, dry_run: bool) -> Result:
    """Delete texts on request, and list the models that saw them.

    FILE is a TSV or CSV with a column `text`, or has one text per line. No copy is kept. A deleted text is refused
    when it is delivered again. Run this while no other step runs, or run it once more afterwards.
    """
    texts = Texts(read_texts(given))
    if texts.quoted_in(reason):
        raise InputError("the reason is kept and must not quote the text", found="the text in it", do="Reword it.")
    result = forget(texts, reason, read_settings(), write=not dry_run)
    with to_people():
        for line in told(result):
            say(line)
    return result
