"""The composition of the training rows as the page shows it: by label, by source, by night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentiment.language import tr, tr_many

WIDEST = 100.0  # % of a bar's track


def groups(composition: Mapping[str, Any] | None, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the groups of `prepare`'s composition, one row per label, source or night, with the widths of the bars.

    A group of one row says nothing that the labels do not say, so it is left out.
    """
    if not composition:
        return []
    by_label = [{**line, "name": labels[line["label"]]} for line in composition["per_label"]]
    by_source = [_summed(line, _source(line)) for line in composition["per_source"]]
    by_night = [_summed(line, _night(line)) for line in composition["per_night"]]
    found = [(tr("By label"), by_label), (tr("By source"), by_source), (tr("By night of delivery"), by_night)]
    return [{"name": name, "rows": _with_bars(rows)} for name, rows in found if len(rows) > 1 or name == found[0][0]]


def _summed(line: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Returns a line whose figures are sums over the labels."""
    counts = {name: None if line[name] is None else sum(line[name]) for name in ("new", "wanted", "available", "added")}
    return {"name": name, **counts}


def _source(line: Mapping[str, Any]) -> str:
    if line["name"] is None:
        return tr_many("all others ({number:,} source)", "all others ({number:,} sources)", line["members"])
    return str(line["name"]) or tr("no source named")


def _night(line: Mapping[str, Any]) -> str:
    if line["name"] is None:
        return tr_many("all others ({number:,} delivery)", "all others ({number:,} deliveries)", line["members"])
    return tr("the base data") if line["name"] == "base" else str(line["name"])


def _with_bars(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    most = max((row["new"] + row["added"] for row in rows), default=0) or 1
    return [
        {
            **row,
            "total": row["new"] + row["added"],
            "new_wide": round(WIDEST * row["new"] / most, 1),
            "added_wide": round(WIDEST * row["added"] / most, 1),
        }
        for row in rows
    ]
