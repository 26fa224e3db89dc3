"""`sentiment bench size`: the size of one model in every format, each of which is really made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.export.export import export
from sentiment.export.formats import FORMATS, SAVED_MODEL, TENSORRT, TFLITE, TFLITE_INT8, folder_of
from sentiment.model.folder import CARD, WEIGHTS, open_model, read_card
from sentiment.results.export import Export
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, say, step
from sentiment.text.units import bytes_as_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRAPH, VARIABLES, LITE = COLUMNS = ("saved_model.pb", "variables", "model.tflite")
HEADINGS = ("", *COLUMNS, "total")
# Row names as in the older tool's table, and in English for the plot.
ORIGINAL, WITH_OPTIMIZER = "原模型", "savedModel (with optimizer)"
NAMES = {
    SAVED_MODEL: "h5 → savedModel",
    TENSORRT: "h5 → savedModel → tensorRT",
    TFLITE: "tflite",
    TFLITE_INT8: "tflite int8",
}
ENGLISH = {ORIGINAL: "model folder (weights.h5)"}


@dataclass(frozen=True)
class Weight:
    """The size of a format in bytes: the files that the older tool's table names, and its whole folder."""

    name: str
    files: dict[str, int]
    total: int
    why: str = ""

    @property
    def made(self) -> bool:
        return not self.why

    def cells(self) -> list[str]:
        sizes = [*(self.files.get(column) for column in COLUMNS), self.total] if self.made else [None] * 4
        return [self.name, *map(bytes_as_text, sizes)]


def weigh(name: str, folder: Path) -> Weight:
    """Returns the size of the files in `folder`. A model folder's weights.h5 counts as its variables."""
    sizes = {path.relative_to(folder): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    files: dict[str, int] = {}
    for path, size in sizes.items():
        is_variables = path.parts[0] == VARIABLES or path == Path(WEIGHTS)
        column = VARIABLES if is_variables else path.name
        if column in COLUMNS:
            files[column] = files.get(column, 0) + size
    return Weight(name, files, sum(sizes.values()))


def bound(weights_bytes: int) -> int:
    """Returns the largest size of an export: its float32 weights, 5 % more, and 3 MB for graph and vocabulary."""
    return round(weights_bytes * 1.05) + 3_000_000


def weights_of(model: Path, posts: Sequence[Post], work: Path) -> tuple[list[Weight], Export]:
    """Makes every format of `model` in `work`; returns the size of each, and the result of the export."""
    rows = [model_weight(model)]
    say("bench size: making the savedModel with its optimizer")
    save_with_optimizer(model, work / "with_optimizer")
    rows.append(weigh(WITH_OPTIMIZER, work / "with_optimizer"))
    exported = export(model, work / "export", list(posts), FORMATS)
    for name in FORMATS:
        made = exported.formats[name]
        if made.made:
            rows.append(weigh(NAMES[name], folder_of(work / "export", name)))
        else:
            rows.append(Weight(NAMES[name], {}, 0, made.why or ""))
    return rows, exported


def model_weight(model: Path) -> Weight:
    """Returns the size of the model folder without its reports: what `sentiment train` must keep."""
    whole = weigh(ORIGINAL, model)
    kept = sum((model / name).stat().st_size for name in (CARD, "vocab.txt"))
    return Weight(ORIGINAL, whole.files, whole.files.get(VARIABLES, 0) + kept)


def save_with_optimizer(model: Path, folder: Path) -> None:
    """Saves `model` as Keras saves a fitted model, with Adam's two moments of every weight, for comparison."""
    opened = open_model(model)
    from sentiment.tensorflow_setup import keras

    optimizer = keras.optimizers.legacy.Adam()
    opened.keras.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    optimizer._create_all_weights(opened.keras.trainable_variables)
    opened.keras.save(str(folder), save_format="tf")


def draw(rows: Sequence[Weight], most: int) -> Callable[[Figure], None]:
    """Returns a function that draws a bar per format, divided by files, and the bound of an export as a line."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        made = [row for row in rows if row.made][::-1]
        names = [ENGLISH.get(row.name, row.name) for row in made]
        left = [0.0] * len(made)
        parts: list[tuple[str, Callable[[Weight], int]]] = [
            ("weights", lambda row: row.files.get(VARIABLES, 0)),
            ("saved_model.pb (graph)", lambda row: row.files.get(GRAPH, 0)),
            ("model.tflite", lambda row: row.files.get(LITE, 0)),
            ("vocabulary, warm-up, cards", lambda row: row.total - sum(row.files.values())),
        ]
        for index, (label, size) in enumerate(parts):
            widths = [size(row) / 1e6 for row in made]
            axes.barh(names, widths, left=left, color=results.COLOURS[index], label=label)
            left = [begin + width for begin, width in zip(left, widths, strict=True)]
        for row, width in zip(names, left, strict=True):
            axes.annotate(f" {width:.1f}", (width, row), va="center", fontsize=9)
        axes.axvline(most / 1e6, color="#444444", linestyle="--", linewidth=1, label="bound of an export")
        axes.set(xlabel="MB", title="Size of one model, by format")
        axes.legend(frameon=False, fontsize=8)

    return fill


@click.command("size")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Labelled posts to compare the formats on (TSV).")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/size]")
@step
def command(model: Path, data: Path | None, output: Path | None) -> Result:
    """Make every format of MODEL, a model folder, and compare their sizes.

    The formats are made in a work folder and removed afterwards.
    """
    settings = read_settings()
    folder = results.folder_for(settings, "size", output, ["work"])
    card = read_card(model)
    posts = read_posts(data, card.label_set) if data else []
    with atomic.exclusive_lock(folder / results.LOCK):
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        try:
            rows, exported = weights_of(model, posts, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        result, table = summary(model, card.parameters, rows, exported)
        result = results.keep(folder, result, table, draw(rows, result["bound"]["bytes"]))
    table.show()
    return result


def summary(model: Path, parameters: int, rows: Sequence[Weight], exported: Export) -> tuple[dict[str, Any], Table]:
    """Returns the result and its table, with the export's size and its bound."""
    weights = 4 * parameters
    most = bound(weights)
    plain = next(row.total for row in rows if row.name == NAMES[SAVED_MODEL])
    holds = plain <= most
    notes = [
        f"bound: float32 weights {weights / 1e6:,.2f} MB + 5 % + 3 MB = {most / 1e6:,.2f} MB;"
        f" {NAMES[SAVED_MODEL]} has {plain / 1e6:,.2f} MB: {'it holds' if holds else 'IT DOES NOT HOLD'}",
        *(f"{row.name} is not made: {row.why}" for row in rows if not row.made),
    ]
    table = Table(f"size of {model} ({parameters:,} parameters)", HEADINGS, [row.cells() for row in rows], notes=notes)
    result = {
        "model": str(model),
        "parameters": parameters,
        "rows": [{**asdict(row), "made": row.made} for row in rows],
        "bound": {"weights_bytes": weights, "bytes": most, "holds": holds},
        "formats": {
            name: {key: value for key, value in as_json(made).items() if key != "path"}
            for name, made in exported.formats.items()
        },
    }
    return result, table
