"""`sentiment score`: a version's answers for every post of an archive, each exactly once.

It may be stopped or killed at any moment: the same command goes on after the last finished shard.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.language import tr, tr_many
from sentiment.progress import SECONDS_BETWEEN_LINES
from sentiment.results.scoring import Current, PointResult, ScoreResult
from sentiment.scoring import archive, current, engines
from sentiment.scoring.columns import Columns
from sentiment.scoring.current import Made
from sentiment.scoring.engine import LOCAL, RAY, Engine
from sentiment.scoring.ledger import Ledger
from sentiment.scoring.ledger import read as ledger_of
from sentiment.scoring.places import FolderPlace, Place, place_of, require_apart, require_source
from sentiment.scoring.shards import ASIDE, ROWS
from sentiment.scoring.work import Job, Outcome
from sentiment.serving.history import read_state
from sentiment.serving.trained import model_of_version, number_of
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.text.harmless import visible

MOST_NAMED = 20  # files that are named in words; the result has all
ASIDE_FILES = "put-aside/files.json"


@dataclass
class Tally:
    """What this run did."""

    shards: int = 0
    rows: int = 0
    aside: int = 0
    put_aside: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)  # files without a column that was named
    begun: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)

    def say_progress(self) -> None:
        """Says from time to time how far it is: nobody knows how many rows the files hold that are not read yet."""
        now = time.monotonic()
        if now - self.said >= SECONDS_BETWEEN_LINES:
            pace = (self.rows + self.aside) / (now - self.begun)
            with to_people():
                say(tr("score: {rows:,} posts, {pace:.0f} a second", rows=self.rows, pace=pace))
            self.said = now

    def refuse(self, outcome: Outcome) -> None:
        (self.left if outcome.again else self.put_aside)[outcome.file] = outcome.reason
        if outcome.missing_column:
            self.missing.add(outcome.file)


def score(settings: Settings, asked: Asked) -> ScoreResult:
    """Scores what is left of an archive.

    Raises: InputError when there is no such version, the output belongs to another, or no file has the columns.
    """
    begin = time.monotonic()
    number, model = _version(settings, asked.version)
    source, root = place_of(asked.source), place_of(asked.output)
    require_source(source)
    require_apart(source, root)
    run = engines.run_of(asked.engine)
    current.require_ours(root)
    output = current.version_place(root, number)
    with _alone(output):
        made = current.agreed(output, _made(settings, asked, number, model, source), shard_rows_given=asked.rows_given)
        ledger, tally = Ledger.opened(output), Tally()
        plan = archive.known_files(source, root)
        ledger.now = {file.name: file.id for file in plan.files}
        archive.plan_of(plan, source, ledger.by_file(), made.shard_rows)
        for outcome in plan.refused:
            tally.refuse(outcome)
        _say_plan(plan, ledger)
        job = Job(
            source=source.address, output=output.address, version=number,
            labels=made.labels, columns=made.columns, shard_rows=made.shard_rows,
        )  # fmt: skip
        try:
            if plan.portions:
                for outcome in run(asked.engine, job, model, plan.portions):
                    _take(outcome, ledger, tally)
        finally:
            ledger.write()
        ledger.drop(ledger.replaced())
        if asked.drop_gone:
            ledger.drop(ledger.of_no_file())
        output.write(ASIDE_FILES, (atomic.json_text(tally.put_aside, indent=2) + "\n").encode())
        _require_columns(plan, tally, made.columns)
        return _result(settings, asked, number, plan, ledger, tally, (source, root), time.monotonic() - begin)


@dataclass(frozen=True)
class Asked:
    """The options of a run."""

    source: str
    output: str
    version: str
    columns: Columns
    engine: Engine
    shard_rows: int = ROWS
    rows_given: bool = False
    drop_gone: bool = False


def _version(settings: Settings, which: str) -> tuple[int, Path]:
    model = model_of_version(settings, which)
    number = number_of(settings, which)
    assert number is not None  # it has a model
    return number, model


def _alone(output: Place) -> Any:
    """Returns a lock that a second run on this machine waits for; two on a bucket do the same work twice, no harm."""
    if isinstance(output, FolderPlace):
        return atomic.exclusive_lock(output.root / ".lock")
    return nullcontext()


def _made(settings: Settings, asked: Asked, number: int, model: Path, source: Place) -> Made:
    from sentiment.model.folder import read_card
    from sentiment.scoring.scorer import digest_of

    return Made(
        version=number, model=digest_of(model), labels=list(read_card(model).labels), columns=asked.columns,
        shard_rows=asked.shard_rows, source=source.address, home=str(settings.home),
    )  # fmt: skip


def _take(outcome: Outcome, ledger: Ledger, tally: Tally) -> None:
    if outcome.shard is None:
        tally.refuse(outcome)
        return
    if (outcome.shard.id, outcome.shard.index) in ledger.shards:  # a worker that did not live to tell was asked again
        return
    ledger.add(outcome.shard)
    tally.shards += 1
    tally.rows += outcome.shard.scored
    tally.aside += outcome.shard.aside
    tally.say_progress()


def _require_columns(plan: archive.Plan, tally: Tally, columns: Columns) -> None:
    """Raises: InputError when no file of the archive has the columns that were named."""
    if plan.files and len(tally.missing) == len(plan.files):
        name, reason = next(iter(tally.put_aside.items()))
        raise InputError(
            f"the files of the archive must have {' and '.join(f'a column {name}' for name in columns.wanted())}",
            found=f"{visible(name)}: {visible(reason)}",
            do="Name the right columns with --text, --title, --id, --time and --source-column.",
        )


def _result(
    settings: Settings,
    asked: Asked,
    number: int,
    plan: archive.Plan,
    ledger: Ledger,
    tally: Tally,
    places: tuple[Place, Place],
    seconds: float,
) -> ScoreResult:
    source, root = places
    shards = ledger.to_read()
    rows = sum(shard.scored for shard in shards)
    broken = {shard.file: shard.reason for shard in shards if shard.reason}
    put_aside = broken | tally.put_aside
    whole = archive.finished(plan.files, ledger.by_file())
    complete = not tally.left and whole + len(set(put_aside) - set(broken)) >= len(plan.files)
    now = current.read(root, current.CURRENT, Current)
    if complete and rows and number == read_state(settings).stable:
        now = current.point(root, number, rows, complete)
    return ScoreResult(
        version=number, source=source.address, output=root.address, files=len(plan.files), files_finished=whole,
        shards_new=tally.shards, rows_new=tally.rows, rows_aside_new=tally.aside,
        rows=rows, rows_aside=sum(shard.aside for shard in shards), put_aside=put_aside, left=tally.left,
        not_in_archive=sorted({shard.file for shard in ledger.of_no_file()}), seconds=round(seconds, 3),
        current=now.version if now else None, complete=complete,
    )  # fmt: skip


def _say_plan(plan: archive.Plan, ledger: Ledger) -> None:
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
        where = f"{result.output.rstrip('/')}/{current.folder_of(result.version)}/{ASIDE}"
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


def _pointed(settings: Settings, address: str, which: str) -> PointResult:
    """Makes a version's scores those to read, as after a rollback: a file of a few lines is replaced.

    Raises: InputError when there are no scores of that version.
    """
    number = number_of(settings, which)
    root = place_of(address)
    shards = ledger_of(current.version_place(root, number)) if number is not None else []
    if number is None or not shards:
        raise InputError(
            f"{root.address} must hold scores of version {which}", found="none",
            do="Score the archive with it first: leave out --only-point.",
        )  # fmt: skip
    before = current.read(root, current.CURRENT, Current)
    rows = sum(shard.scored for shard in shards)
    current.point(root, number, rows, complete=True)
    with to_people():
        say(tr("readers take the scores of version {version}", version=number))
    return PointResult(current=number, before=before.version if before else None, rows=rows)


@click.command("score")
@click.option("--source", help="The archive: a folder, or s3://bucket/prefix.  [default: SENTIMENT_ARCHIVE]")
@click.option("--output", help="Where the scores go: a folder, or s3://….  [default: SENTIMENT_SCORES]")
@click.option("--version", default="stable", show_default=True, help="stable, canary, previous or a number.")
@click.option("--text", default="text", show_default=True, help="The column that holds the text.")
@click.option("--title", help="The column that holds the title.  [default: title, where there is one]")
@click.option("--id", "id_", help="The column that names a post.  [default: id, where there is one]")
@click.option("--time", "time_", help="The column that says when.  [default: time, where there is one]")
@click.option("--source-column", help="The column that says where from.  [default: source, where there is one]")
@click.option("--engine", type=click.Choice([LOCAL, RAY]), help="[default: ray where installed]")
@click.option("--address", default="", help="The Ray cluster, such as 10.0.0.1:6379 or auto.  [default: this machine]")
@click.option("--actors", type=click.IntRange(1), help="Copies of the model.  [default: as the processors allow]")
@click.option("--threads", type=click.IntRange(1), help="Processors of a copy.  [default: all, of Ray's actors 1]")
@click.option(
    "--gpus", type=click.FloatRange(0), default=0, show_default=True, help="GPUs of a copy; 0.5: two share one."
)
@click.option(
    "--batch-size", type=click.IntRange(1), default=64, show_default=True, help="Posts that are computed together."
)
@click.option(
    "--shard-rows", type=click.IntRange(1), help=f"Rows of a shard, when the scores are begun.  [default: {ROWS}]"
)
@click.option("--drop-gone", is_flag=True, help="Remove the scores of files that are gone from the archive.")
@click.option("--only-point", is_flag=True, help="Score nothing: make this version's scores the ones to read.")
@step
def command(
    source: str | None,
    output: str | None,
    version: str,
    text: str,
    title: str | None,
    id_: str | None,
    time_: str | None,
    source_column: str | None,
    engine: str | None,
    address: str,
    actors: int | None,
    threads: int | None,
    gpus: float,
    batch_size: int,
    shard_rows: int | None,
    drop_gone: bool,
    only_point: bool,
) -> ScoreResult | PointResult:
    """Score every post of an archive with a published version, each exactly once.

    Reads Parquet, TSV, CSV and JSON Lines (text also as .gz, .bz2, .zst); writes Parquet with all columns of the posts,
    the label, the probability of each label, the version and the time. Run it again after a kill, or for new files.
    """
    settings = read_settings()
    output = output or settings.scores_place
    if only_point:
        return _pointed(settings, output, version)
    if not (source := source or settings.archive):
        raise InputError("there must be an archive", found="none", do="Give --source, or set SENTIMENT_ARCHIVE.")
    name = RAY if address and engine is None else engines.chosen(engine)
    asked = Asked(
        source=source, output=output, version=version,
        columns=Columns(text=text, title=title, id=id_, time=time_, source=source_column),
        engine=Engine(name, batch_size, threads, actors, gpus, address),
        shard_rows=shard_rows or ROWS, rows_given=shard_rows is not None, drop_gone=drop_gone,
    )  # fmt: skip
    result = score(settings, asked)
    with to_people():
        for line in told(result):
            say(line)
    return result
