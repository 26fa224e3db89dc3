"""Keeps an experiment's results in one folder: results.json, table.md and the plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.experiments.files import PLOT, RESULTS, TABLE
from sentiment.experiments.table import Table
from sentiment.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOCK = ".lock"  # what a measurement that removes something holds, and leaves
COLOURS = ("#2a6fbb", "#d1602a", "#3a8f5c", "#8a5aa8", "#b03a56", "#7a7a7a")


def folder_for(settings: Settings, experiment: str, output: Path | None, removes: Iterable[str] = ()) -> Path:
    """Returns the folder of an experiment's results; whoever asks `removes` what has these names in it.

    Raises: InputError when it is a file, or when that would be somebody else's.
    """
    folder = output or settings.runs / "bench" / experiment
    if folder.exists() and not folder.is_dir():
        raise InputError("--output must be a folder", found=f"a file at {folder}", do="Name another folder.")
    if output and not any((folder / ours).exists() for ours in (LOCK, RESULTS)):
        for path in (folder / name for name in removes):
            if path.exists():
                raise InputError(
                    f"--output must be a new folder, or one of an earlier measurement (with {RESULTS} in it)",
                    found=f"something else at {path}, which would be removed",
                    do="Name another folder.",
                )
    return folder


def keep(folder: Path, result: dict[str, Any], table: Table, draw: Callable[[Figure], None]) -> dict[str, Any]:
    """Writes results.json, table.md, plot.svg and plot.png; returns `result` with their paths, as written."""
    files = {name: folder / f"{PLOT}.{name}" for name in ("svg", "png")}
    result = {**result, "table": str(folder / TABLE), "plot": str(files["svg"])}
    atomic.write_text(folder / TABLE, table.markdown())
    figure = drawn(draw)
    for kind, path in files.items():
        with atomic.replacing(path) as temporary:
            figure.savefig(temporary, format=kind)
    atomic.write_json(folder / RESULTS, result)
    return result


def drawn(draw: Callable[[Figure], None]) -> Figure:
    """Returns a figure that `draw` has filled. In the SVG, text stays text, and nothing needs to be fetched."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
        draw(figure)
    return figure
