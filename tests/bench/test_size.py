from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.results import whole

from sentiment.bench import size
from sentiment.bench.size import Weight, bound, weigh
from sentiment.results.export import Export


@pytest.fixture(scope="module")
def output(run: Callable[..., int], trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one experiment."""
    folder = tmp_path_factory.mktemp("bench") / "size"
    assert run("size", trained, "--output", folder) == 0
    return folder


@pytest.fixture(scope="module")
def result(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "results.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_every_format_has_a_row(result: dict[str, Any]) -> None:
    rows = {row["name"]: row for row in result["rows"]}
    assert list(rows) == [
        *("原模型", "savedModel (with optimizer)", "h5 → savedModel"),
        *("h5 → savedModel → tensorRT", "tflite", "tflite int8"),
    ]
    assert rows["tflite int8"]["total"] < rows["tflite"]["total"] < rows["savedModel (with optimizer)"]["total"]


@pytest.mark.slow
def test_the_optimizer_is_really_there(result: dict[str, Any]) -> None:
    """Adam keeps two more numbers for each weight."""
    rows = {row["name"]: row["files"].get("variables", 0) for row in result["rows"]}
    weights = 4 * result["parameters"]
    assert rows["h5 → savedModel"] == pytest.approx(weights, rel=0.1)
    assert 2.8 * weights < rows["savedModel (with optimizer)"] < 3.5 * weights


@pytest.mark.slow
def test_what_was_not_made_weighs_nothing_and_says_why(result: dict[str, Any]) -> None:
    row = next(row for row in result["rows"] if "tensorRT" in row["name"])
    if row["made"]:
        pytest.skip("TensorRT is here")
    assert (row["files"], row["total"]) == ({}, 0)
    assert row["why"] in (result["formats"]["tensorrt"]["why"],)


@pytest.mark.slow
def test_the_bound_of_an_export_holds(result: dict[str, Any]) -> None:
    assert result["bound"] == {
        "weights_bytes": 4 * result["parameters"],
        "bytes": bound(4 * result["parameters"]),
        "holds": True,
    }


@pytest.mark.slow
def test_table_and_plot_are_kept_and_nothing_else(output: Path) -> None:
    kept = {path.name for path in output.iterdir() if not path.name.startswith(".")}
    assert kept == {"results.json", "table.md", "plot.svg", "plot.png"}
    table = (output / "table.md").read_text(encoding="utf-8")
    assert "| saved_model.pb | variables | model.tflite | total |" in table
    assert "it holds" in table
    drawing = (output / "plot.svg").read_text(encoding="utf-8")
    assert "Size of one model" in drawing
    assert "<script" not in drawing


def test_files_are_weighed_by_column(tmp_path: Path) -> None:
    for name, count in (("saved_model.pb", 5), ("variables/a", 7), ("variables/b", 1), ("assets/x", 2)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * count)
    weight = weigh("it", tmp_path)
    assert weight == Weight("it", {"saved_model.pb": 5, "variables": 8}, 15)
    assert weight.cells() == ["it", "5B", "8B", "-", "15B"]


def test_the_bound_is_five_percent_and_three_megabytes() -> None:
    assert bound(400_000_000) == 423_000_000


def test_an_export_over_the_bound_is_said_so() -> None:
    rows = [Weight(size.NAMES["savedmodel"], {}, 99_000_000)]
    result, table = size.summary(Path("m"), 1000, rows, whole(Export))
    assert result["bound"]["holds"] is False
    assert "IT DOES NOT HOLD" in table.notes[0]


def test_no_model_is_one_line(run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("size", tmp_path / "no", "--output", tmp_path / "out") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert "must hold a readable model.json" in errors[0]
    assert list(tmp_path.iterdir()) == []
