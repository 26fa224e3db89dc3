"""Turns a report's JSON into one self-contained HTML document, which needs no script, network or other file.

The text of a post cannot become markup: every value is escaped, and the page forbids scripts and outside resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.charts import TEMPLATES as CHART_TEMPLATES
from sentiment.report import charts, composed, tables, wording
from sentiment.report.slices import FEWEST_ROWS
from sentiment.text import units

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
EPOCHS_LISTED = 50


def render(report: Mapping[str, Any]) -> str:
    """Returns the HTML page of `report`, which is what `report.json` or `test_report.json` holds."""
    html: str = _environment().get_template("page.html").render(context(report))
    # A lone surrogate (JSON can contain one) is not a character and cannot be written.
    return html.encode("utf-8", errors="replace").decode("utf-8")


def context(report: Mapping[str, Any]) -> dict[str, Any]:
    """Returns everything that the template shows."""
    training = report["kind"] == "training"
    return {
        "title": f"{wording.model_name(report['model']['name'])}: {'training' if training else 'test'} report",
        "source": "report.json" if training else "test_report.json",
        "headline": wording.headline(report),
        "verdict": wording.verdict(report),
        "figures": tables.key_figures(report),
        "labels": report["model"]["labels"],
        "analysis": report.get("analysis"),
        "composition": composed.groups(report.get("composition"), report["model"]["labels"]),
        **_curves(report["result"]),
        **(_analysed(report) if report.get("analysis") else {}),
        **tables.made_of(report),
    }


def _curves(result: Mapping[str, Any]) -> dict[str, Any]:
    drawn = charts.learning_curves(result)
    names = [name for name in ("loss", "accuracy", "val_loss", "val_accuracy") if result.get(name)]
    rows = list(zip(*(result[name] for name in names), strict=True)) if names else []
    return {
        "curves": drawn,
        "curves_sentence": wording.told_curves(result) if drawn else "",
        "rings": any(line.best for curves in drawn for line in curves.chart.lines),
        "epoch_columns": [name.replace("val_", "validation ") for name in names],
        "epochs": tables.spread([(epoch, *row) for epoch, row in enumerate(rows, 1)], EPOCHS_LISTED),
    }


def _analysed(report: Mapping[str, Any]) -> dict[str, Any]:
    analysis, baseline = report["analysis"], report["baseline"]
    shown: dict[str, Any] = {
        "confusion": tables.confusion(analysis),
        "per_label": tables.per_label(analysis),
        "label_means": tables.label_means(tables.per_label(analysis)),
        "reliability": charts.reliability(analysis["calibration"]["bins"]),
        "calibration_sentence": wording.told_calibration(analysis),
        "confidence_sentence": wording.told_confidence(report),
        "slices_sentence": wording.told_slices(analysis),
        "mistakes_sentence": wording.told_mistakes(analysis),
        "fewest": FEWEST_ROWS,
        "baseline": baseline,
        "warm": report["model"].get("warm", False),
        **tables.sliced(analysis),
    }
    if baseline["available"]:
        shown["pairs_sentence"] = wording.told_pairs(baseline["paired"])
        shown["pairs"] = tables.pairs(baseline["paired"])
        shown["beside"] = tables.beside(analysis, baseline)
    return shown


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, CHART_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": units.percent,
        "points": units.points,
        "duration": units.duration,
        "count": lambda number: f"{number:,}",
    }
    return environment
