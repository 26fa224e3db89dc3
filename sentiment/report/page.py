"""Turns a report's JSON into one self-contained HTML document, which needs no script, network or other file.

The text of a post cannot become markup: every value is escaped, and the page forbids scripts and outside resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.language import marked, speaking, spoken, tr
from sentiment.language.catalogue import TAGS
from sentiment.report import charts, composed, findings, made_of, tables, trust, wording
from sentiment.report.drawing import environment
from sentiment.report.slices import FEWEST_ROWS
from sentiment.settings import language_of_people

EPOCHS_LISTED = 50
COLUMNS = {  # of the epochs' table
    "loss": marked("loss"),
    "accuracy": marked("accuracy"),
    "val_loss": marked("validation loss"),
    "val_accuracy": marked("validation accuracy"),
}


def drawn(report: Mapping[str, Any]) -> str:
    """Returns the page of a report in SENTIMENT_LANGUAGE; what stands in files beside it is English."""
    with speaking(language_of_people()):
        return render(report)


def render(report: Mapping[str, Any]) -> str:
    """Returns the HTML page of `report`, which is what `report.json` or `test_report.json` holds, as is spoken."""
    html: str = environment().get_template("page.html").render(context(report))
    # A lone surrogate (JSON can contain one) is not a character and cannot be written.
    return html.encode("utf-8", errors="replace").decode("utf-8")


def context(report: Mapping[str, Any]) -> dict[str, Any]:
    """Returns everything that the template shows."""
    return {
        "tag": TAGS[spoken()],
        "title": wording.title(report),
        "source": "report.json" if report["kind"] == "training" else "test_report.json",
        "headline": wording.headline(report),
        "verdict": wording.verdict(report),
        "figures": tables.key_figures(report),
        "labels": report["model"]["labels"],
        "analysis": report.get("analysis"),
        "composition": composed.groups(report.get("composition"), report["model"]["labels"]),
        **_curves(report["result"]),
        **(_analysed(report) if report.get("analysis") else {}),
        **made_of.made_of(report),
    }


def _curves(result: Mapping[str, Any]) -> dict[str, Any]:
    curves = charts.learning_curves(result)
    names = [name for name in COLUMNS if result.get(name)]
    rows = list(zip(*(result[name] for name in names), strict=True)) if names else []
    return {
        "curves": curves,
        "curves_sentence": findings.told_curves(result) if curves else "",
        "rings": any(line.best for one in curves for line in one.chart.lines),
        "epoch_columns": [tr(COLUMNS[name]) for name in names],
        "epochs": tables.spread([(epoch, *row) for epoch, row in enumerate(rows, 1)], EPOCHS_LISTED),
    }


def _analysed(report: Mapping[str, Any]) -> dict[str, Any]:
    analysis, baseline = report["analysis"], report["baseline"]
    shown: dict[str, Any] = {
        "confusion": tables.confusion(analysis),
        "per_label": tables.per_label(analysis),
        "label_means": tables.label_means(tables.per_label(analysis)),
        "reliability": charts.reliability(analysis["calibration"]["bins"]),
        "calibration_sentence": trust.told_calibration(analysis),
        "confidence_sentence": trust.told_confidence(report),
        "slices_sentence": findings.told_slices(analysis),
        "mistakes_sentence": findings.told_mistakes(analysis),
        "fewest": FEWEST_ROWS,
        "baseline": baseline,
        **tables.sliced(analysis),
    }
    if baseline["available"]:
        shown["pairs_sentence"] = wording.told_pairs(baseline["paired"])
        shown["baseline_sentence"] = wording.told_baseline(baseline, warm=report["model"].get("warm") or False)
        shown["pairs"] = tables.pairs(baseline["paired"])
        shown["beside"] = tables.beside(analysis, baseline)
    return shown
