"""What `sentiment score` says: what is there before it begins, and what came of it."""

from __future__ import annotations

from sentiment.language import tr, tr_many
from sentiment.results.scoring import ScoreResult, folder_of
from sentiment.scoring import archive
from sentiment.scoring.ledger import Ledger
from sentiment.scoring.shards import ASIDE
from sentiment.step import say
from sentiment.text.aloud import to_people
from sentiment.text.harmless import LONGEST_FILE_NAME, visible

MOST_NAMED = 20  # files that are named in words; the result has all


def say_plan(plan: archive.Plan, ledger: Ledger) -> None:
    """Says what is there and what is left to do, before it takes long."""
    with to_people():
        if ledger.gone:
            say(
                tr_many(
                    "{number:,} finished shard is gone or cut, and is scored again",
                    "{number:,} finished shards are gone or cut, and are scored again",
                    ledger.gone,
                )
            )
        if ledger.found_again:
            say(
                tr_many(
                    "{number:,} shard was finished, and not yet recorded",
                    "{number:,} shards were finished, and not yet recorded",
                    ledger.found_again,
                )
            )
        if plan.ignored:
            say(
                tr_many(
                    "{number:,} file is of another kind: {name}",
                    "{number:,} files are of another kind, such as {name}",
                    len(plan.ignored),
                    name=visible(plan.ignored[0], LONGEST_FILE_NAME),
                )
            )
        files = tr_many("{number:,} file", "{number:,} files", len(plan.files))
        say(tr("{files} in the archive, {finished:,} of them finished", files=files, finished=plan.finished))


def _put_aside(name: str, reason: str) -> str:
    return tr("put aside: {name}: {reason}", name=name, reason=reason)


def _left(name: str, reason: str) -> str:
    return tr("left for the next run: {name}: {reason}", name=name, reason=reason)


def told(result: ScoreResult) -> list[str]:
    """Returns the result as lines for people."""
    posts = tr_many("{number:,} post", "{number:,} posts", result.rows_new)
    pace = result.rows_new / result.seconds if result.seconds else 0.0
    lines = [
        tr(
            "version {version} scored {posts} ({pace:.0f} a second); it has scores of {all:,} in all",
            version=result.version, posts=posts, pace=pace, all=result.rows,
        )
    ]  # fmt: skip
    if result.rows_aside:
        where = f"{result.output.rstrip('/')}/{folder_of(result.version)}/{ASIDE}"
        lines.append(
            tr_many(
                "{number:,} row was put aside: {folder}",
                "{number:,} rows were put aside: {folder}",
                result.rows_aside,
                folder=where,
            )
        )
    if result.files_aside:
        files = tr_many("{number:,} file", "{number:,} files", result.files)
        lines.append(
            tr(
                "NOT all of the archive has scores: of {files}, {aside:,} could not be read, or not to the end",
                files=files, aside=result.files_aside,
            )
        )  # fmt: skip
    for named, sentence in ((result.put_aside, _put_aside), (result.left, _left)):
        lines += [
            sentence(visible(name, LONGEST_FILE_NAME), visible(reason))
            for name, reason in list(named.items())[:MOST_NAMED]
        ]
        if len(named) > MOST_NAMED:
            lines.append(tr_many("and {number:,} more file", "and {number:,} more files", len(named) - MOST_NAMED))
    if gone := len(result.not_in_archive):
        lines.append(
            tr_many(
                "{number:,} file with scores is gone from the archive; --drop-gone removes its scores",
                "{number:,} files with scores are gone from the archive; --drop-gone removes their scores",
                gone,
            )
        )
    if result.current == result.version:
        lines.append(tr("readers take the scores of version {version}", version=result.version))
    elif result.current is not None:
        lines.append(tr("readers still take the scores of version {version}", version=result.current))
    else:
        lines.append(tr("readers are pointed to no scores yet"))
    return lines
