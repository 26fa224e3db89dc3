"""The score experiment: the three ways over the same posts, each in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment.bench.score import WAYS


@pytest.mark.slow
def test_every_way_is_measured_over_the_same_posts(
    run: Callable[..., int], trained: Path, data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    given = ["--model", trained, "--data", data / "test.tsv", "--rows", "1000"]
    assert run("score", *given, "--output", output) == 0
    found = json.loads((output / "results.json").read_text(encoding="utf-8"))["measured"]
    assert [(one["rows"], one["way"]) for one in found] == [(1000, way) for way in WAYS]
    assert all(one["seconds"] > 0 and one["peak_mb"] > 50 for one in found)
    assert not (output / "work").exists()
    assert "rows/s of processor" in (output / "table.md").read_text(encoding="utf-8")
