"""`sentiment estimate`: how right a model probably is on posts without labels, in all, by source and by night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from sentiment.data.posts import has_rows, read_posts
from sentiment.errors import InputError
from sentiment.estimation import record as nights_record
from sentiment.estimation.fall import is_below
from sentiment.estimation.gaps import chosen, gap
from sentiment.estimation.groups import Group, estimates, grouped, sets_by_source, together
from sentiment.evaluation.estimate_wording import sentence, table
from sentiment.evaluation.night import evaluation_of, published_as
from sentiment.evaluation.predict import predictions
from sentiment.evaluation.unlabelled import NO_LABEL, Row, read_rows
from sentiment.language import recorded, tr
from sentiment.model.encoder_process import computing
from sentiment.model.folder import OpenedModel, open_model, read_card, strangers_encoder
from sentiment.results import record
from sentiment.results.estimate import Estimate, Estimated, Gap, Night
from sentiment.serving.trained import model_of_version, number_of
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people

MOST_NIGHTS = 60


def estimate(
    opened: OpenedModel, rows: Sequence[Row], sets: Sequence[Gap], own: Mapping[str, Sequence[Gap]]
) -> tuple[Estimate, list[Estimate], list[Estimate]]:
    """Scores the rows; returns what is expected in all, by source (the largest first) and by night (the oldest first).

    There must be rows, and sets; `own` are the sets of sources that have labelled posts themselves.
    """
    scored = [(row.night, row.post.source, *answer) for row, answer in answers(opened, rows)]
    sources = grouped((source, sure, right) for _, source, sure, right in scored)
    nights = dict(sorted(grouped((night, sure, right) for night, _, sure, right in scored).items()))
    whole = together(sources.values()).estimate(sets)
    return whole, estimates(sources, sets, own=own), estimates(nights, sets, MOST_NIGHTS)


def answers(opened: OpenedModel, rows: Sequence[Row]) -> Iterator[tuple[Row, tuple[float, bool | None]]]:
    """Yields each row with the model's confidence and whether it is right: None for a row without a label."""
    for row, (post, chances) in zip(rows, predictions(opened, (row.post for row in rows)), strict=True):
        right = None if post.label == NO_LABEL else int(chances.argmax()) == post.label
        yield row, (float(chances.max()), right)


def nights_of(settings: Settings, version: int) -> list[Night]:
    """Returns the nights on record in which the version was stable, the oldest first."""
    path = nights_record.estimates_file(settings)
    return [night for night in nights_record.read_nights(path) if night.version == version]


def sets_of_version(settings: Settings, version: int, nights: Sequence[Night]) -> list[Gap]:
    """Returns the labelled sets on which a version was measured: when it was published, and each night since."""
    evaluation = evaluation_of(settings, version)
    known = evaluation.confidence.candidate if evaluation and evaluation.confidence else {}
    recent = [known["rolling"]] if "rolling" in known else []
    return chosen(known.get("frozen"), [*recent, *(night.gap for night in nights)])


def sets_of_files(opened: OpenedModel, files: Sequence[Path]) -> list[Gap]:
    """Returns the sets in labelled files, scored now. Raises: InputError when one has a post without a label."""
    return [_gap_of(opened, path) for path in files]


def _gap_of(opened: OpenedModel, path: Path) -> Gap:
    posts = read_posts(path, opened.card.label_set)
    group = Group()
    for _, (sure, right) in answers(opened, [Row(post, "") for post in posts]):
        group.add(sure, right)
    return gap(group.confidence, group.right)


def estimated(
    settings: Settings, folder: Path, version: int | None, files: Sequence[Path], labelled: Sequence[Path]
) -> Estimated:
    """Returns the estimate of a model, or of a version, on the posts in `files`; `labelled` correct its confidence.

    Raises: InputError when there are no posts, or a file is not as it must be.
    """
    rows = list(read_rows(files, read_card(folder).label_set))
    if not rows:
        raise InputError("there must be posts to estimate", found="none", do="Give a file that has some.")
    opened = open_model(folder)
    nights = nights_of(settings, version) if version and not labelled else []
    sets = sets_of_version(settings, version, nights) if version and not labelled else sets_of_files(opened, labelled)
    if not sets:
        base = [settings.base_data / name for name in ("test.tsv", "latest_test.tsv")]
        say(f"estimate: the confidence is corrected by {base[0]} and {base[1].name}, which are scored now")
        sets = sets_of_files(opened, [path for path in base if has_rows(path) or path == base[0]])
    whole, by_source, by_night = estimate(opened, rows, sets, sets_by_source(nights))
    was = published_as(settings, version) if version else None
    below = is_below(whole, was, settings.estimate_fall) if was else None
    return Estimated(
        model=str(folder),
        version=version,
        sentence=sentence(
            version,
            whole,
            (was[1] / was[0], settings.estimate_fall) if was and below else None,
        ),
        estimate=whole,
        by_source=by_source,
        by_night=by_night,
        sets=len(sets),
        below=below,
    )


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
    with computing(strangers_encoder(folder)):
        found = estimated(settings, folder, version, files, labelled)
    with to_people():
        tables = [*table(tr("By source"), found.by_source), *table(tr("By night"), found.by_night)]
        say("\n".join([recorded(found.sentence), *tables]))
    if output:
        record.write(output, found)
    return found
