"""`sentiment score`: a version's answers for every post of an archive, each exactly once.

It may be stopped or killed at any moment: the same command goes on after the last finished shard.
"""

from __future__ import annotations

from datetime import UTC, datetime

import click

from sentiment.errors import InputError
from sentiment.model.encoder_process import computing
from sentiment.model.folder import strangers_encoder
from sentiment.results.scoring import PointResult, ScoreResult
from sentiment.scoring import engines, pointing, ray_token, shown
from sentiment.scoring.columns import Columns
from sentiment.scoring.engine import LOCAL, RAY, Engine
from sentiment.scoring.run import Asked, score
from sentiment.scoring.shards import ROWS
from sentiment.scoring.told import told
from sentiment.serving.trained import model_of_version
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people


def _columns(settings: Settings, **named: str | None) -> Columns:
    """Returns the names of the columns: the options, or else SENTIMENT_ARCHIVE_COLUMNS."""
    given = {part: name for part, name in named.items() if name is not None}
    return Columns(**{**dict(settings.archive_columns), **given})


@click.command("score")
@click.option("--source", help="The archive: a folder, or s3://bucket/prefix.  [default: SENTIMENT_ARCHIVE]")
@click.option("--output", help="Where the scores go: a folder, or s3://….  [default: SENTIMENT_SCORES]")
@click.option("--version", default="stable", show_default=True, help="stable, canary, previous or a number.")
@click.option("--text", help="The column that holds the text.  [default: text]")
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
    "--shard-rows",
    type=click.IntRange(1),
    help=f"Rows of a shard, when the scores are begun.  [default: as the other versions', or {ROWS}]",
)
@click.option("--drop-gone", is_flag=True, help="Remove the scores of files that are gone from the archive.")
@click.option("--only-point", is_flag=True, help="Score nothing: make this version's scores the ones to read.")
@click.option("--if-scored", is_flag=True, help="With --only-point: without scores of it, say so and end well.")
@step
def command(
    source: str | None,
    output: str | None,
    version: str,
    text: str | None,
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
    if_scored: bool,
) -> ScoreResult | PointResult:
    """Score every post of an archive with a published version, each exactly once.

    Reads Parquet, TSV, CSV and JSON Lines (text also as .gz, .bz2, .zst); writes Parquet with all columns of the posts,
    the label, the probability of each label, the version and the time. Run it again after a kill, or for new files.
    """
    settings = read_settings()
    output = output or settings.scores_place
    if only_point:
        pointed = pointing.point(settings, output, version, if_scored=if_scored)
        with to_people():
            say(pointing.told(pointed, version))
        return pointed
    if not (source := source or settings.archive):
        raise InputError("there must be an archive", found="none", do="Give --source, or set SENTIMENT_ARCHIVE.")
    name = RAY if address and engine is None else engines.chosen(engine)
    asked = Asked(
        source=source, output=output, version=version,
        columns=_columns(settings, text=text, title=title, id=id_, time=time_, source=source_column),
        engine=Engine(name, batch_size, threads, actors, gpus, address),
        shard_rows=shard_rows or ROWS, rows_given=shard_rows is not None, drop_gone=drop_gone,
    )  # fmt: skip
    if encoder := strangers_encoder(model_of_version(settings, version)):
        ray_token.make_ready(asked.engine)
    with computing(encoder):
        result = score(settings, asked)
    shown.keep_summary(settings, result, datetime.now(UTC).isoformat(timespec="seconds"))
    with to_people():
        for line in told(result):
            say(line)
    return result
