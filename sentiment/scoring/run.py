"""One run over an archive: what is left of it is scored, and the ledger and `current.json` follow.

It may be stopped or killed at any moment: the next run goes on after the last finished shard.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.language import tr
from sentiment.progress import SECONDS_BETWEEN_LINES
from sentiment.results.scoring import ASIDE_FILES, CURRENT, Current, ScoreResult
from sentiment.scoring import archive, begun, current, engines
from sentiment.scoring.columns import Columns
from sentiment.scoring.current import Made
from sentiment.scoring.engine import Engine
from sentiment.scoring.first_file import require_columns, try_columns
from sentiment.scoring.ledger import Ledger
from sentiment.scoring.places import FolderPlace, Place, place_of, require_apart, require_source
from sentiment.scoring.shards import ROWS
from sentiment.scoring.told import say_plan
from sentiment.scoring.work import Job, Outcome
from sentiment.serving.history import read_state
from sentiment.serving.trained import model_of_version, number_of
from sentiment.settings import Settings
from sentiment.step import say
from sentiment.text.aloud import to_people


@dataclass
class Tally:
    """What this run did."""

    shards: int = 0
    rows: int = 0
    aside: int = 0
    put_aside: dict[str, str] = field(default_factory=dict)
    cut_short: dict[str, str] = field(default_factory=dict)  # of all runs: files that are scored as far as they go
    left: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)  # files without a column that was named
    begun: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)

    @property
    def all_aside(self) -> dict[str, str]:
        """The files that have no scores, or not to their end, with the reasons."""
        return self.cut_short | self.put_aside

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
        state = read_state(settings)
        wanted = _made(settings, asked, number, model, source)
        made = begun.agreed(root, wanted, begun.compared_with(state, number), shard_rows_given=asked.rows_given)
        ledger, tally = Ledger.opened(output), Tally()
        begun.require_made_so(root, made, ledger.shards.values())
        plan = archive.known_files(source, root)
        ledger.now, ledger.unknown = {file.name: file.id for file in plan.files}, plan.unknown
        archive.plan_of(plan, source, ledger.by_file(), made.shard_rows)
        for outcome in plan.refused:
            tally.refuse(outcome)
        say_plan(plan, ledger)
        job = Job(
            source=source.address, output=output.address, version=number,
            labels=made.labels, columns=made.columns, shard_rows=made.shard_rows,
        )  # fmt: skip
        if not ledger.shards:  # nothing holds to these columns yet: one file must have them first
            tried = try_columns(job, plan.portions)
            missing = {outcome.file: outcome.reason for outcome in tried if outcome.missing_column}
            require_columns(made.columns, len(plan.files), missing)
        begun.begin(root, made)
        try:
            if plan.portions:
                for outcome in run(asked.engine, job, model, plan.portions):
                    _take(outcome, ledger, tally)
        finally:
            ledger.write()
        ledger.drop(ledger.replaced())
        if asked.drop_gone:
            ledger.drop(ledger.of_no_file())
        tally.cut_short = {shard.file: shard.reason for shard in ledger.to_read() if shard.reason}
        output.write(ASIDE_FILES, (atomic.json_text(tally.all_aside, indent=2) + "\n").encode())
        missing = {name: reason for name, reason in tally.put_aside.items() if name in tally.missing}
        require_columns(made.columns, len(plan.files), missing)
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
    whole = archive.finished(plan.files, ledger.by_file())
    nothing_left = not tally.left and whole + len(tally.put_aside.keys() - tally.cut_short.keys()) >= len(plan.files)
    complete = nothing_left and not tally.all_aside
    now = current.read(root, CURRENT, Current)
    is_read = now is not None and now.version == number  # readers are here already: they are told what there is
    if rows and (is_read or (nothing_left and number == read_state(settings).stable)):
        now = current.point(root, number, rows, complete)
    return ScoreResult(
        version=number, source=source.address, output=root.address, files=len(plan.files), files_finished=whole,
        shards_new=tally.shards, rows_new=tally.rows, rows_aside_new=tally.aside,
        rows=rows, rows_aside=sum(shard.aside for shard in shards), files_aside=len(tally.all_aside),
        put_aside=tally.all_aside, left=tally.left,
        not_in_archive=sorted({shard.file for shard in ledger.of_no_file()}), seconds=round(seconds, 3),
        current=now.version if now else None, complete=complete,
    )  # fmt: skip
