"""The rows of the page's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sentiment.language import marked, tr, tr_many
from sentiment.report.charts import share_axis
from sentiment.report.findings import mistakes_in_words
from sentiment.report.slices import told_name
from sentiment.results.cost import Timed
from sentiment.text.costs import machine_told, millions, took
from sentiment.text.units import duration, percent, points

GROUPS = {  # of slices
    "length": marked("By length"),
    "title": marked("By title"),
    "marker": marked("By marker"),
    "source": marked("By source"),
}
Figure = tuple[str, str, str]  # name, value, aside


def key_figures(report: Mapping[str, Any]) -> list[Figure]:
    """Returns the few figures at the top of the page."""
    figures = _of_test(report["analysis"], report.get("baseline")) if report.get("analysis") else []
    return [*figures, *_of_cost(report), _of_time(report["kind"], report["result"])]


def _of_test(analysis: Mapping[str, Any], baseline: Mapping[str, Any] | None) -> list[Figure]:
    accuracy = analysis["metrics"]["accuracy"]
    low, high = map(percent, analysis["interval"])
    figures = [(tr("Accuracy"), percent(accuracy), tr("{low} to {high}, 95 % interval", low=low, high=high))]
    if baseline and baseline["available"]:
        theirs = baseline["metrics"]["accuracy"]
        ahead = tr("the model: {points} points", points=points(accuracy - theirs))
        figures.append((tr("Linear baseline"), percent(theirs), ahead))
    error = analysis["calibration"]["expected_calibration_error"]
    return [
        *figures,
        (tr("Macro F1"), percent(analysis["macro_f1"]), tr("mean over the labels")),
        (tr("Calibration error"), percent(error), tr("confidence against accuracy")),
        (tr("Test posts"), f"{analysis['rows']:,}", mistakes_in_words(analysis["mistakes_total"])),
    ]


def _of_cost(report: Mapping[str, Any]) -> list[Figure]:
    """Returns the model's size, and its time for a post where that was measured."""
    model = report["model"]
    reads = tr_many("reads {number} piece of a post", "reads up to {number} pieces of a post", model["max_seq_length"])
    figures = [(tr("Parameters"), millions(model["parameters"]), reads)]
    if not report.get("timed"):
        return figures
    timed = msgspec.convert(report["timed"], Timed)
    told = tr("median in batches of {batch}; {machine}", batch=timed.pace.batch, machine=machine_told(timed.machine))
    return [*figures, (tr("One post"), took(timed.pace), told)]


def _of_time(kind: str, result: Mapping[str, Any]) -> Figure:
    if kind != "training":
        return tr("Time"), duration(result["seconds"]), tr("loading and scoring")
    pace = tr_many(
        "{number:,} epoch, {posts} posts a second",
        "{number:,} epochs, {posts} posts a second",
        result["epochs"],
        posts=f"{result['rows_per_second']:,.0f}",
    )
    return tr("Training"), duration(result["seconds"]), pace


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
        (tr("accuracy"), "", ours["accuracy"], theirs["accuracy"]),
        (tr("macro F1"), "", analysis["macro_f1"], baseline["macro_f1"]),
    ]
    for measure, named in (("recall", tr("recall of")), ("precision", tr("precision of"))):
        for label, name in enumerate(analysis["labels"]):
            if ours["support"][label]:
                rows.append((named, name, ours[measure][label], theirs[measure][label]))
    return [
        {"name": name, "label": label, "model": model, "baseline": other, "difference": model - other}
        for name, label, model, other in rows
    ]


def pairs(paired: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the four combinations in which two answers to one post can be right or wrong."""
    parts = (
        (tr("both right"), "both", "both_right"),
        (tr("only the model right"), "ours", "only_model"),
        (tr("only the baseline right"), "theirs", "only_baseline"),
        (tr("both wrong"), "none", "both_wrong"),
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
        {
            "name": tr(GROUPS[group["group"]]),
            "slices": [{**placed(item), "name": told_name(group, item)} for item in group["slices"]],
        }
        for group in analysis["slices"]
    ]
    return {"slices": groups, "slice_axis": axis}


def spread(rows: Sequence[Any], most: int) -> list[Any]:
    """Returns `rows`, or `most` of them at even distances, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(number * (len(rows) - 1) / (most - 1))] for number in range(most)]
