"""The mixing rule: how many old posts join the new ones, so that a model learns the new and keeps the old.

The rule is that of the older tool (its `create_load_dataset`):
- `mix_number > 0`: that many old rows of each label;
- otherwise, while no label has more new rows than `maximum_digits` digits can write, D: 10^D minus the new rows,
  rounded half up to a multiple of 10^(D-1);
- otherwise every label is filled up to the least common multiple of the (non-zero) counts.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from sentiment.data.composition import ON_SIDE, TRAIN, Base, load, put_base
from sentiment.data.draw import chosen_columns, chosen_posts, chosen_rows, draw
from sentiment.data.ledger_schema import set_up
from sentiment.data.posts import each_post
from sentiment.data.tally import count, tally
from sentiment.data.tsv import Post, write_rows
from sentiment.options.as_click import options
from sentiment.options.mixing import MAXIMUM_DIGITS, MINIMUM_CONTENT_LENGTH, MIX_NUMBER, RULE, SEED
from sentiment.results.deliveries import MixPlan
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, say, step

NEW = 5  # the side of the table `base` for the new posts of files that are not deliveries


@dataclass(frozen=True)
class Mixing:
    """The options of the rule; `minimum_content_length` is in characters."""

    mix_number: int = MIX_NUMBER.default
    minimum_content_length: int = MINIMUM_CONTENT_LENGTH.default
    maximum_digits: int = MAXIMUM_DIGITS.default
    seed: int = SEED.default

    def __post_init__(self) -> None:
        for option in RULE:
            option.require(getattr(self, option.name))


def mixing_plan(new_counts: Sequence[int], available: Sequence[int], mix_number: int, maximum_digits: int) -> MixPlan:
    """Returns how many old rows of each label to add to `new_counts`; never more than `available`."""
    wanted = _wanted(list(new_counts), mix_number, maximum_digits)
    added = [min(want, have) for want, have in zip(wanted, available, strict=True)]
    result = [new + more for new, more in zip(new_counts, added, strict=True)]
    return MixPlan(wanted, list(available), added, result)


def _wanted(new_counts: list[int], mix_number: int, maximum_digits: int) -> list[int]:
    if mix_number > 0:
        return [mix_number] * len(new_counts)
    target = 10**maximum_digits
    if max(new_counts) < target:
        unit = target // 10
        return [(target - count + unit // 2) // unit * unit for count in new_counts]
    # The least common multiple of three large counts can have a dozen digits; the old pool limits what is added.
    target = math.lcm(*(count for count in new_counts if count))
    return [target - count for count in new_counts]


@contextmanager
def mixing(
    old: Iterable[Post], new: Iterable[Post], labels: int, options: Mixing
) -> Iterator[tuple[sqlite3.Connection, MixPlan]]:
    """Yields a database in which the new posts, and the old ones that the rule adds, are `chosen`; and the plan.

    The database is a temporary file of SQLite's own: it may be larger than the memory, and SQLite deletes it.
    """
    connection = sqlite3.connect("", isolation_level=None)
    try:
        set_up(Path("the mixing database"), connection)
        connection.execute("BEGIN")
        load(connection, Base(old, (), ()))
        put_base(connection, NEW, new)
        for kind, side, condition in (("new", NEW, "1"), ("old", TRAIN, f"NOT {ON_SIDE.format(NEW, 'base')}")):
            connection.execute(
                "INSERT INTO dealt (kind, identity, label, source, titled, characters, delivery, base)"
                " SELECT ?, identity, label, source, title <> '', characters, 0, position FROM base"
                f" WHERE side = ? AND {condition} ORDER BY position",
                (kind, side),
            )
        tally(connection, options.minimum_content_length)
        plan = plan_for(connection, labels, options)
        draw(connection, options.seed, plan.added, options.minimum_content_length)
        yield connection, plan
    finally:
        connection.close()


def plan_for(connection: sqlite3.Connection, labels: int, options: Mixing) -> MixPlan:
    """Returns the plan for the texts that were dealt in the database, and tallied by the minimum of `options`."""
    available = count(connection, "old", labels, long=True)
    return mixing_plan(count(connection, "new", labels), available, options.mix_number, options.maximum_digits)


def mix(old: Sequence[Post], new: Sequence[Post], labels: int, options: Mixing) -> tuple[list[Post], MixPlan]:
    """Returns the new posts with old ones mixed in, shuffled, and the plan that was followed.

    Old posts that are too short, or whose text is among the new ones, are not candidates; those added are drawn
    without replacement. The same input and seed give the same rows in the same order.
    """
    with mixing(old, new, labels, options) as (connection, plan):
        return list(chosen_posts(connection)), plan


@click.command("mix")
@click.option("--old", type=click.Path(path_type=Path), required=True, help="The old posts.")
@click.option("--new", type=click.Path(path_type=Path), required=True, help="The new posts.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The file to write the mixed posts to.")
@options(*RULE)
@step
def command(old: Path, new: Path, output: Path, **rule: int) -> Result:
    """Mix the old rows of one file into the new rows of another."""
    mixing_options = Mixing(**rule)
    labels = read_settings().label_set
    with mixing(each_post(old, labels), each_post(new, labels), len(labels), mixing_options) as (connection, plan):
        columns = chosen_columns(connection)
        rows = write_rows(output, columns, chosen_rows(connection, columns))
    say(f"mixed {sum(plan.added)} old posts into {sum(plan.result) - sum(plan.added)} new ones: {plan.result}")
    return {"output": str(output), "rows": rows, **as_json(plan)}
