"""What candidate and stable cost, for people: a table, how it was measured, a sentence when the candidate costs more.

It is information: no rule of the gate looks at it.
"""

from __future__ import annotations

from sentiment.gate.rows import NOTHING, Row, stable_name
from sentiment.language import marked, tr
from sentiment.results.cost import Costs, ModelCost
from sentiment.results.decision import Gate
from sentiment.text.costs import machine_told, millions, took
from sentiment.text.taipei import taipei_moment
from sentiment.text.units import size

SLOWER, LARGER = 1.5, 2.0  # times as long for a post, and as many parameters, from which on people are told
TITLE = marked("What each model costs")


def cost_table(gate: Gate, candidate: str, export_bytes: int | None = None) -> list[Row]:
    """Returns a head and a row for each model; [] where nothing was measured, as in an older evaluation.

    Its columns: model, parameters, size of the export, time for a post, accuracy. `export_bytes` is the size of the
    candidate's export, once there is one.
    """
    if gate.costs is None:
        return []
    now, before, frozen = gate.costs.candidate, gate.costs.stable, gate.sets.frozen
    head = (tr("model"), tr("parameters"), tr("export"), tr("one post"), tr("accuracy, frozen set"))
    stable = [_row(stable_name(gate), before, before.export_bytes, frozen.stable_accuracy)] if before else []
    return [head, *stable, _row(candidate, now, export_bytes, frozen.candidate_accuracy)]


def _row(name: str, cost: ModelCost, export_bytes: int | None, accuracy: float | None) -> Row:
    share = NOTHING if accuracy is None else f"{accuracy:.3f}"
    return (name, millions(cost.parameters), size(export_bytes), took(cost.pace), share)


def cost_lines(costs: Costs | None, stable: str) -> list[str]:
    """Returns a line for each model and how they were measured, for a terminal; `stable` is that model's name."""
    if costs is None:
        return []
    models = ((tr("candidate"), costs.candidate), (stable, costs.stable))
    lines = [
        tr(
            "{model}: {parameters} parameters, one post: {took}",
            model=name,
            parameters=millions(cost.parameters),
            took=took(cost.pace),
        )
        for name, cost in models
        if cost
    ]
    return [*lines, measured_told(costs)]


def measured_told(costs: Costs | None) -> str:
    """Returns how, where and when the time for a post was measured, in sentences; "" where nothing was."""
    if costs is None:
        return ""
    pace = costs.candidate.pace
    if pace is None:
        return tr("The time for a post was not measured: the test sets have too few rows for that.")
    parts = {"batch": pace.batch, "moment": taipei_moment(costs.at), "machine": machine_told(costs.machine)}
    if costs.stable is None:
        return tr(
            "One post: the median of batches of {batch} posts, by evaluate, on {moment}. Machine: {machine}. On "
            "another machine, or alone, a post takes another time.",
            **parts,
        )
    return tr(
        "One post: the median of batches of {batch} posts, both models in turn, by evaluate, on {moment}. Machine: "
        "{machine}. On another machine, or alone, a post takes another time.",
        **parts,
    )


def cost_warnings(gate: Gate) -> list[str]:
    """Returns one sentence when the candidate is clearly slower or larger than stable, for those who decide."""
    if gate.costs is None or gate.costs.stable is None:
        return []
    now, before = gate.costs.candidate, gate.costs.stable
    slower = now.pace.milliseconds / before.pace.milliseconds if now.pace and before.pace else 0.0
    larger = now.parameters / before.parameters
    figures = {
        "stable": stable_name(gate),
        "slower": slower,
        "took": took(now.pace),
        "before": took(before.pace),
        "larger": larger,
        "many": millions(now.parameters),
        "few": millions(before.parameters),
    }
    if slower > SLOWER and larger > LARGER:
        return [
            tr(
                "The candidate takes {slower:.1f} times as long for a post as {stable} ({took} instead of {before}), "
                "and has {larger:.1f} times as many parameters ({many} instead of {few}).",
                **figures,
            )
        ]
    if slower > SLOWER:
        return [
            tr(
                "The candidate takes {slower:.1f} times as long for a post as {stable} ({took} instead of {before}).",
                **figures,
            )
        ]
    if larger > LARGER:
        return [
            tr(
                "The candidate has {larger:.1f} times as many parameters as {stable} ({many} instead of {few}).",
                **figures,
            )
        ]
    return []
