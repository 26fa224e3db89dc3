"""`sentiment export`: turns a trained model folder into a version folder for TensorFlow Serving, and other formats."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import UnsetType

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.errors import InputError, SentimentError
from sentiment.export.formats import (
    FORMATS,
    MARKS,
    SAVED_MODEL,
    TENSORRT,
    FormatList,
    folder_of,
    require_replaceable,
    to_make,
)
from sentiment.export.rounded import Rounded
from sentiment.language import tr
from sentiment.model.encoder_process import computing
from sentiment.model.folder import OpenedModel, open_model, read_card, strangers_encoder
from sentiment.results.export import Changed, Export, Format
from sentiment.serving.records import prepared
from sentiment.settings import read_settings
from sentiment.step import say, step
from sentiment.text import units
from sentiment.text.aloud import to_people

if TYPE_CHECKING:
    from sentiment.export.parity import Reference


def export(
    model: Path,
    output: Path,
    posts: list[Post],
    formats: Sequence[str] = (SAVED_MODEL,),
    *,
    batching: bool = True,
    rounded: Rounded | None = None,
) -> Export:
    """Makes each of `formats` and compares it with the trained model on `posts`; a folder appears whole or not at all.

    Without `batching`, a version answers each request alone; with `rounded`, the SavedModel has 8-bit products. If
    there are too few posts, texts are made from the model's vocabulary. Raises: ParityError when the SavedModel
    differs. Another format that cannot be made is reported as `{"made": false, "why": …}`; an earlier one stays.
    """
    require_replaceable(output, formats)
    opened = open_model(model)
    from sentiment.export import parity

    begin = time.monotonic()
    reference = parity.Reference(opened, parity.rows_for(posts, opened.pieces, titled=opened.card.titles is True))
    made: dict[str, Format] = {}
    for name in to_make(formats):
        say(f"export: {name} of {model}")
        if name == SAVED_MODEL:
            made[name] = _saved_model(opened, reference, output, batching, rounded)
        else:
            made[name] = _other(opened, reference, output, name, batching)
    plain = made.get(SAVED_MODEL)
    return Export(
        export=str(output) if plain else None,
        formats=made,
        weights_bytes=4 * opened.card.parameters,
        graph_bytes=(output / MARKS[SAVED_MODEL]).stat().st_size if plain else None,
        parity=(plain.parity or None) if plain else None,
        seconds=round(time.monotonic() - begin, 3),
    )


def _saved_model(
    opened: OpenedModel, reference: Reference, output: Path, batching: bool, rounded: Rounded | None
) -> Format:
    from sentiment.export import graph, int8

    def write(folder: Path) -> dict[str, Any]:
        if rounded:
            return int8.make(opened, reference, folder, rounded, batching=batching)
        graph.save(opened, folder, batching=batching)
        return {"parity": reference.check_saved_model(folder)}

    return _written(output, SAVED_MODEL, write)


def _other(opened: OpenedModel, reference: Reference, output: Path, name: str, batching: bool) -> Format:
    """Makes a format beside the version folder, or prints in one line why it cannot."""
    from sentiment.export import tensorrt, tflite

    def write(folder: Path) -> dict[str, Any]:
        if name == TENSORRT:
            return tensorrt.make(opened, reference, folder, batching=batching)
        return tflite.make(opened, reference, folder, name)

    why = tensorrt.missing() if name == TENSORRT else None
    if why is None:
        try:
            made = _written(output, name, write)
        except SentimentError as error:
            why = str(error)
    if why is not None:
        instead = "; only the plain SavedModel is made" if name == TENSORRT else ""
        say(f"export: {name} is not made: {why}{instead}")
        return Format(made=False, why=why)
    if fallbacks := made.select_tf_ops:
        say(f"export: {name} needs TensorFlow's own kernels (SELECT_TF_OPS) for {', '.join(fallbacks)}")
    return made


def _written(output: Path, name: str, write: Callable[[Path], dict[str, Any]]) -> Format:
    """Replaces a format's folder as a whole by what `write` makes; returns its result, with path, bytes and seconds."""
    begin, folder = time.monotonic(), folder_of(output, name)
    with atomic.replacing_folder(folder) as new:
        written = write(new)
        size = sum(file.stat().st_size for file in new.rglob("*") if file.is_file())
        require_replaceable(output, [name])
    seconds = round(time.monotonic() - begin, 3)
    return Format(made=True, path=str(folder), bytes=size, seconds=seconds, **written)


def _told_changed(found: Changed) -> str:
    return tr(
        "Of {rows:,} labelled posts, the 8-bit export answers {changed:,} otherwise than the trained model: {right:,}"
        " of them rightly where the model is wrong, {wrong:,} wrongly where it is right.",
        rows=found.rows,
        changed=found.changed,
        right=found.only_exported,
        wrong=found.only_trained,
    )


def _told(name: str, path: str | UnsetType, size: int | UnsetType) -> str:
    if not size:
        return tr("The {name} is {path}.", name=name, path=path)
    return tr("The {name} is {path} ({size}).", name=name, path=path, size=units.size(size))


@click.command("export")
@click.option("--run", "run_id", help="Export this run's model and check it on the run's frozen test rows.")
@click.option("--model", type=click.Path(path_type=Path), help="The model folder to export.")
@click.option("--output", type=click.Path(path_type=Path), help="The version folder to make.")
@click.option("--data", type=click.Path(path_type=Path), help="Labelled posts for the parity check (TSV).")
@click.option(
    "--format",
    "formats",
    type=FormatList(),
    multiple=True,
    default=(SAVED_MODEL,),
    show_default=True,
    help=f"{', '.join(FORMATS)}; repeat the option, or separate with commas. All but savedmodel go beside the version "
    "folder, to OUTPUT-<format>.",
)
@click.option(
    "--batching/--no-batching",
    default=True,
    show_default=True,
    help="Let the graph compute the posts of several requests together; without it, each request alone.",
)
@click.option(
    "--int8/--no-int8",
    default=None,
    help="Multiply 8-bit numbers, for x86 processors that do so natively; needs labelled posts. "
    "[default: SENTIMENT_EIGHT_BIT]",
)
@step
def command(
    run_id: str | None,
    model: Path | None,
    output: Path | None,
    data: Path | None,
    formats: tuple[tuple[str, ...], ...],
    batching: bool,
    int8: bool | None,
) -> Export:
    """Turn a trained model into a SavedModel for serving, a TensorRT one, or a TFLite file."""
    settings = read_settings()
    run = prepared(settings, run_id) if run_id else None
    if run:
        model, output = model or run.model, output or run.export
        data = data or (run.frozen if run.frozen.is_file() else None)
    if not (model and output):
        raise click.UsageError("give --run, or --model and --output")
    with computing(strangers_encoder(model)):
        posts = read_posts(data, read_card(model).label_set) if data else []
        rounded = Rounded(posts, settings.gate_margin) if (settings.eight_bit if int8 is None else int8) else None
        if rounded and not posts:
            raise InputError(
                "--int8 must be tried on labelled posts",
                found="no --data, and no run with a frozen test set",
                do="Give --data, or leave out --int8.",
            )
        chosen = [name for names in formats for name in names]
        result = export(model, output, posts, chosen, batching=batching, rounded=rounded)
    if run:
        run.write(result)
    with to_people():
        for name, one in result.formats.items():
            if one.made:
                say(_told(name, one.path, one.bytes))
            if one.changed:
                say(_told_changed(one.changed))
    return result
