"""`bench train` and `bench predict` from end to end, in a tiny form: who was compared, never how fast they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.bench.speed import tools
from sentiment.bench.speed.machine import this_processor

TINY = ("--shape", "1x16", "--pieces", "10", "--rows", "18", "--epochs", "1", "--max-seq-length", "16")
ALONE = ["ours", "the older tool's recipe"]
needs_tools = pytest.mark.skipif(
    not tools.PYTHON.is_file(), reason="PyTorch is not here: `make bench-tools` installs it"
)


def kept(folder: Path) -> tuple[dict[str, Any], str]:
    return (
        json.loads((folder / "results.json").read_text(encoding="utf-8")),
        (folder / "table.md").read_text(encoding="utf-8"),
    )


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "PYTHON", tmp_path / "nowhere")


@pytest.mark.slow
@pytest.mark.usefixtures("no_tools")
def test_without_the_other_tools_ours_stands_beside_the_older_recipe(
    run: Callable[..., int], data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    assert run("train", *TINY, "--data", data, "--repetitions", "2", "--output", output) == 0
    result, table = kept(output)
    assert [row["name"] for row in result["rows"]] == ALONE
    ours, older = result["rows"]
    assert ours["ratio"] is None and older["ratio"]["low"] <= older["ratio"]["median"] <= older["ratio"]["high"]
    for row in result["rows"]:
        assert 0 <= row["accuracy"]["low"] <= row["accuracy"]["high"] <= 1
        assert row["rate"]["median"] > 0 and row["processor"] > 0 and row["peak_bytes"] > 100_000_000
        assert 0 < row["share"] < 1
    assert "`make bench-tools` installs PyTorch" in table and "natively" in table and "operations a second" in table
    assert (output / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert not (output / "work").exists()

    assert run("predict", "--model", output / "model", "--data", data, "--output", tmp_path / "answers") == 0
    result, _ = kept(tmp_path / "answers")
    assert [row["name"] for row in result["rows"]] == ["ours", "ours, an export in 8 bits"][: 1 + this_processor().int8]


@pytest.mark.slow
@needs_tools
def test_the_others_train_and_answer_with_the_same_weights(run: Callable[..., int], data: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert run("train", *TINY, "--data", data, "--repetitions", "1", "--output", output) == 0
    result, _ = kept(output)
    assert [row["name"] for row in result["rows"]][:3] == [*ALONE, "Trainer, PyTorch"]
    assert [note for note in result["notes"] if "failed" in note] == []
    given = ["--data", data, "--repetitions", "1", "--output", tmp_path / "answers"]
    assert run("predict", "--model", output / "model", *given) == 0
    result, _ = kept(tmp_path / "answers")
    assert [note for note in result["notes"] if "failed" in note] == []
    rows = {row["name"]: row for row in result["rows"]}
    assert {"ours", "PyTorch, sorted by length", "ONNX Runtime", "ONNX Runtime, int8", "OpenVINO"} <= set(rows)
    assert rows["PyTorch, sorted by length"]["changed"] == rows["ONNX Runtime"]["changed"] == 0


@pytest.mark.usefixtures("no_tools")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict"], "there must be a model to answer with"),
        (["predict", "--tools", "nowhere"], "--tools must be the Python of an environment with PyTorch"),
        (["train", "--shape", "4by312"], "must be LAYERSxWIDTH"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_made(
    run: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    assert run(*arguments, "--output", tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
