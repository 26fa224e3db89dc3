"""What `sentiment score` says: what is there before it begins, and what came of it."""

from __future__ import annotations

from sentiment.language import tr, tr_many
from sentiment.results.scoring import ScoreResult, folder_of
from sentiment.scoring import archive
from sentiment.scoring.ledger import Ledger
from sentiment.scoring.shards import ASIDE
from sentiment.step import say
from sentiment.text.aloud import to_people
from sentiment.text.harmless import visible

MOST_NAMED = 20  # files that are named in words; the result has all


def say_plan(plan: archive.Plan, ledger: Ledger) -> None:
    """Says what is there and what is left to do, before it takes long."""
    with to_people():
        if ledger.gone:
            say(tr("{number:,} finished shards are gone or cut, and are scored again", number=ledger.gone))
        if ledger.found_again:
            say(tr("{number:,} shards were finished, and not yet recorded", number=ledger.found_again))
        if plan.ignored:
            name = visible(plan.ignored[0])
            say(tr("{number:,} files are of another kind, such as {name}", number=len(plan.ignored), name=name))
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
        lines.append(tr("{number:,} rows were put aside: {folder}", number=result.rows_aside, folder=where))
    for files, sentence in ((result.put_aside, _put_aside), (result.left, _left)):
        lines += [sentence(visible(name), visible(reason)) for name, reason in list(files.items())[:MOST_NAMED]]
        if len(files) > MOST_NAMED:
            lines.append(tr("and {number:,} more files", number=len(files) - MOST_NAMED))
    if gone := len(result.not_in_archive):
        lines.append(
            tr("{number:,} files with scores are gone from the archive; --drop-gone removes their scores", number=gone)
        )
    if result.current == result.version:
        lines.append(tr("readers take the scores of version {version}", version=result.version))
    elif result.current is not None:
        lines.append(tr("readers still take the scores of version {version}", version=result.current))
    else:
        lines.append(tr("readers are pointed to no scores yet"))
    return lines
