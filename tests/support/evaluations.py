"""Evaluations as `sentiment evaluate` leaves them, made from confusion matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sentiment.gate import rules
from sentiment.gate.evidence import AGAIN, NAME
from sentiment.gate.rules import Override
from sentiment.gate.thresholds import Thresholds
from sentiment.results.decision import Gate, Loosened
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import decoded

Confusion = list[list[int]]
EMPTY: dict[str, Any] = {
    "rows": 0,
    "candidate": None,
    "stable": None,
    "paired": None,
    "regressions": [],
    "improvements": [],
}


def scores(confusion: Confusion) -> dict[str, Any]:
    support = [sum(row) for row in confusion]
    correct = sum(confusion[label][label] for label in range(len(confusion)))
    predicted = [sum(column) for column in zip(*confusion, strict=True)]
    hits = [confusion[label][label] for label in range(len(confusion))]
    return {
        "accuracy": correct / sum(support),
        "correct": correct,
        "recall": [hit / rows if rows else 0.0 for hit, rows in zip(hits, support, strict=True)],
        "precision": [hit / rows if rows else 0.0 for hit, rows in zip(hits, predicted, strict=True)],
        "f1": [2 * hit / (a + b) if a + b else 0.0 for hit, a, b in zip(hits, support, predicted, strict=True)],
        "support": support,
        "confusion": confusion,
        "loss": 0.5,
    }


def flip(text: str, confidence: float = 0.9, **more: Any) -> dict[str, Any]:
    return {"text": text, "title": "", "true": 1, "stable": 1, "candidate": 0, "confidence": confidence} | more


def make_set(candidate: Confusion, stable: Confusion | None, only_candidate: int, **more: Any) -> dict[str, Any]:
    """Returns one test set; `only_candidate` rows are right for the candidate alone."""
    now = scores(candidate)
    rows = sum(now["support"])
    found = {"rows": rows, "candidate": now, "stable": None, "paired": None, "regressions": [], "improvements": []}
    if stable is not None:
        before = scores(stable)
        both_right = now["correct"] - only_candidate
        only_stable = before["correct"] - both_right
        found["stable"] = before
        found["paired"] = {
            "both_right": both_right,
            "only_candidate": only_candidate,
            "only_stable": only_stable,
            "both_wrong": rows - both_right - only_candidate - only_stable,
        }
    return found | more


def square(hits: list[int], support: list[int]) -> Confusion:
    """Returns a confusion matrix with these hits, the misses in the next column."""
    matrix = [[0] * len(hits) for _ in hits]
    for label, (hit, rows) in enumerate(zip(hits, support, strict=True)):
        matrix[label][label] = hit
        matrix[label][(label + 1) % len(hits)] = rows - hit
    return matrix


def make_evaluation(
    candidate: list[int],
    stable: list[int] | None,
    only_candidate: int = 0,
    support: tuple[int, ...] = (400, 400, 400),
    rolling: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Returns an evaluation from hits per class on the frozen set; without `rolling` that set has no rows."""
    rows = list(support)
    before = square(stable, rows) if stable else None
    return {
        "candidate": "runs/night/model",
        "stable": "serving/trained/2" if stable else None,
        "stable_version": 2 if stable else None,
        "labels": ["正面", "負面", "中立"],
        "sets": {
            "frozen": make_set(square(candidate, rows), before, only_candidate),
            "rolling": rolling or EMPTY,
        },
    }


def decide(
    found: dict[str, Any],
    thresholds: Thresholds,
    override: Override | None = None,
    loosened: Loosened | None = None,
) -> Gate:
    """Decides on an evaluation as it is written."""
    return rules.decide(decoded(found, Evaluation, NAME, AGAIN), thresholds, override, loosened)


@pytest.fixture(scope="session")
def evaluation() -> Callable[..., dict[str, Any]]:
    return make_evaluation


@pytest.fixture(scope="session")
def rolling_set() -> Callable[..., dict[str, Any]]:
    """Makes a rolling set from hits per class: `rolling_set([60, 60, 60], [50, 50, 50], 40, (80, 80, 80))`."""

    def make(candidate: list[int], stable: list[int] | None, only_candidate: int, support: tuple[int, ...]) -> Any:
        before = square(stable, list(support)) if stable else None
        return make_set(square(candidate, list(support)), before, only_candidate)

    return make


@pytest.fixture(scope="session")
def flipped() -> Callable[..., dict[str, Any]]:
    return flip


def costs(
    candidate: tuple[int, float | None], stable: tuple[int, float | None] | None, cores: int = 2
) -> dict[str, Any]:
    """Returns an evaluation's part about what both cost, from their parameters and milliseconds a post."""

    def cost(parameters: int, milliseconds: float | None, export_bytes: int | None) -> dict[str, Any]:
        pace = {"milliseconds": milliseconds, "batch": 64, "batches": 9} if milliseconds else None
        return {"parameters": parameters, "pace": pace, "export_bytes": export_bytes}

    return {
        "at": "2026-11-26T19:05:00+00:00",
        "machine": {"processor": "EPYC 7B13", "cores": cores, "precision": "float32"},
        "candidate": cost(*candidate, None),
        "stable": cost(*stable, 12_900_000) if stable else None,
    }


def held_cases(*texts: str) -> dict[str, Any]:
    """Returns an evaluation's part about cases that must hold: all of `texts` are broken, the first may not change."""
    kinds = {"fixed": 1, "others": len(texts) - 1}
    counts = {
        kind: {"cases": rows, "candidate": 0, "stable": rows, "broken": rows, "mended": 0}
        for kind, rows in kinds.items()
    }
    case = {"title": "", "true": 1, "stable": 1, "candidate": 0, "why": "ticket 7"}
    broken = [case | {"text": text, "fixed": place == 0} for place, text in enumerate(texts)]
    return counts | {"broken": broken, "mended": []}
