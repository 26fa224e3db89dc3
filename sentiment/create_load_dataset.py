"""`python -m sentiment.create_load_dataset`: the older tool's command for mixing, under its option names.

The rule is in `sentiment.data.mix`. One thing is new: the older tool overwrote any file with the output's name (by
default the old data itself); here the earlier file is kept as `NAME.bak-<n>`.
"""

from __future__ import annotations

import filecmp
import itertools
import sys
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.data import retired
from sentiment.data.mix import Mixing, mix
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.options.mixing import MAXIMUM_DIGITS, MINIMUM_CONTENT_LENGTH, MIX_NUMBER
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, run, say, step
from sentiment.text.units import counted

NAME = "create_load_dataset"


def create(old: Path, new: Path, output: Path, options: Mixing, labels: Labels) -> Result:
    """Mixes old posts into the new ones; keeps the file that `output` replaces, unless both have the same content."""
    if output.exists() and not output.is_file():
        raise InputError("the output must be a file", found=f"a folder or device at {output}", do="Name another file.")
    before, added = (trainable(path, old.parent, labels) for path in (old, new))
    rows, plan = mix(before, added, len(labels), options)
    output = output.resolve()  # if it is a link, the file behind the link is replaced and must be kept
    kept = None
    with atomic.replacing(output) as temporary:
        write_posts(temporary, rows)
        if output.exists() and not filecmp.cmp(temporary, output, shallow=False):
            kept = keep(output)
            say(f"{output.name} existed already and is kept as {kept.name}; to mix from it again, name that file")
    say(f"mixed {sum(plan.added)} old posts into {len(rows) - sum(plan.added)} new ones: {plan.result}")
    return {"output": str(output), "kept": str(kept) if kept else None, "rows": len(rows), **as_json(plan)}


def trainable(path: Path, folder: Path, labels: Labels) -> list[Post]:
    """Returns the posts of a file without what a refreshed test set of the data folder holds, or held; says how many.

    Raises: InputError when a file cannot be read.
    """
    found = read_posts(path, labels)
    kept = retired.without_tests(found, folder, labels)
    if len(kept) < len(found):
        say(f"left out of {path.name}: {counted(len(found) - len(kept), 'row')} of the test set, or of an earlier one")
    return kept


def keep(path: Path) -> Path:
    """Gives the file a second name, `NAME.bak-<n>` with the first free n, and returns that path.

    A hard link costs nothing, is made at once or not at all, and never overwrites a file.
    """
    for number in itertools.count(1):
        kept = path.with_name(f"{path.name}.bak-{number}")
        try:
            kept.hardlink_to(path)
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(
                f"{path} must be kept before it is replaced",
                found=f"{error.strerror}: {kept}",
                do="Name another output file.",
            ) from None
        return kept
    raise AssertionError("itertools.count ended")


class OlderCommand(click.Command):
    """A command under the older tool's names: a wrong option is reported in one line, and `-` may stand for `_`."""

    def __init__(self, name: str | None, **options: Any) -> None:
        spelling = {"token_normalize_func": lambda name: name.replace("-", "_")}
        super().__init__(name, context_settings=spelling, **options)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise InputError(
                "options and values must be among those that --help lists",
                found=error.format_message().rstrip("."),
                do=f"See `python -m sentiment.{self.name} --help`.",
            ) from None


@click.command(NAME, cls=OlderCommand)
@click.option(
    "--data_dir",
    type=click.Path(path_type=Path),
    help="資料集所在的目錄  [default: datasets/old_sentiment]",
)
@click.option("--old_dataset_name", default="train.tsv", show_default=True, help="舊資料集名稱")
@click.option("--new_dataset_name", default="new_train.tsv", show_default=True, help="新資料集名稱")
@click.option(
    "--output_dataset_name",
    default="train.tsv",
    show_default=True,
    help="混合資料集名稱；若該檔案已存在(例如就是舊資料集)，原檔會先保留為 <名稱>.bak-<n>，不會遺失",
)
@click.option(
    "--mix_number",
    default=MIX_NUMBER.default,
    show_default=True,
    help="混合多少數量的訓練集，如果沒設定，則是依照新資料集內的各標籤的數量進行舊資料的混合",
)
@click.option(
    "--minimum_content_length",
    default=MINIMUM_CONTENT_LENGTH.default,
    show_default=True,
    help="混合資料時，舊資料抓取時的最少字數限制",
)
@click.option(
    "--maximum_digits",
    default=MAXIMUM_DIGITS.default,
    show_default=True,
    help="最大能接受資料筆數的位元個數，如果超過抓最小公倍數，沒超過則以10^maximum_digits補資料，eg：1000筆 => 4位元，",
)
@step
def command(
    data_dir: Path | None, old_dataset_name: str, new_dataset_name: str, output_dataset_name: str, **options: int
) -> Result:
    """Create a new dataset that contains part of the old one.

    A file that the output replaces is kept beside it as NAME.bak-<n>, even if it is the old dataset.
    """
    settings = read_settings()
    folder = data_dir or settings.base_data
    old, new, output = (folder / name for name in (old_dataset_name, new_dataset_name, output_dataset_name))
    return create(old, new, output, Mixing(**options), settings.label_set)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], command, NAME))
