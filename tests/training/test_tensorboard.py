from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.results import in_json

from sentiment import cli
from sentiment.labels import Labels
from sentiment.training import train as training
from sentiment.training.hyperparameters import choose
from sentiment.training.training_files import Files

train = in_json(training.train)


def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Returns (epoch, figure) by tag, as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    told: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(folder.iterdir()):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                told.setdefault(value.tag, []).append((event.step, float(make_ndarray(value.tensor))))
    return told


def test_every_curve_is_written_by_epoch(toy_files: Files, tmp_path: Path) -> None:
    settings = choose("custom", "scratch/toy", num_epochs=3, batch_size=8, max_seq_length=16, learning_rate=0.01)
    files = replace(toy_files, output=tmp_path / "model")
    result = train(files, settings, Labels(), tensorboard=tmp_path / "a" / "board")
    told = read(tmp_path / "a" / "board")
    curves = ("loss", "accuracy", "val_loss", "val_accuracy")
    assert set(told) == {*curves, "learning_rate", "rows_per_second"}
    for name in curves:
        assert [epoch for epoch, _ in told[name]] == [1, 2, 3]
        assert [figure for _, figure in told[name]] == pytest.approx(result[name], rel=1e-6)
    rates = [rate for _, rate in told["learning_rate"]]
    assert rates == sorted(rates, reverse=True)
    assert all(rate > 0 for _, rate in told["rows_per_second"])
    # It does not decide what is learned: with another folder it is the same training.
    assert train(files, settings, Labels(), tensorboard=tmp_path / "elsewhere") == result
    assert not (tmp_path / "elsewhere").exists()


def test_it_must_not_go_into_the_model_folder(
    toy_files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["train", "--train", str(toy_files.train), "--output", str(tmp_path / "model")]
    assert cli.run([*given, "--tensorboard", str(tmp_path / "model" / "logs")]) == 2
    assert "--tensorboard must be outside --output" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_refused_before_training(
    toy_files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    given = ["train", "--train", str(toy_files.train), "--output", str(tmp_path / "model")]
    assert cli.run([*given, "--tensorboard", str(tmp_path / "file" / "board")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("sentiment: --tensorboard must name a writable folder")
    assert len(error.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
