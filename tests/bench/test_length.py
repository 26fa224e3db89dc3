"""Real steps of a small model; few, because each process of them has to import TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.bench import length
from sentiment.bench.step_memory import CPU_MEMORY
from sentiment.bench.trials import Trials
from sentiment.experiments import child
from sentiment.tensorflow_setup import tf

OPTIONS = ["--model-type", "custom", "--model-name", "scratch/tiny", "--precision", "float32"]
on_cpu = pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU")


@pytest.mark.slow
def test_a_batch_is_measured_and_a_finished_length_is_kept(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["length", "--model-name", "scratch/tiny", "--lengths", "8", "--largest-batch", "2"]
    assert run(*arguments, "--output", tmp_path) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out.splitlines()[-1])
    (row,) = result["rows"]
    assert (row["length"], row["batch"], row["reached_largest"]) == (8, 2, True)
    assert 50_000_000 < row["bytes"] < row["limit"] if row["measured"] == CPU_MEMORY else row["bytes"] > 0
    assert row["rows_per_second"] > 0
    assert "≥ 2" in printed.err
    assert f"measured: {row['measured']} ({row['device']})" in printed.err
    assert "8 × 2, in a process of its own: fits" in printed.err
    assert "Seq Length" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")

    assert run(*arguments, "--output", tmp_path) == 0
    printed = capsys.readouterr()
    assert "1 of 1 lengths are already finished" in printed.err
    assert "×" not in printed.err.replace("length × largest", "")
    assert json.loads(printed.out.splitlines()[-1])["rows"] == [row]


@pytest.mark.slow
@on_cpu
def test_what_takes_more_than_the_limit_is_killed_and_the_next_one_has_a_new_process() -> None:
    with Trials([*OPTIONS, "--max-seq-length", "512"], 3 << 30) as trials:
        small = trials.measure(1)
        assert small.fits
        assert trials.about["measured"] == CPU_MEMORY
        first = trials._process
        assert not trials.measure(4096).fits
        assert first is not None
        assert first.poll() is not None
        trials._limit = 1 << 20
        assert not trials.measure(1).fits


def test_what_is_no_lack_of_memory_is_a_failure_with_its_reason() -> None:
    options = ["--model-type", "custom", "--model-name", "scratch/huge", "--precision", "float32"]
    with (
        Trials([*options, "--max-seq-length", "16"], 8 << 30) as trials,
        pytest.raises(child.Failed, match="from-scratch encoder must be one of"),
    ):
        trials.measure(1)


def test_a_failed_length_is_a_row_with_its_reason_and_is_not_kept(tmp_path: Path) -> None:
    def measure(length: int) -> dict[str, Any]:
        if length == 64:
            raise child.Failed("no such encoder")
        return ROW

    files = [tmp_path / "64.json", tmp_path / "128.json"]
    rows = length.run_lengths([64, 128], files, measure)
    assert rows == [{"length": 64, "why": "no such encoder"}, ROW]
    assert not files[0].exists()
    assert length.table_of(rows, "m").rows == [["64", "failed", "", ""], ["128", "14", "2.0G", "3.5"]]


ROW = {
    **{"length": 128, "batch": 14, "bytes": 2 << 30, "rows_per_second": 3.5, "reached_largest": False},
    **{"limit": 3 << 30, "measured": CPU_MEMORY, "device": "CPU:0", "precision": "float32", "parameters": 1000},
}


def test_the_table_says_which_memory_was_measured() -> None:
    table = length.table_of([ROW, {**ROW, "length": 256, "batch": 0, "bytes": None, "rows_per_second": None}], "m")
    assert table.rows == [["128", "14", "2.0G", "3.5"], ["256", "0", "-", ""]]
    assert table.notes == [
        "measured: peak resident memory of the process (CPU:0) in one real training step with Adam, float32;"
        " limit: 3.0G; 1,000 parameters"
    ]
    gpu = {**ROW, "limit": None, "measured": "peak memory on the GPU"}
    assert "limit: all that the GPU has" in length.table_of([gpu], "m").notes[0]


@pytest.mark.parametrize(
    ("text", "size"), [("800M", 800 << 20), ("1.5g", 3 << 29), ("2GiB", 2 << 30), ("1024", 1024), ("64kb", 64 << 10)]
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert length.Memory().convert(text, None, None) == size


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--memory", "lots"], "'lots' must be a size such as 800M or 6G"),
        (["--memory", "0G"], "'0G' must be a size"),
        (["--lengths", "64,4"], "--max-seq-length must be between"),
        (["--lengths", "1.5"], "'1.5' must be numbers separated by commas"),
        (["--model-type", "gpt"], "the model type must be one of"),
        (["--precision", "int4"], "--precision must be one of"),
        (["--largest-batch", "0"], "is not in the range"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_made(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run("length", "--model-name", "scratch/tiny", "--output", tmp_path / "out", *options) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
