"""An evaluation in words: a line for each test set, and for what each model costs."""

from __future__ import annotations

from sentiment.gate.changed import told_changed
from sentiment.gate.costs import cost_lines
from sentiment.language import tr, tr_many
from sentiment.results.evaluation import Evaluation, TestSet


def told(found: Evaluation) -> list[str]:
    """Returns a line for each test set: the accuracy of each model on the same rows; then what changes, and costs."""
    lines = []
    frozen, rolling = found.sets.frozen, found.sets.rolling
    if figures := _accuracies(frozen):
        rows = _rows(frozen)
        lines.append(tr("Accuracy on the {rows} of the frozen test set: {figures}.", rows=rows, figures=figures))
    if rolling and (figures := _accuracies(rolling)):
        rows = _rows(rolling)
        lines.append(tr("Accuracy on the {rows} of the rolling test set: {figures}.", rows=rows, figures=figures))
    return [*lines, *told_changed(found), *cost_lines(found.costs, tr("stable"))]


def _accuracies(one: TestSet) -> str:
    scored = ((tr("candidate"), one.candidate), (tr("stable"), one.stable), (tr("reference"), one.reference))
    return tr(", ").join(f"{who} {metrics.accuracy:.4f}" for who, metrics in scored if metrics)


def _rows(one: TestSet) -> str:
    return tr_many("{number:,} row", "{number:,} rows", one.rows)
