"""The mixing rule: how many old posts go with the new ones, so that a model learns the new and keeps the old.

The rule is that of the tool this system replaces (its `create_load_dataset`):
- `mix_number > 0`: that many old rows of each label;
- otherwise, while no label has more new rows than `maximum_digits` digits can write, D: 10^D less the new rows,
  rounded half up to a multiple of 10^(D-1);
- otherwise every label is filled up to the least common multiple of the (non-zero) counts.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from sentiment.data.identity import identity
from sentiment.data.tsv import Post, read_posts, write_posts
from sentiment.errors import InputError
from sentiment.settings import read_settings
from sentiment.step import Result, say, step


@dataclass(frozen=True)
class Plan:
    """Rows per label: what the rule asks for, what the old pool holds, what is added, and the sum with the new."""

    wanted: list[int]
    available: list[int]
    added: list[int]
    result: list[int]


@dataclass(frozen=True)
class Mixing:
    """The options of the rule; `minimum_content_length` is in characters."""

    mix_number: int = 0
    minimum_content_length: int = 20
    maximum_digits: int = 3
    seed: int = 13

    def __post_init__(self) -> None:
        for name, value, lowest in (
            ("mix-number", self.mix_number, 0),
            ("minimum-content-length", self.minimum_content_length, 0),
            ("maximum-digits", self.maximum_digits, 1),
        ):
            if value < lowest:
                raise InputError(f"--{name} must be at least {lowest}", found=str(value), do="Give another number.")


def mixing_plan(new_counts: Sequence[int], available: Sequence[int], mix_number: int, maximum_digits: int) -> Plan:
    """Returns how many old rows of each label to add to `new_counts`; never more than `available`."""
    wanted = _wanted(list(new_counts), mix_number, maximum_digits)
    added = [min(want, have) for want, have in zip(wanted, available, strict=True)]
    result = [new + more for new, more in zip(new_counts, added, strict=True)]
    return Plan(wanted, list(available), added, result)


def _wanted(new_counts: list[int], mix_number: int, maximum_digits: int) -> list[int]:
    if mix_number > 0:
        return [mix_number] * len(new_counts)
    target = 10**maximum_digits
    if max(new_counts) < target:
        unit = target // 10
        return [(target - count + unit // 2) // unit * unit for count in new_counts]
    # The least common multiple of three large counts can have a dozen digits: it is only what is wished for.
    target = math.lcm(*(count for count in new_counts if count))
    return [target - count for count in new_counts]


def count_labels(posts: Iterable[Post], labels: int) -> list[int]:
    """Returns the number of posts per label id."""
    counts = [0] * labels
    for post in posts:
        counts[post.label] += 1
    return counts


def mix(old: Sequence[Post], new: Sequence[Post], labels: int, options: Mixing) -> tuple[list[Post], Plan]:
    """Returns the new posts with old ones mixed in, shuffled, and the plan that was followed.

    Old posts that are too short, or whose text is among the new ones, are no candidates; those added are drawn
    without replacement. The same input and seed give the same rows in the same order.
    """
    chance = random.Random(options.seed)
    taken = {identity(post.text) for post in new}
    pool: list[list[Post]] = [[] for _ in range(labels)]
    for post in old:
        if len(post.text) >= options.minimum_content_length and identity(post.text) not in taken:
            pool[post.label].append(post)
    plan = mixing_plan(
        count_labels(new, labels), [len(posts) for posts in pool], options.mix_number, options.maximum_digits
    )
    rows = list(new)
    for posts, number in zip(pool, plan.added, strict=True):
        rows += chance.sample(posts, number)
    chance.shuffle(rows)
    return rows, plan


@click.command("mix")
@click.option("--old", type=click.Path(path_type=Path), required=True, help="The old posts.")
@click.option("--new", type=click.Path(path_type=Path), required=True, help="The new posts.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Where the mixed posts go.")
@click.option("--mix-number", default=0, show_default=True, help="Old rows of each label; 0: by the new rows' counts.")
@click.option("--minimum-content-length", default=20, show_default=True, help="Characters an old row has at least.")
@click.option("--maximum-digits", default=3, show_default=True, help="Digits of a count from which the LCM is used.")
@click.option("--seed", default=13, show_default=True, help="For the draw and the order.")
@step
def command(old: Path, new: Path, output: Path, **options: int) -> Result:
    """Mix old rows into new ones, on files."""
    mixing = Mixing(**options)
    labels = read_settings().label_set
    rows, plan = mix(read_posts(old, labels), read_posts(new, labels), len(labels), mixing)
    write_posts(output, rows)
    say(f"mixed {sum(plan.added)} old posts into {sum(plan.result) - sum(plan.added)} new ones: {plan.result}")
    return {"output": str(output), "rows": len(rows), **asdict(plan)}
