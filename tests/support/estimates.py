"""Nights of `serving/estimates.jsonl`, as small as they can be."""

from __future__ import annotations

from typing import Any

from sentiment.results.estimate import Estimate, Fall, Gap, Night


def gap_of(difference: float = -0.05, rows: int = 1000, deviation: float = 0.35) -> Gap:
    return Gap(rows=rows, confidence=0.85, accuracy=0.85 + difference, deviation=deviation, threshold=0.7)


def estimate_of(correct: int | None = 80, rows: int = 100, **more: Any) -> Estimate:
    found: dict[str, Any] = {"name": "", "confidence": 0.9, "accuracy": 0.82, "low": 0.72, "high": 0.92}
    return Estimate(rows=rows, correct=correct, threshold_accuracy=0.8, **{**found, **more})


def night_of(run: str = "night-1", version: int = 2, **more: Any) -> Night:
    found: dict[str, Any] = {"estimate": estimate_of(), "by_source": [], "gap": gap_of(), "sets": 2}
    return Night(at="2026-11-22T18:00:00+00:00", run=run, version=version, **{**found, **more})


def fallen(correct: int = 350) -> Fall:
    """A fall from 85 % on 1,000 rows to so many of 500."""
    at_best = correct / 500 - 0.85 + 0.05
    return Fall(rows=500, correct=correct, was_rows=1000, was_correct=850, at_best=at_best, limit=0.05)
