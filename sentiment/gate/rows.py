"""A gate's result as the rows of tables, for mails, approvals and the Models page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.statistics.intervals import wilson

Row = tuple[str, ...]
MINUS = "\N{MINUS SIGN}"


def stable_name(gate: Mapping[str, Any]) -> str:
    """Returns what to call the model that the candidate was compared with."""
    version = gate.get("stable_version")
    return "the stable model" if version is None else f"version {version}"


def label_name(gate: Mapping[str, Any], label: object) -> str:
    """Returns the name of a label id."""
    names = gate.get("labels") or []
    return str(names[label]) if isinstance(label, int) and 0 <= label < len(names) else str(label)


def comparison_rows(gate: Mapping[str, Any], *, intervals: bool = False) -> list[Row]:
    """Returns one row per test set, then one per class: what, rows, stable, candidate, change, at worst, McNemar's p.

    With `intervals`, its 95 % interval (Wilson's) follows each share.
    """
    rows: list[Row] = []
    for name, found in gate["sets"].items():
        aside = "" if found.get("decides") or found.get("stable_accuracy") is None else " (does not decide)"
        rows.append(
            (
                f"{name} set{aside}",
                f"{found['rows']:,}",
                _share(found.get("stable_accuracy"), found["rows"] if intervals else 0),
                _share(found.get("candidate_accuracy"), found["rows"] if intervals else 0),
                _points(found.get("difference")),
                _points(found.get("lower_bound")),
                _p_value(found.get("mcnemar_p")),
            )
        )
    return rows + _recall_rows(gate, intervals)


def _recall_rows(gate: Mapping[str, Any], intervals: bool) -> list[Row]:
    frozen = gate["sets"].get("frozen", {})
    now, support = frozen.get("candidate_recall") or [], frozen.get("support") or []
    before = frozen.get("stable_recall") or [None] * len(now)
    return [
        (
            f"recall of {label_name(gate, label)}",
            f"{support[label]:,}",
            _share(before[label], support[label] if intervals else 0),
            _share(now[label], support[label] if intervals else 0),
            _points(None if before[label] is None or now[label] is None else now[label] - before[label]),
            "",
            "",
        )
        for label in range(len(now))
    ]


def data_lines(prepare: Mapping[str, Any] | None, labels: list[str]) -> list[str]:
    """Returns what the candidate was trained on, one sentence per line."""
    if not prepare:
        return []
    new = prepare["new"]
    lines = [f"{new['rows']:,} new rows{_per_label(new['per_label'], labels)}{_deliveries(prepare)}."]
    if prepare.get("mix"):
        added = prepare["mix"]["added"]
        lines.append(f"{sum(added):,} old rows mixed in{_per_label(added, labels)}.")
    how = f"warm, from version {prepare['warm_from']}" if prepare.get("warm_from") is not None else "from the beginning"
    lines.append(f"{prepare['train_rows']:,} rows in all; trained {how}.")
    if prepare.get("left_for_later"):
        lines.append(f"{prepare['left_for_later']:,} more new rows were left for another run, as the form says.")
    if prepare.get("excluded_leaks"):
        lines.append(f"{prepare['excluded_leaks']:,} texts were kept out because they are in a test set.")
    return lines


def _per_label(counts: list[int], labels: list[str]) -> str:
    if len(counts) != len(labels):
        return ""
    return f" ({', '.join(f'{label} {count:,}' for label, count in zip(labels, counts, strict=True))})"


def _deliveries(prepare: Mapping[str, Any]) -> str:
    numbers = [str(number) for number in prepare.get("deliveries") or []]
    if not numbers:
        return ""
    shown = ", ".join(numbers if len(numbers) <= 12 else [*numbers[:6], "…", *numbers[-3:]])
    return f" of deliver{'ies' if len(numbers) > 1 else 'y'} {shown}"


def _share(value: float | None, rows: int = 0) -> str:
    if value is None:
        return "–"
    interval = wilson(round(value * rows), rows)
    return f"{value:.3f}" + (f" [{interval[0]:.3f} to {interval[1]:.3f}]" if interval else "")


def _points(value: float | None) -> str:
    if value is None:
        return "–"
    told = f"{abs(value) * 100:.1f}"
    return told if float(told) == 0 else f"{MINUS if value < 0 else '+'}{told}"


def _p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
