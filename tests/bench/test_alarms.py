"""`sentiment bench alarms`, as it is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment.bench.alarms import cell, poisson
from sentiment.bench.years.alarms import RULES, WORLDS, Year


def test_the_table_has_a_row_for_each_world_and_rule(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_ESTIMATE_FALL", "0.12")
    assert run("alarms", "--years", "20", "--nights", "8", "--output", tmp_path) == 0
    told = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert len(told["cells"]) == len(WORLDS) * len(RULES) and told["limit"] == 0.12
    table = (tmp_path / "table.md").read_text("utf-8")
    assert table.count("| at best |") == len(WORLDS) and table.count("never, never") == len(RULES)
    assert (tmp_path / "plot.svg").is_file()
    assert "cells" not in json.loads(capsys.readouterr().out)


def test_figures_of_some_years() -> None:
    years = [Year(0, 3), Year(2, 9), Year(0, None), Year(0, 4)]
    found = cell(WORLDS[0], "at best", years)
    assert (found.in_vain, found.nights_to_mail) == (0.5, (4, None))
    assert found.in_vain_interval == pytest.approx((0.0606, 1.806), rel=1e-3)


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)])
def test_a_rates_interval_is_that_of_the_tables(count: int, low: float, high: float) -> None:
    assert poisson(count) == pytest.approx((low, high), rel=1e-3)
