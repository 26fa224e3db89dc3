"""The rows of the page's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentiment.report.charts import share_axis
from sentiment.text.units import counted, duration, percent, points

Pairs = list[tuple[str, Any]]
DIGITS_OF_A_FINGERPRINT = 16


def key_figures(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Returns (name, value, aside) of the few figures at the top of the page."""
    analysis, baseline, result = report.get("analysis"), report.get("baseline"), report["result"]
    figures = []
    if analysis:
        low, high = analysis["interval"]
        aside = f"{percent(low)} to {percent(high)}, 95 % interval"
        figures.append(("Accuracy", percent(analysis["metrics"]["accuracy"]), aside))
        if baseline and baseline["available"]:
            theirs = baseline["metrics"]["accuracy"]
            ahead = f"the model: {points(analysis['metrics']['accuracy'] - theirs)} points"
            figures.append(("Linear baseline", percent(theirs), ahead))
        figures.append(("Macro F1", percent(analysis["macro_f1"]), "mean over the labels"))
        error = analysis["calibration"]["expected_calibration_error"]
        figures.append(("Calibration error", percent(error), "confidence against accuracy"))
        figures.append(("Test posts", f"{analysis['rows']:,}", counted(analysis["mistakes_total"], "mistake")))
    if report["kind"] == "training":
        pace = f"{counted(result['epochs'], 'epoch')}, {result['rows_per_second']:,.0f} posts a second"
        figures.append(("Training", duration(result["seconds"]), pace))
    else:
        figures.append(("Time", duration(result["seconds"]), "loading and scoring"))
    return figures


def confusion(analysis: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns one row per true label; `shade` in 0..1 is the strength of a cell's colour."""
    rows = []
    for true, counts in enumerate(analysis["metrics"]["confusion"]):
        total = sum(counts)
        shares = [count / total if total else None for count in counts]
        cells = [
            _cell(count, share, right=true == predicted)
            for predicted, (count, share) in enumerate(zip(counts, shares, strict=True))
        ]
        rows.append({"label": analysis["labels"][true], "cells": cells})
    return rows


def _cell(count: int, share: float | None, *, right: bool) -> dict[str, Any]:
    # Mistakes have a colour of their own and are rarer, so half of a row already gives the full colour.
    shade = (share or 0.0) * (1 if right else 2)
    return {"count": count, "share": share, "shade": f"{min(1.0, shade):.3f}", "right": right}


def per_label(analysis: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns one row per label; a precision without predictions and a recall without true rows are None, not 0."""
    metrics = analysis["metrics"]
    predicted = [sum(column) for column in zip(*metrics["confusion"], strict=True)]
    return [
        {
            "label": name,
            "precision": metrics["precision"][label] if predicted[label] else None,
            "recall": metrics["recall"][label] if metrics["support"][label] else None,
            "f1": metrics["f1"][label] if metrics["support"][label] else None,
            "support": metrics["support"][label],
        }
        for label, name in enumerate(analysis["labels"])
    ]


def label_means(rows: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """Returns the mean precision, recall and F1 over the labels that have them."""
    columns = [[row[name] for row in rows if row[name] is not None] for name in ("precision", "recall", "f1")]
    return [sum(column) / len(column) if column else None for column in columns]


def beside(analysis: Mapping[str, Any], baseline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns one row per measure: its name, its label, the model's value and the baseline's."""
    ours, theirs = analysis["metrics"], baseline["metrics"]
    rows: list[tuple[str, str, float, float]] = [
        ("accuracy", "", ours["accuracy"], theirs["accuracy"]),
        ("macro F1", "", analysis["macro_f1"], baseline["macro_f1"]),
    ]
    for measure in ("recall", "precision"):
        for label, name in enumerate(analysis["labels"]):
            if ours["support"][label]:
                rows.append((f"{measure} of", name, ours[measure][label], theirs[measure][label]))
    return [
        {"name": name, "label": label, "model": model, "baseline": other, "difference": model - other}
        for name, label, model, other in rows
    ]


def pairs(paired: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the four combinations in which two answers to one post can be right or wrong."""
    parts = (
        ("both right", "both", "both_right"),
        ("only the model right", "ours", "only_model"),
        ("only the baseline right", "theirs", "only_baseline"),
        ("both wrong", "none", "both_wrong"),
    )
    return [{"name": name, "style": style, "rows": paired[key]} for name, style, key in parts]


def sliced(analysis: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the groups of slices, with the positions of their marks in % of a track."""
    whole = analysis["metrics"]["accuracy"]
    lows = [item["low"] for group in analysis["slices"] for item in group["slices"] if item["rows"]]
    axis = share_axis([*lows, whole])

    def placed(item: Mapping[str, Any]) -> dict[str, Any]:
        if not item["rows"]:
            return dict(item)
        low, high = axis.at(item["low"]), axis.at(item["high"])
        places = {"low_at": low, "wide": round(high - low, 1), "mean_at": axis.at(item["accuracy"])}
        return {**item, **places, "whole_at": axis.at(whole)}

    groups = [
        {"name": f"By {group['group']}", "slices": [placed(item) for item in group["slices"]]}
        for group in analysis["slices"]
    ]
    return {"slices": groups, "slice_axis": axis}


def made_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the tables of the last section: data, model, hyperparameters, versions."""
    model, result = report["model"], report["result"]
    hyperparameters = report.get("hyperparameters") or {}
    return {
        **_data(report),
        "model_facts": [
            ("type", model["type"]),
            ("name", model["name"]),
            ("parameters", f"{model['parameters']:,}"),
            ("vocabulary", counted(model["vocabulary"], "piece")),
            ("longest sequence", counted(model["max_seq_length"], "piece")),
            *([("devices", ", ".join(result["devices"]))] if result.get("devices") else []),
            *([("arithmetic", result["precision"])] if result.get("precision") else []),
        ],
        "hyperparameters": [
            (name.replace("_", " "), f"{value:g}" if isinstance(value, float) else value)
            for name, value in hyperparameters.items()
            if name not in ("model_type", "model_name")
        ],
        "versions": sorted(model["versions"].items()),
    }


def _data(report: Mapping[str, Any]) -> dict[str, Any]:
    model, analysis = report["model"], report.get("analysis")
    labels, data = model["labels"], model["data"]
    columns: list[tuple[str, list[int]]] = []
    if data.get("per_label"):
        columns.append(("training posts", data["per_label"]))
    if analysis:
        columns.append(("test posts", analysis["metrics"]["support"]))
    rows = [(name, *(column[label] for _, column in columns)) for label, name in enumerate(labels)]
    facts: Pairs = [("training set", _short(data.get("fingerprint")))]
    if data.get("watermark") is not None:
        facts.append(
            ("watermark", f"up to delivery {data['watermark']:,}" if data["watermark"] else "before any delivery")
        )
    if data.get("run"):
        facts.append(("run", data["run"]))
    if report.get("data"):
        facts += [("tested on", report["data"]["file"]), ("test set", _short(report["data"]["fingerprint"]))]
    return {
        "data_columns": [name for name, _ in columns],
        "data_rows": [*rows, ("all", *(sum(column) for _, column in columns))] if columns else [],
        "data_facts": facts,
    }


def _short(fingerprint: str | None) -> str:
    return f"sha256 {fingerprint[:DIGITS_OF_A_FINGERPRINT]}…" if fingerprint else "unknown"


def spread(rows: Sequence[Any], most: int) -> list[Any]:
    """Returns `rows`, or `most` of them at even distances, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(number * (len(rows) - 1) / (most - 1))] for number in range(most)]
