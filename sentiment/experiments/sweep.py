"""A sweep over models and learning rates: its trainings, their outcomes, and the table."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from sentiment.experiments.table import Table
from sentiment.language import tr
from sentiment.results.experiment import Group, Setup, Training
from sentiment.results.record import as_json

__all__ = ["Group", "Outcome", "Setup", "Training"]

HEADINGS = (
    *("model", "lr", "train_loss", "train_acc", "val_loss", "val_acc", "test_loss", "test_acc"),
    *("train_times", "predict_times", "parameters", "rows/s"),
)
FIGURES = HEADINGS[2:]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a training: its result, or why there is none; `refused` if another try would fail, too."""

    training: Training
    result: Mapping[str, Any] | None = None
    why: str = ""
    refused: bool = False


def described(training: Training) -> str:
    """Returns a training as people call it."""
    if training.learning_rate is None:
        return tr("{model}, not trained, seed {seed}", model=training.model, seed=training.seed)
    rate = rate_as_text(training.learning_rate)
    return tr("{model}, lr {rate}, seed {seed}", model=training.model, rate=rate, seed=training.seed)


def options_of(setup: Setup) -> list[str]:
    """Returns these settings as options of `sentiment train`."""
    found = as_json(setup).items()
    return [part for name, value in found for part in (f"--{name.replace('_', '-')}", str(value))]


def trainings(
    models: Sequence[str], rates: Sequence[float], seeds: Sequence[int], *, untrained: bool
) -> list[Training]:
    """Returns the sweep in the order of the older tool's table: by model, first untrained, then by rate."""
    of_model: list[float | None] = [*([None] if untrained else []), *dict.fromkeys(rates)]
    return [
        Training(model, rate, seed)
        for model in dict.fromkeys(models)
        for rate in of_model
        for seed in dict.fromkeys(seeds)
    ]


def row_file(folder: Path, training: Training, setup: Setup, inputs: Mapping[str, Any]) -> Path:
    """Returns the file of a training's result; anything that makes it another training makes another file name."""
    identity = {"training": as_json(training), "setup": as_json(setup), "inputs": inputs}
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", training.model).strip("-.")[:60]
    rate = "untrained" if training.learning_rate is None else rate_as_text(training.learning_rate)
    return folder / f"{name}-{rate}-{training.seed}-{key}.json"


def figures(result: Mapping[str, Any]) -> dict[str, float | None]:
    """Returns the figures of a training's result under the headings of the older tool's table; None if missing."""
    last = {name: (result.get(name) or [None])[-1] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    test = result.get("test") or {}
    return {
        "train_loss": last["loss"],
        "train_acc": last["accuracy"],
        "val_loss": last["val_loss"],
        "val_acc": last["val_accuracy"],
        "test_loss": test.get("loss"),
        "test_acc": test.get("accuracy"),
        "train_times": result.get("seconds"),
        "predict_times": result.get("test_seconds"),
        "parameters": result.get("parameters"),
        "rows/s": result.get("rows_per_second"),
    }


def grouped(outcomes: Sequence[Outcome]) -> list[Group]:
    """Returns a group for each model and learning rate, in order of appearance."""
    by_name: dict[tuple[str, float | None], list[Outcome]] = {}
    for outcome in outcomes:
        by_name.setdefault((outcome.training.model, outcome.training.learning_rate), []).append(outcome)
    return [_group(model, rate, members) for (model, rate), members in by_name.items()]


def _group(model: str, rate: float | None, members: Sequence[Outcome]) -> Group:
    found = [figures(member.result) for member in members if member.result is not None]
    values = {name: [value for row in found if (value := row[name]) is not None] for name in FIGURES}
    return Group(
        model,
        rate,
        len(found),
        {name: mean(some) if some else None for name, some in values.items()},
        {name: stdev(some) if len(some) > 1 else None for name, some in values.items()},
        list(dict.fromkeys(member.why for member in members if member.why)),
    )


def best_of(groups: Sequence[Group]) -> int | None:
    """Returns the index of the trained group with the highest mean test_acc; among equals, the lowest test_loss."""
    ranked = [
        (-(group.mean["test_acc"] or 0), group.mean["test_loss"] or 0, index)
        for index, group in enumerate(groups)
        if group.learning_rate is not None and group.mean["test_acc"] is not None
    ]
    return min(ranked)[2] if ranked else None


def table_of(groups: Sequence[Group], setup: Setup, notes: Sequence[str] = ()) -> Table:
    """Returns the older tool's table, with a note for every failure."""
    failed = [f"{name_of(group, setup)}, lr {_rate(group)}: {why}" for group in groups for why in group.why]
    return Table(
        tr("learning rates"),
        HEADINGS,
        [row_of(group, setup) for group in groups],
        best_of(groups),
        [*notes, *failed],
    )


def row_of(group: Group, setup: Setup) -> list[str]:
    """Returns a group as a row of the table: the mean, and ± the deviation if there are several seeds."""
    cells = [name_of(group, setup), _rate(group)]
    if not group.trained:
        return [*cells, "failed", *[""] * (len(FIGURES) - 1)]
    return cells + [_cell(name, group.mean.get(name), group.deviation.get(name)) for name in FIGURES]


def outcome_as_text(outcome: Outcome, setup: Setup) -> str:
    """Returns one training's figures in one line, or why it has none."""
    if outcome.result is None:
        return outcome.why
    cells = zip(HEADINGS, row_of(grouped([outcome])[0], setup), strict=True)
    return "  ".join(f"{heading} {cell}" for heading, cell in list(cells)[2:] if cell)


def name_of(group: Group, setup: Setup) -> str:
    """Returns the name of a row as the older tool wrote it: `model(no train)`, `model(no val dataset)`."""
    if group.learning_rate is None:
        return f"{group.model}(no train)"
    return group.model if setup.validation_share else f"{group.model}(no val dataset)"


def _rate(group: Group) -> str:
    return "-" if group.learning_rate is None else rate_as_text(group.learning_rate)


def _cell(name: str, value: float | None, deviation: float | None) -> str:
    if value is None:
        return ""
    if name == "parameters":
        return f"{value / 1e6:.2f}M"
    shown, unit = (".1f", "s" if name.endswith("_times") else "") if name in FIGURES[6:] else (".4f", "")
    spread = "" if deviation is None else f" ± {deviation:{shown}}"
    return f"{value:{shown}}{spread}{unit}"


def rate_as_text(rate: float) -> str:
    """Returns 0.00002 as `2e-5`."""
    mantissa, exponent = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"
