"""`sentiment prepare`: makes a run's batch, training and test files from the base data and the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import click
from msgspec import UNSET, UnsetType

from sentiment import atomic, own_encoder
from sentiment.data import composition, draw, must_hold, retired, tally
from sentiment.data import ledger as posts_ledger
from sentiment.data.composition import Base, Taken
from sentiment.data.composition_table import tabulate, used_by_delivery, with_rows_of
from sentiment.data.doubles import doubles
from sentiment.data.ledger import Delivered
from sentiment.data.many_rows import seldom_collected
from sentiment.data.mix import Mixing, plan_for
from sentiment.data.must_hold import Case
from sentiment.data.posts import each_post
from sentiment.data.rolling import Cap, rolling
from sentiment.data.seen import write_identities
from sentiment.data.selection import Restriction, Slices, beyond, seen_by, united, watermark_of
from sentiment.data.still_tested import still_tested
from sentiment.data.tsv import write_posts, write_rows
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.language import tr
from sentiment.options import mixing
from sentiment.options.as_click import option, options
from sentiment.results.deliveries import MixPlan, NewRows, Prepare, TestFile, TestFiles
from sentiment.results.model_card import TrainedOn
from sentiment.run_folder import RunFolder
from sentiment.serving.history import read_state
from sentiment.serving.records import unpublished
from sentiment.serving.trained import folder_of
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.text.taipei import night_of

BASE_FILES = ("train.tsv", "test.tsv", "latest_test.tsv")


@dataclass(frozen=True)
class Stable:
    """What prepare needs to know about the stable model: its version, what it has seen, where it is, its own data."""

    version: int
    seen: Slices
    folder: Path
    data: TrainedOn


@dataclass(frozen=True)
class Limits:
    """The limits that a person sets: which new rows a run takes, and which old ones it may mix in."""

    new: Restriction = field(default_factory=Restriction)
    old: Restriction = field(default_factory=Restriction)


def read_stable(settings: Settings) -> Stable | None:
    """Returns the stable model, or None when there is none yet."""
    state = read_state(settings)
    if state.stable is None:
        return None
    data = state.versions[state.stable].data
    return Stable(state.stable, seen_by(data), folder_of(settings, state.stable), data)


def _is_base(data: TrainedOn) -> bool:
    """Tells whether a model was trained on base data alone, which counts as delivery 0."""
    return data.mode == "full" and bool(data.used) and all(one.number == 0 for one in data.used or ())


def read_base(settings: Settings, cases: Sequence[Case] = (), connection: sqlite3.Connection | None = None) -> Base:
    """Returns the base data, with the retired test sets and the cases that must hold.

    With the ledger's `connection`, without the frozen rows of deliveries that were retracted.

    Raises: InputError, on reading them, when one is damaged.
    """
    folder, labels = settings.base_data, settings.label_set
    train, frozen, rolling = (each_post(folder / name, labels) for name in BASE_FILES)
    if connection is not None:
        frozen = still_tested(connection, settings)
    return Base(train, frozen, rolling, retired.posts(folder, labels), [case.post for case in cases])


def choose_mode(wished: str, stable: Stable | None) -> Literal["full", "warm"]:
    """Returns `full` or `warm`; `auto` is warm as soon as there is a stable model to start from."""
    mixing.MODE.require(wished)
    if wished == "warm" and stable is None:
        raise InputError("--mode warm needs a stable model to start from", found="none", do="Use --mode auto or full.")
    return "warm" if wished == "warm" or (wished == "auto" and stable) else "full"


def prepare(
    run: RunFolder, settings: Settings, wished_mode: str, options: Mixing, limits: Limits | None = None
) -> Prepare:
    """Writes the files of `run`; returns what they hold. Safe to run again: the same input gives the same files."""
    limits = limits or Limits()
    stable = read_stable(settings)
    mode = choose_mode(wished_mode, stable)
    encoder = own_encoder.start_of_full(settings) if mode == "full" else None
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.reading() as connection, seldom_collected():
        deliveries = ledger.deliveries()
        taken = taken_by(limits, stable, deliveries)
        labels = settings.label_set
        cases = [case for case in must_hold.of_home(settings) if not ledger.is_forgotten(case.post.text)]
        composition.load(connection, read_base(settings, cases, connection))
        composition.deal(connection, taken, options.minimum_content_length)
        new = tally.count(connection, "new", len(labels))
        nothing_new = mode == "warm" and not sum(new)
        plan = None if nothing_new else _choose(connection, mode, labels, options)
        written, new_test_rows = _write(run, connection, cap_of(settings), taken.seen, nothing_new, cases)
        made = {} if nothing_new else _made(connection, run, plan, labels, deliveries)
        contested, newly_contested = tally.contested(connection, taken.seen)
        under_tested = composition.under_tested(connection)
        labelled_twice = doubles(connection, deliveries)
        leaks, later = (sum(tally.count(connection, kind, len(labels))) for kind in ("leak", "later"))
    warm = stable if mode == "warm" else None
    seen = united(taken.seen, taken.new)
    nothing = {"train_rows": 0, "per_label": [0] * len(labels), "fingerprint": None}
    nothing |= {"deliveries": [], "used": [], "composition": None}
    return Prepare(
        mode=mode,
        nothing_new=nothing_new,
        new=NewRows(per_label=new, rows=sum(new)),
        mix=plan,
        frozen_rows=written.frozen.rows,
        rolling_rows=written.rolling.rows,
        new_test_rows=new_test_rows,
        excluded_leaks=leaks,
        under_tested=under_tested,
        contested=contested,
        newly_contested=newly_contested,
        doubles=labelled_twice,
        partial=limits.new.restricts,
        left_for_later=later,
        watermark=watermark_of(seen),
        seen=beyond(seen),
        warm_from=warm.version if warm else None,
        warm_start=str(warm.folder) if warm else None,
        warm_rows=(warm.data.rows or None) if warm else None,
        warm_is_base=warm is not None and _is_base(warm.data),
        tests=written,
        encoder=encoder,
        **(made or nothing),
    )


def cap_of(settings: Settings) -> Cap:
    """Returns what the settings let into the rolling test set."""
    share, least = settings.rolling_source_share, settings.gate_minimum_rolling
    return Cap(settings.rolling_cap, share, least, settings.trusted_sources)


def taken_by(limits: Limits, stable: Stable | None, deliveries: Sequence[Delivered]) -> Taken:
    """Returns which of the delivered posts a run takes: those of `deliveries`, within `limits`."""
    delivered = [(delivery.number, delivery.at) for delivery in deliveries]
    seen = stable.seen if stable else ()
    return Taken(seen, limits.new.slices(delivered), limits.old.slices(delivered), limits.old)


def _choose(connection: sqlite3.Connection, mode: str, labels: Labels, options: Mixing) -> MixPlan | None:
    """Chooses the training rows; returns the plan, if old rows are mixed in. Raises: InputError on only one class."""
    plan = plan_for(connection, len(labels), options) if mode == "warm" else None
    if plan:
        draw.draw(connection, options.seed, plan.added, options.minimum_content_length)
        counts = plan.result
    else:
        draw.draw(connection, options.seed, None)
        new, old = (tally.count(connection, kind, len(labels)) for kind in ("new", "old"))
        counts = [some + others for some, others in zip(new, old, strict=True)]
    if sum(number > 0 for number in counts) < 2:
        raise InputError(
            "the training rows must hold at least two classes",
            found=f"{counts} rows of {labels.describe()}",
            do="Deliver posts of other classes too, or mix in old ones with --mix-number.",
        )
    return plan


def _write(
    run: RunFolder,
    connection: sqlite3.Connection,
    cap: Cap,
    seen: Slices,
    nothing_new: bool,
    cases: Sequence[Case],
) -> tuple[TestFiles, int]:
    """Writes the run's files; returns the test sets, and how many rows of the rolling one are new."""
    # The result of an earlier attempt must not stay beside files that it does not describe.
    for path in (run.result("prepare"), run.train, run.identities, run.must_hold):
        path.unlink(missing_ok=True)
    files = (run.batch, run.train, run.frozen, run.rolling, run.must_hold, run.new_tests, run.identities)
    for path in (*files, run.result("prepare")):
        for left_by_a_kill in run.path.glob(f".{path.name}.*.tmp"):
            left_by_a_kill.unlink()
    columns = composition.batch_columns(connection)
    write_rows(run.batch, columns, composition.batch_rows(connection, columns))
    frozen = write_posts(run.frozen, composition.frozen(connection))
    recent = write_posts(run.rolling, rolling(connection, cap))
    new_tests = write_posts(run.new_tests, composition.new_tests(connection, seen, cap.trusted))
    if not nothing_new:
        with atomic.replacing(run.identities) as temporary, temporary.open("wb") as file:
            write_identities(file, draw.chosen_identities(connection))
        columns = draw.chosen_columns(connection)
        write_rows(run.train, columns, draw.chosen_rows(connection, columns))
    tests = TestFiles(
        frozen=TestFile(rows=frozen, sha256=sha256_of(run.frozen)),
        rolling=TestFile(rows=recent, sha256=sha256_of(run.rolling)),
        must_hold=_write_cases(run, cases),
    )
    return tests, new_tests


