"""What a start is worth: the table, the picture, and a bench that goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sentiment.bench import encoders
from sentiment.bench.encoders import Worth, draw, table_of
from sentiment.data.tsv import Post, write_posts
from sentiment.experiments import child, results
from sentiment.options.training import SCRATCH_DEFAULTS

GOOD = Worth("made/enc", 1.25, 30_000_000, 12.3, 2e-4, 4, [0.9, 0.92], 61.0, [])
SCRATCH = Worth("scratch/tiny", 0.0, 0, None, 1e-3, 8, [0.8, 0.84], 20.0, [])
FAILED = Worth("gone", 0.0, 0, None, 2e-5, 3, [], 0.0, ["found no gone"])


def test_the_best_is_marked_and_every_start_stands_beside_the_linear_line() -> None:
    table = table_of([SCRATCH, GOOD, FAILED], 0.85, ["a note"])
    assert table.best == 1
    assert table.rows[0] == ["scratch/tiny", "", "", "", "1e-3", "8", "0.8200", "0.0283", "-3.0 points", "20.0"]
    assert table.rows[1][:4] == ["enc", "1.25", "30.0M", "12.3"] and table.rows[1][8] == "+6.0 points"
    assert table.rows[2][6] == "failed" and table.notes == ["a note", "gone: found no gone"]


def test_the_picture_has_hours_accuracy_and_the_line() -> None:
    [axes] = results.drawn(draw([GOOD, SCRATCH, FAILED], 0.85)).axes
    said = [text.get_text().strip() for text in axes.texts]
    assert said == ["tiny", "enc"] and axes.get_xlabel() == "hours of pretraining"
    assert any(np.ravel(line.get_ydata()).tolist() == [0.85, 0.85] for line in axes.lines)


def test_each_start_is_trained_as_train_would_and_never_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [Post(f"{'很好吃' if number % 2 else '很難吃'}第{number}家", number % 2) for number in range(40)]
    for name in ("train.tsv", "test.tsv"):
        write_posts(tmp_path / "data" / name, posts)
    asked: list[list[str]] = []

    def trained(module: str, arguments: list[str], result: Path) -> dict[str, object]:
        asked.append(arguments)
        return {"test": {"accuracy": 0.75, "loss": 1.0}, "seconds": 2.0}

    monkeypatch.setattr(child, "result_of", trained)
    arguments = ["--starts", "scratch/tiny", "--seeds", "1,2", "--data", str(tmp_path / "data")]
    for _ in range(2):
        done = CliRunner().invoke(encoders.command, [*arguments, "--output", str(tmp_path / "out")])
        assert done.exit_code == 0, done.output
    result = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert len(asked) == 2 and {"--num-epochs", str(SCRATCH_DEFAULTS["num_epochs"])} <= set(asked[0])
    [row] = result["rows"]
    assert (row["start"], row["accuracy"]) == ("scratch/tiny", [0.75, 0.75]) and result["linear"] == 1.0
    assert (tmp_path / "out" / "plot.svg").is_file() and "0.7500" in (tmp_path / "out" / "table.md").read_text("utf-8")
