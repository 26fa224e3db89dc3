"""`sentiment bench gate`, as it is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment.bench.years.policies import POLICIES
from sentiment.bench.years.world import WORLDS


def test_the_table_has_a_row_for_each_rule_and_size(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("gate", "--years", "20", "--nights", "5", "--rows", "200+100,900+800", "--output", tmp_path) == 0
    told = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert len(told["cells"]) == 2 * len(POLICIES) * len(WORLDS)
    table = (tmp_path / "table.md").read_text("utf-8")
    assert table.count("| 900 + 800 |") == len(POLICIES)
    assert "never" in table
    assert (tmp_path / "plot.svg").read_text("utf-8").count("e-LOND") == 1
    printed = capsys.readouterr()
    assert "Ladder" in printed.err
    assert "cells" not in json.loads(printed.out)


@pytest.mark.parametrize("rows", ["1200", "1200+", "50+1000", "1e3+1000", "1200+1000,", "-5+1000", ""])
def test_sizes_that_are_none_are_one_line(
    run: Callable[..., int], rows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("gate", "--rows", rows) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--rows must be comma-separated pairs" in error
