"""A small sweep, killed and started again; and what is refused before it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.experiments import child, rows, untrained
from sentiment.experiments import outcome as sweep_plot
from sentiment.experiments.sweep import Outcome, Setup, Training, grouped
from sentiment.labels import Labels
from sentiment.training.hyperparameters import choose

SHORT = ["--models", "scratch/tiny", "--num-epochs", "1", "--max-seq-length", "16", "--batch-size", "8"]
COMMAND = "import sys; from sentiment.bench.bench import command; command(sys.argv[1:])"
SETUP = Setup("custom", num_epochs=1, batch_size=8, max_seq_length=16, validation_share=0.1)


def sweep_of(data: Path, output: Path, rates: str) -> list[str]:
    return ["lr", *SHORT, "--data", str(data), "--output", str(output), "--learning-rates", rates]


def finished(output: Path) -> list[Path]:
    return sorted((output / "rows").glob("*.json"))


def processes_of(output: Path) -> list[int]:
    """Returns the processes that have the folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(output).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.mark.slow
def test_a_killed_sweep_goes_on_where_it_was(
    run: Callable[..., int], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "lr"
    sweep = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *sweep_of(data, output, "1e-3,2e-3")], stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 240
    while not finished(output) and sweep.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    assert sweep.poll() is None
    os.kill(sweep.pid, signal.SIGKILL)
    sweep.wait()
    while processes_of(output) and time.monotonic() < end:
        time.sleep(0.1)
    assert processes_of(output) == []
    (row,) = finished(output)
    assert not (output / "results.json").exists()
    before = row.stat().st_mtime_ns

    assert run(*sweep_of(data, output, "1e-3,2e-3"), "--models", "scratch/tiny,scratch/huge") == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out.splitlines()[-1])
    assert row.stat().st_mtime_ns == before
    assert "bench lr: 1 of 4 rows are already finished" in printed.err
    assert [(group["model"], group["learning_rate"], group["trained"]) for group in result["rows"]] == [
        *(("scratch/tiny", 1e-3, 1), ("scratch/tiny", 2e-3, 1), ("scratch/huge", 1e-3, 0), ("scratch/huge", 2e-3, 0))
    ]
    assert result["failed"] == 2
    assert "from-scratch encoder must be one of" in result["rows"][2]["why"][0]
    assert result["best"]["model"] == "scratch/tiny"
    assert len(finished(output)) == 2
    assert (output / "plot.svg").read_text(encoding="utf-8").count("<svg") == 1
    assert (output / "table.md").read_text(encoding="utf-8").count("| failed |") == 2
    assert "  scratch/huge" in printed.err
    trained = result["trainings"][0]["result"]
    assert trained["test_seconds"] > 0
    assert not (output / "work" / row.stem).exists()


def test_a_row_with_another_digit_is_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That of an earlier version, which has no sum, is not."""
    trained: list[str] = []

    def result_of(module: str, *_: object) -> dict[str, Any]:
        trained.append(module)
        return {"loss": [0.5]}

    monkeypatch.setattr(child, "result_of", result_of)
    of_toys = rows.Rows(tmp_path, tmp_path, SETUP, {"train": "those rows"})
    training = Training("scratch/toy", 0.001, 1)
    for _ in range(2):
        assert of_toys.train(training).result == {"loss": [0.5]}
    assert len(trained) == 1
    (row,) = finished(tmp_path)
    row.write_text(row.read_text(encoding="utf-8").replace("0.5", "0.6"), encoding="utf-8")
    assert of_toys.train(training).result == {"loss": [0.5]}
    assert len(trained) == 2
    assert "(it is not what was written, by its sha256); that training counts as not" in capsys.readouterr().err
    written = json.loads(row.read_text(encoding="utf-8"))
    del written["sha256"]
    row.write_text(json.dumps(written), encoding="utf-8")
    assert of_toys.train(training).result == {"loss": [0.5]}
    assert len(trained) == 2


def test_an_untrained_model_is_scored_as_it_starts(data: Path) -> None:
    settings = choose("custom", "scratch/tiny", max_seq_length=16, validation_share=0.1)
    result = untrained.score(data / "train.tsv", data / "test.tsv", settings, Labels())
    (group,) = grouped([Outcome(Training("scratch/tiny", None, 13), result)])
    assert group.mean["train_loss"] == pytest.approx(1.1, abs=0.8)
    assert all(group.mean[name] is not None for name in ("val_acc", "test_acc", "train_times", "predict_times"))
    assert result["parameters"] > 1_000_000


def test_the_plot_has_a_line_a_model_and_bars_for_seeds(tmp_path: Path) -> None:
    from sentiment.experiments import results

    def outcome(model: str, rate: float | None, seed: int, accuracy: float) -> Outcome:
        return Outcome(Training(model, rate, seed), {"test": {"accuracy": accuracy, "loss": 1.0}})

    outcomes = [
        outcome("a", None, 1, 0.3),
        *(outcome("a", rate, seed, 0.5 + rate + seed / 50) for rate in (1e-3, 1e-4) for seed in (1, 2)),
        outcome("b", 1e-3, 1, 0.6),
        Outcome(Training("c", 1e-3, 1), why="failed"),
    ]
    figure = results.drawn(sweep_plot.draw(grouped(outcomes)))
    (axes,) = figure.axes
    labels = axes.get_legend_handles_labels()[1]
    assert sorted(labels) == ["a", "a, not trained", "b"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1e-4", "1e-3"]
    figure.savefig(tmp_path / "plot.png")


def test_a_plot_of_nothing_is_drawn_too(tmp_path: Path) -> None:
    from sentiment.experiments import results

    figure = results.drawn(sweep_plot.draw(grouped([Outcome(Training("c", 1e-3, 1), why="failed")])))
    figure.savefig(tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--learning-rates", "7"], "--learning-rate must be between 1e-08 and 1; found 7"),
        (["--learning-rates", "fast"], "'fast' must be numbers separated by commas"),
        (["--seeds", "1,-1"], "--seed must be between"),
        (["--models", " , "], "--models must name at least one model"),
        (["--model-type", "gpt"], "the model type must be one of"),
        (["--num-epochs", "0"], "--num-epochs must be between"),
        (["--max-seq-length", "4096"], "--max-seq-length must be between"),
        (["--data", "nowhere"], "No such file: nowhere/train.tsv."),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_made(
    run: Callable[..., int],
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    output = tmp_path / "lr"
    assert run(*sweep_of(data, output, "1e-3"), *options) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not output.exists()


def test_results_go_to_a_folder(
    run: Callable[..., int], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    assert run(*sweep_of(data, tmp_path / "file", "1e-3")) == 2
    assert "--output must be a folder" in capsys.readouterr().err


def test_an_exchanged_local_model_is_another_one(tmp_path: Path) -> None:
    assert rows.local_files("scratch/tiny") == []
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    first: Any = rows.local_files(str(tmp_path))
    (tmp_path / "config.json").write_text('{"a": 1}', encoding="utf-8")
    assert first[0][0] == "config.json"
    assert rows.local_files(str(tmp_path)) != first