def _write_cases(run: RunFolder, cases: Sequence[Case]) -> TestFile | UnsetType:
    """Writes the cases that must hold, when there are any."""
    if not cases:
        return UNSET
    must_hold.write_cases(run.must_hold, cases)
    return TestFile(rows=len(cases), sha256=sha256_of(run.must_hold))


def _made(
    connection: sqlite3.Connection,
    run: RunFolder,
    plan: MixPlan | None,
    labels: Labels,
    deliveries: Sequence[Delivered],
) -> dict[str, Any]:
    """Returns the fields of the result that tell about the training rows."""
    nights = {delivery.number: night_of(delivery.at).isoformat() for delivery in deliveries}
    table = tabulate(connection, plan, len(labels), nights)
    counts = [line.result for line in table.per_label]
    used = used_by_delivery(connection, len(labels))
    return {
        "train_rows": sum(counts),
        "per_label": counts,
        "fingerprint": sha256_of(run.train),
        "deliveries": with_rows_of(used, "new"),
        "used": used,
        "composition": table,
    }


DAY = click.DateTime(["%Y-%m-%d"])


@click.command("prepare")
@click.option("--run", required=True, help="The run whose files are made.")
@option(mixing.MODE)
@options(*mixing.RULE)
@options(mixing.NEW_SINCE, mixing.NEW_UNTIL, type=DAY)
@option(mixing.NEW_SOURCE, multiple=True)
@click.option("--old-since", type=DAY, help="Mix in only old rows delivered on this day or later.")
@click.option("--old-until", type=DAY, help="Mix in only old rows delivered on this day or earlier.")
@click.option("--old-source", multiple=True, help="Mix in only old rows of this source; repeat it for more.")
@step
def command(
    run: str,
    mode: str,
    new_since: datetime | None,
    new_until: datetime | None,
    new_source: tuple[str, ...],
    old_since: datetime | None,
    old_until: datetime | None,
    old_source: tuple[str, ...],
    **rule: int,
) -> Prepare:
    """Make a run's training and test files from what is new.

    New rows that the --new-… options leave out stay new: the next run takes them.
    """
    settings = read_settings()
    folder = unpublished(settings, run)
    limits = Limits(
        Restriction(_day(new_since), _day(new_until), new_source),
        Restriction(_day(old_since), _day(old_until), old_source),
    )
    result = prepare(folder, settings, mode, Mixing(**rule), limits)
    folder.write(result)
    with to_people():
        for line in told(result):
            say(line)
    return result


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


def told(result: Prepare) -> list[str]:
    """Returns `result` as lines for people."""
    more = []
    if result.left_for_later:
        more.append(tr("{rows} new rows are left for a later run", rows=result.left_for_later))
    if result.contested:
        more.append(tr("{texts} texts wait for a decision: see `sentiment disagreements`", texts=result.contested))
    if result.nothing_new:
        return [tr("nothing new since version {version}", version=result.warm_from), *more]
    if result.encoder:
        more.append(tr("its training starts from the encoder {folder}", folder=result.encoder.address))
    counts = {"new": result.new.rows, "rows": result.train_rows}
    return [tr("{mode}: {new} new rows, {rows} to train on", mode=tr(result.mode), **counts), *more]
