"""`sentiment estimate`: how right a model probably is on posts without labels, in all, by source and by night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from sentiment.data.posts import read_posts
from sentiment.errors import InputError
from sentiment.estimation import record as nights_record
from sentiment.estimation.fall import is_below
from sentiment.estimation.gaps import chosen, gap
from sentiment.estimation.groups import MOST_GROUPS, Group, estimates, grouped, together
from sentiment.evaluation.night import evaluation_of, published_as
from sentiment.evaluation.predict import predictions
from sentiment.evaluation.unlabelled import NO_LABEL, Row, read_rows
from sentiment.model.folder import OpenedModel, open_model, read_card
from sentiment.results import record
from sentiment.results.estimate import Estimate, Estimated, Gap
from sentiment.serving.history import read_state
from sentiment.serving.trained import model_of_version
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.columns import aligned
from sentiment.text.harmless import one_line
from sentiment.text.units import percent

MOST_NIGHTS = 60
HEAD = ("", "posts", "expected", "from", "to", "by labels")


def estimate(
    opened: OpenedModel, rows: Sequence[Row], sets: Sequence[Gap]
) -> tuple[Estimate, list[Estimate], list[Estimate]]:
    """Scores the rows; returns what is expected in all, by source (the largest first) and by night (the oldest first).

    There must be rows, and sets.
    """
    scored = [(row.night, row.post.source, *answer) for row, answer in answers(opened, rows)]
    sources = grouped((source, sure, right) for _, source, sure, right in scored)
    nights = dict(sorted(grouped((night, sure, right) for night, _, sure, right in scored).items()))
    whole = together(sources.values()).estimate(sets)
    return whole, estimates(sources, sets, MOST_GROUPS), estimates(nights, sets, MOST_NIGHTS)


def answers(opened: OpenedModel, rows: Sequence[Row]) -> Iterator[tuple[Row, tuple[float, bool | None]]]:
    """Yields each row with the model's confidence and whether it is right: None for a row without a label."""
    for row, (post, chances) in zip(rows, predictions(opened, (row.post for row in rows)), strict=True):
        right = None if post.label == NO_LABEL else int(chances.argmax()) == post.label
        yield row, (float(chances.max()), right)


def sets_of_version(settings: Settings, version: int) -> list[Gap]:
    """Returns the labelled sets on which a version was measured: when it was published, and each night since."""
    evaluation = evaluation_of(settings, version)
    known = evaluation.confidence.candidate if evaluation and evaluation.confidence else {}
    nights = nights_record.read_nights(nights_record.estimates_file(settings))
    recent = [known["rolling"]] if "rolling" in known else []
    return chosen(known.get("frozen"), [*recent, *(night.gap for night in nights if night.version == version)])


def sets_of_files(opened: OpenedModel, files: Sequence[Path]) -> list[Gap]:
    """Returns the sets in labelled files, scored now. Raises: InputError when one has a post without a label."""
    return [_gap_of(opened, path) for path in files]


def _gap_of(opened: OpenedModel, path: Path) -> Gap:
    posts = read_posts(path, opened.card.label_set)
    group = Group()
    for _, (sure, right) in answers(opened, [Row(post, "") for post in posts]):
        group.add(sure, right)
    return gap(group.confidence, group.right)


def sentence(who: str, found: Estimate) -> str:
    """Returns the estimate in words."""
    posts = f"{found.rows:,} post{'s' if found.rows > 1 else ''}"
    told = f"{who} is expected to have {percent(found.accuracy)} of {posts} right"
    told += f", between {percent(found.low)} and {percent(found.high)} (95 %)"
    return told + (f"; by their labels it has {percent(found.measured)}." if found.measured is not None else ".")


def table(title: str, found: Sequence[Estimate]) -> list[str]:
    """Returns one line a group; none when there is only one, which is all posts."""
    if len(found) < 2:
        return []
    names = [one_line("others" if one.name is None else one.name or "none", 60) for one in found]
    rows = [(name, f"{one.rows:,}", *map(percent, figures(one))) for name, one in zip(names, found, strict=True)]
    return [title, *aligned([HEAD, *rows], HEAD[1:])]


def figures(one: Estimate) -> tuple[float | None, ...]:
    return one.accuracy, one.low, one.high, one.measured


@click.command("estimate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--version", "which", help="A version: stable, canary, previous or a number. [default: stable]")
@click.option("--model", type=click.Path(path_type=Path), help="A model folder instead.")
@click.option(
    "--labelled",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Labelled posts to correct the confidence by; may be given more than once. [default: the sets on which the "
    "version was measured; for a folder, or without such a record, the base data's test sets]",
)
@click.option("--output", type=click.Path(path_type=Path), help="Also write the estimate to this file (JSON).")
@step
def command(
    files: tuple[Path, ...], which: str | None, model: Path | None, labelled: tuple[Path, ...], output: Path | None
) -> Estimated:
    """Estimate a model's accuracy on posts without labels.

    FILES are TSV or CSV with a column text; title, source and night (or date, or time) are used where they are there.
    A column label is not needed: where it is there, the estimate is compared with it.
    """
    if which and model:
        raise click.UsageError("give --version or --model, not both")
    settings = read_settings()
    version = None if model else number_of(settings, which or "stable")
    folder = model or model_of_version(settings, which or "stable")
    rows = list(read_rows(files, read_card(folder).label_set))
    if not rows:
        raise InputError("there must be posts to estimate", found="none", do="Give a file that has some.")
    opened = open_model(folder)
    sets = sets_of_files(opened, labelled) if labelled else sets_of_version(settings, version) if version else []
    if not sets:
        base = [settings.base_data / name for name in ("test.tsv", "latest_test.tsv")]
        say(f"estimate: the confidence is corrected by {base[0]} and {base[1].name}, which are scored now")
        sets = sets_of_files(opened, [path for path in base if path.is_file() or path == base[0]])
    whole, by_source, by_night = estimate(opened, rows, sets)
    was = published_as(settings, version) if version else None
    found = Estimated(
        model=str(folder),
        version=version,
        sentence=sentence(f"Version {version}" if version else "The model", whole),
        estimate=whole,
        by_source=by_source,
        by_night=by_night,
        sets=len(sets),
        below=is_below(whole, was, settings.estimate_fall) if was else None,
    )
    say("\n".join([found.sentence, *table("By source", by_source), *table("By night", by_night)]))
    if output:
        record.write(output, found)
    return found


def number_of(settings: Settings, which: str) -> int | None:
    """Returns the number of a version; `model_of_version` refuses what is none."""
    return int(which) if which.isdecimal() else getattr(read_state(settings), which, None)
