"""A step of a pretraining, timed beside PyTorch's: the work, the table, and the whole in a tiny form."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from sentiment.bench.pretraining import pretrain
from sentiment.bench.pretraining.table import Stepped, Work, draw, ratios, shares, table_of, unlike
from sentiment.bench.pretraining.torch_step import PRODUCT
from sentiment.bench.pretraining.work import SPECIAL, Shape, drawn, operations
from sentiment.bench.speed import tools
from sentiment.bench.speed.machine import this_processor
from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.model import arithmetic

# Ours, and another stack that took twice as long in the second round, and multiplied faster.
OURS = Stepped("sentiment pretrain", "float32", [9.0, 8.0], [2.0, 1.0, 1.0], [1.0, 1.0, 1.0])
OTHER = Stepped("PyTorch, eager", "float32", [9.01, 8.0], [3.0, 2.0, 1.5], [0.5, 0.5, 2.0])
WORK = Work(1000, PRODUCT**3)
TINY = ["--model-name", "scratch/tiny", "--length", "16", "--part-tokens", "128", "--parts", "2", "--pieces", "300"]
# A test of PyTorch's side runs where somebody names such a Python; no environment of ours has one.
TORCH = os.environ.get("TORCH_PYTHON")


def test_parts_are_whole_rows_of_which_a_share_is_hidden() -> None:
    shape = Shape(length=16, part_tokens=130, parts=3, hidden_share=0.15)
    found = drawn(shape, 300)
    assert (shape.rows, shape.tokens, len(found)) == (8, 384, 3)
    for part in found:
        assert part.ids.shape == (8, 16) and 0 < len(part.answers) == len(part.places) < 64
        assert not np.isin(part.answers, SPECIAL).any()


def test_operations_are_those_of_every_product_and_of_their_gradients() -> None:
    settings = {"hidden_size": 2, "intermediate_size": 8, "num_hidden_layers": 3, "vocab_size": 10}
    shape = Shape(length=4, part_tokens=8, parts=1, hidden_share=0.15)
    rows, width, inner, asked = 2, 2, 8, 3
    tokens = rows * 4
    projections = 4 * 2 * tokens * width * width
    attention = 2 * rows * 2 * 4 * width * 4  # of each row, [4, 2] × [2, 4] and [4, 4] × [4, 2]
    feed_forward = 2 * 2 * tokens * width * inner
    head = 2 * asked * width * width + 2 * asked * width * 10
    forward = 3 * (projections + attention + feed_forward) + head
    assert operations(settings, shape, asked) == 3 * forward


def test_a_ratio_and_a_share_are_of_the_same_round() -> None:
    rows = [OURS, OTHER]
    assert ratios(OTHER, rows) == [1.5, 2.0, 1.5]
    # The machine's rate is that of the faster product: 4, 4 and 2 times the work a second.
    assert shares(OURS, rows, WORK) == [1 / 2 / 4, 1 / 1 / 4, 1 / 1 / 2]


def test_the_table_has_rates_ratios_shares_and_how_they_were_measured() -> None:
    table = table_of([OURS, OTHER], WORK, "a step", ["on A processor"])
    ours, other = table.rows
    assert ours[:5] == ["sentiment pretrain", "float32", "1,000", "500 – 1,000", ""] and ours[6] == "25 (12 – 50) %"
    assert other[2:5] == ["500", "333 – 667", "1.50 (1.50 – 2.00)"] and table.best == 0
    assert table.notes[0] == "on A processor" and "medians of 3 rounds" in table.notes[1]
    assert "34 GFLOP/s in float32" in table.notes[2]
    assert "is 9.0000, 8.0000; in all rows the same within 0.11%" in table.notes[3]
    [axes] = results.drawn(draw([OURS, OTHER], WORK)).axes
    assert [bar.get_width() for bar in axes.patches] == [1000, 500]  # type: ignore[attr-defined]


def test_other_losses_are_told_since_they_are_of_other_work() -> None:
    far = Stepped("PyTorch, eager", "float32", [9.0, 8.5], [1.0], [1.0])
    unknown = Stepped("PyTorch, eager", "float32", [9.0, float("nan")], [1.0], [1.0])
    assert unlike([OURS, OTHER]) == []
    for row in (far, unknown):
        [told] = unlike([OURS, row])
        assert told.startswith("PyTorch, eager in float32 comes to other losses: 9.0000, ")


def test_bfloat16_is_measured_only_where_it_is_native(monkeypatch: pytest.MonkeyPatch) -> None:
    for flags, kinds in (("avx512_bf16", ["float32", "bfloat16"]), ("avx2", ["float32"])):
        monkeypatch.setattr(arithmetic, "processors", lambda flags=flags: f"flags: {flags}\n")
        found = pretrain.ways(Path("work"), Path("other/python"))
        assert list(dict.fromkeys(way.job["arithmetic"] for way in found)) == kinds
        assert [way.name for way in found] == ["", "eager", "compiled"] * len(kinds)
        assert found[1].command[:2] == ["other/python", "-I"] and len(pretrain.ways(Path("work"), None)) == len(kinds)


@pytest.mark.parametrize(
    ("python", "must"),
    [
        ("none/python", "--tools must be the Python of an environment with PyTorch; found no none/python"),
        (sys.executable, f"--tools must be a Python that has torch and transformers; found {sys.executable} with "),
    ],
)
def test_a_python_without_pytorch_is_one_line(python: str, must: str) -> None:
    done = CliRunner().invoke(pretrain.command, [*TINY, "--tools", python])
    assert isinstance(done.exception, InputError)
    assert (
        "--tools must be " in str(done.exception) and "PyTorch" in str(done.exception) and python in str(done.exception)
    )


def bench(output: Path, *more: str) -> tuple[dict[str, Any], str]:
    done = CliRunner().invoke(pretrain.command, [*TINY, "--times", "2", "--output", str(output), *more])
    assert done.exit_code == 0, done.output
    return json.loads((output / "results.json").read_text("utf-8")), (output / "table.md").read_text("utf-8")


@pytest.mark.slow
def test_our_step_is_timed_alone_and_says_how_to_get_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "processors", lambda: "flags: avx2\n")
    monkeypatch.setattr(tools, "PYTHON", tmp_path / "none")
    found, table = bench(tmp_path)
    [row] = found["rows"]
    assert row["arithmetic"] == "float32" and min(*row["steps"], *row["products"]) > 0
    first, _, last = row["losses"]
    assert abs(first - np.log(300)) < 0.2 and last < first
    assert "| `sentiment pretrain, TensorFlow" in table and this_processor().told() in table
    assert "PyTorch was not measured: `make bench-tools`" in table and (tmp_path / "plot.svg").is_file()


@pytest.mark.slow
@pytest.mark.skipif(not TORCH, reason="TORCH_PYTHON names no Python with PyTorch")
def test_pytorch_does_the_same_work(tmp_path: Path) -> None:
    found, _ = bench(tmp_path, "--tools", str(TORCH))
    names = [row["name"].partition(" ")[0] for row in found["rows"]]
    assert names.count("PyTorch") >= names.count("sentiment") >= 1
    assert found["notes"] == [], "losses are the same, and nothing failed"
