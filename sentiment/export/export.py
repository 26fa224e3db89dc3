"""`sentiment export`: a trained model folder becomes a version folder that TensorFlow Serving loads."""

from __future__ import annotations

import time
from pathlib import Path

import click

from sentiment import atomic
from sentiment.data.tsv import Post, read_posts
from sentiment.errors import InputError
from sentiment.model.folder import open_model, read_card
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings
from sentiment.step import Result, say, step

SAVED_MODEL = "saved_model.pb"
FORMATS = ("savedmodel",)


def export(model: Path, output: Path, posts: list[Post], model_name: str) -> Result:
    """Saves, checks against the trained model, adds the warm-up file; the folder appears whole or not at all.

    `posts` are the rows of the parity check; without any, texts are made from the model's vocabulary.
    """
    require_replaceable(output)
    opened = open_model(model)
    from sentiment.export import graph, parity, warmup

    begin = time.monotonic()
    with atomic.replacing_folder(output) as made:
        say(f"export: saving {model}")
        graph.save(opened, made)
        say("export: comparing with the trained model")
        enough = len(posts) >= parity.FEWEST_ROWS
        rows = posts[: parity.MOST_ROWS] if enough else [*posts, *parity.invented_posts(opened.pieces)]
        checked = parity.check(opened, made, rows)
        warmup.write(made, opened.tokenizer, model_name)
        sizes = {file: file.stat().st_size for file in made.rglob("*") if file.is_file()}
        graph_bytes = sizes[made / SAVED_MODEL]
    return {
        "export": str(output),
        "formats": {"savedmodel": {"bytes": sum(sizes.values())}},
        "weights_bytes": 4 * opened.card.parameters,
        "graph_bytes": graph_bytes,
        "parity": checked,
        "seconds": round(time.monotonic() - begin, 3),
    }


def require_replaceable(output: Path) -> None:
    """Raises InputError when `output` holds something that is no export, which must not be deleted."""
    if not output.exists() or (output / SAVED_MODEL).is_file() or (output.is_dir() and not any(output.iterdir())):
        return
    raise InputError(
        "the output must be a new folder or an earlier export", found=f"something else at {output}", do="Name another."
    )


@click.command("export")
@click.option("--run", "run_id", help="Export this run's model; its frozen test rows are the parity check.")
@click.option("--model", type=click.Path(path_type=Path), help="The model folder to export.")
@click.option("--output", type=click.Path(path_type=Path), help="The version folder to make.")
@click.option("--data", type=click.Path(path_type=Path), help="Labelled posts for the parity check (TSV).")
@click.option("--save-format", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@step
def command(run_id: str | None, model: Path | None, output: Path | None, data: Path | None, save_format: str) -> Result:
    """Turn a trained model into a SavedModel for serving."""
    settings = read_settings()
    run = RunFolder.named(settings, run_id) if run_id else None
    if run:
        model, output = model or run.model, output or run.export
        data = data or (run.frozen if run.frozen.is_file() else None)
    if not (model and output):
        raise click.UsageError("give --run, or --model and --output")
    posts = read_posts(data, read_card(model).label_set) if data else []
    result = export(model, output, posts, settings.model_name)
    if run:
        atomic.write_json(run.result("export"), result)
    return result
