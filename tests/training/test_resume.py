"""A killed training goes on after its last finished epoch, and ends where one ends that was left in peace."""

from __future__ import annotations

import json
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from support.results import in_json

from sentiment.labels import Labels
from sentiment.model.curves import Curves
from sentiment.training import train as training
from sentiment.training.hyperparameters import Hyperparameters, choose
from sentiment.training.resume import Unfinished
from sentiment.training.training_files import Files

train = in_json(training.train)

OPTIONS = {
    "num_epochs": 5,
    "batch_size": 8,
    "max_seq_length": 16,
    "learning_rate": 0.01,
    "early_stopping": 4,
    "class_weights": "balanced",
    "validation_share": 0.3,
}
# Runs `sentiment`, killed as kill -9 does before the given step of the whole training.
KILLED = """
import os, signal, sys
from sentiment.model import encoder
from sentiment.training import fit
encoder.SCRATCH["scratch/toy"] = (1, 16, 2)
whole = fit.Fitting.take_step
def counting(self, inputs, labels, done, *soft):
    if done == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, inputs, labels, done, *soft)
fit.Fitting.take_step = counting
from sentiment.cli import run
sys.exit(run(sys.argv[2:]))
"""


def settings(**given: Any) -> Hyperparameters:
    return choose("custom", "scratch/toy", **{**OPTIONS, **given})


@contextmanager
def interrupted_at(step: int) -> Iterator[None]:
    """As Ctrl-C before that step of the whole training."""
    from sentiment.training import fit

    whole = fit.Fitting.take_step

    def counting(self: Any, inputs: Any, labels: Any, done: int, *soft: Any) -> Any:
        if done == step:
            raise KeyboardInterrupt
        return whole(self, inputs, labels, done, *soft)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fit.Fitting, "take_step", counting)
        yield


def weights(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays by name, without the number that Keras gives each model of a process."""
    found: dict[str, NDArray[Any]] = {}
    with h5py.File(folder / "weights.h5") as file:
        file.visititems(
            lambda name, item: found.update(
                {re.sub(r"_model(_\d+)?(?=/)", "", name): item[()]} if isinstance(item, h5py.Dataset) else {}
            )
        )
    return found


def require_equal(one: Path, other: Path) -> None:
    first, second = weights(one), weights(other)
    assert set(first) == set(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


@pytest.fixture(scope="module")
def whole(toy_files: Files, toy_encoder: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of the same training without an interruption."""
    return train(replace(toy_files, output=tmp_path_factory.mktemp("whole") / "model"), settings(), Labels())


CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_weights(
    toy_files: Files, tmp_path: Path, whole: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "model"
    arguments = ["train", "--train", str(toy_files.train), "--test", str(toy_files.test), "--output", str(output)]
    options = {**OPTIONS, "model_name": "scratch/toy"}
    arguments += [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    # Three steps an epoch: the ninth is the last of epoch 3.
    command = [sys.executable, "-c", KILLED, "8", *arguments]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert "train: epoch 2/5: loss" in killed.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".model.unfinished"]
    assert (tmp_path / ".model.unfinished" / "epoch-2").is_dir()

    result = train(replace(toy_files, output=output), settings(), Labels())
    assert "train: resuming the interrupted training after epoch 2 of 5" in capsys.readouterr().err
    assert (result["resumed_from_epoch"], whole["resumed_from_epoch"]) == (2, None)
    for curve in (*CURVES, "kept_epoch", "epochs", "test"):
        assert result[curve] == whole[curve], curve
    require_equal(output, Path(whole["model"]))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.slow
def test_the_best_weights_survive_an_interruption(toy_files: Files, tmp_path: Path) -> None:
    """The best epoch lies before the interruption, and the last one does not become it."""
    hasty = settings(num_epochs=8, learning_rate=0.3, early_stopping=2)
    alone, files = replace(toy_files, output=tmp_path / "alone"), replace(toy_files, output=tmp_path / "model")
    wanted = train(alone, hasty, Labels())
    assert wanted["stopped_early"]
    assert wanted["kept_epoch"] == wanted["epochs"] - 2
    last = wanted["epochs"] - 1
    with interrupted_at(3 * last + 1):
        train(files, hasty, Labels())
    kept = {path.name for path in (tmp_path / ".model.unfinished").iterdir()}
    assert kept == {f"epoch-{wanted['kept_epoch']}", f"epoch-{last}"}
    result = train(files, hasty, Labels())
    assert (result["kept_epoch"], result["stopped_early"]) == (wanted["kept_epoch"], True)
    assert result["resumed_from_epoch"] == last
    require_equal(files.output, alone.output)


def test_a_training_that_only_has_to_be_saved_is_not_trained_again(toy_files: Files, tmp_path: Path) -> None:
    from sentiment.training import training

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    files = replace(toy_files, output=tmp_path / "model")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "save", killed)
        train(files, settings(num_epochs=2), Labels())
    result = train(files, settings(num_epochs=2), Labels())
    assert result["resumed_from_epoch"] == result["epochs"] == 2


INPUTS = {"rows": 3, "hyperparameters": {"learning_rate": 2e-5, "labels": ("一", "二")}}


def state_of(size: int) -> Any:
    from sentiment.tensorflow_setup import tf

    return tf.train.Checkpoint(weight=tf.Variable(tf.random.uniform([size])))


@pytest.fixture
def kept(tmp_path: Path) -> Unfinished:
    """Two epochs that were kept, the second worse than the first."""
    unfinished = Unfinished(tmp_path / "model", INPUTS)
    for epochs in (1, 2):
        losses = [0.5, 0.6][:epochs]
        unfinished.keep(state_of(1000), Curves(losses, losses, losses, losses))
    return unfinished


def test_the_last_and_the_best_epoch_are_kept(kept: Unfinished, tmp_path: Path) -> None:
    found = kept.find()
    assert found is not None
    assert found.val_loss == [0.5, 0.6]
    first, second = state_of(1000), state_of(1000)
    kept.restore(first, 1)
    kept.restore(second, 2)
    assert (first.weight.numpy() != second.weight.numpy()).any()
    kept.keep(second, Curves([0.5, 0.6, 0.4], [0] * 3, [0.5, 0.6, 0.4], [0] * 3))
    assert [path.name for path in (tmp_path / ".model.unfinished").iterdir()] == ["epoch-3"]


def test_ten_epochs_come_after_nine(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path / "model", INPUTS)
    for epochs in (9, 10):
        losses = [0.5, *[0.9] * 8, 0.6][:epochs]
        unfinished.keep(state_of(1), Curves(losses, losses, [0.1, *losses[1:]], losses))
        (tmp_path / ".model.unfinished" / "epoch-1").mkdir(exist_ok=True)
    assert sorted(path.name for path in (tmp_path / ".model.unfinished").iterdir()) == ["epoch-1", "epoch-10"]


def test_other_inputs_start_anew(kept: Unfinished, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Unfinished(tmp_path / "model", {**INPUTS, "rows": 4}).find() is None
    told = capsys.readouterr().err
    assert "has other inputs; it is discarded, and training starts over" in told
    assert len(told.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    assert kept.find() is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "no index"])
def test_a_damaged_state_starts_anew(
    kept: Unfinished, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str, epoch: int
) -> None:
    folder = tmp_path / ".model.unfinished" / f"epoch-{epoch}"
    data = folder / "state.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    if damage == "cut":
        data.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[2000] ^= 1
        data.write_bytes(content)
    elif damage == "gone":
        data.unlink()
    else:
        (folder / "state.index").unlink()
    require_discarded(kept, tmp_path, capsys)


@pytest.mark.parametrize("text", ["{", "[3]", "{}", '{"inputs": {}, "curves": {"lost": []}}'])
def test_curves_that_cannot_be_read_start_anew(
    kept: Unfinished, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / ".model.unfinished" / "epoch-2" / "training.json").write_text(text, encoding="utf-8")
    require_discarded(kept, tmp_path, capsys)


@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize(("was", "now"), [("0.5", "0.7"), ('"rows": 3', '"rows": 3.0'), ('"sha256"', '"sha257"')])
def test_a_figure_with_another_digit_starts_anew(
    kept: Unfinished, tmp_path: Path, capsys: pytest.CaptureFixture[str], epoch: int, was: str, now: str
) -> None:
    """As it was, another loss led to the weights of another epoch, without a word."""
    beside = tmp_path / ".model.unfinished" / f"epoch-{epoch}" / "training.json"
    text = beside.read_text(encoding="utf-8")
    assert was in text
    beside.write_text(text.replace(was, now, 1), encoding="utf-8")
    require_discarded(kept, tmp_path, capsys)


def test_a_description_of_another_state_starts_anew(
    kept: Unfinished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (tmp_path / ".model.unfinished" / f"epoch-{number}" for number in (1, 2))
    for file in first.glob("state.*"):
        shutil.copy(file, second)
    require_discarded(kept, tmp_path, capsys)


def test_what_an_earlier_version_kept_goes_on(kept: Unfinished, tmp_path: Path) -> None:
    """It had no sum."""
    for beside in tmp_path.glob(".model.unfinished/epoch-*/training.json"):
        description = json.loads(beside.read_text(encoding="utf-8"))
        assert description.pop("sha256")
        beside.write_text(json.dumps(description), encoding="utf-8")
    found = kept.find()
    assert found is not None and found.epochs == 2


def require_discarded(kept: Unfinished, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kept.find() is None
    told = capsys.readouterr().err
    assert "cannot be read (" in told
    assert len(told.splitlines()) == 1
    assert list(folder.iterdir()) == []


def test_what_was_killed_while_it_was_kept_is_no_state(kept: Unfinished, tmp_path: Path) -> None:
    half = tmp_path / ".model.unfinished" / ".epoch-3.999999.tmp"
    half.mkdir()
    found = kept.find()
    assert found is not None
    assert found.epochs == 2
    kept.keep(state_of(10), Curves([0.5] * 3, [0.5] * 3))
    assert not half.exists()


def test_one_epoch_alone_keeps_nothing(toy_files: Files, tmp_path: Path) -> None:
    with interrupted_at(2):
        train(replace(toy_files, output=tmp_path / "model"), settings(num_epochs=1), Labels())
    assert list(tmp_path.iterdir()) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Every file that grows longer fails to be written, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_state_that_cannot_be_written_is_said_and_does_not_stop_a_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sentiment.tensorflow_setup import tf

    unfinished = Unfinished(tmp_path / "model", {"rows": 3})
    small, large = (tf.train.Checkpoint(weight=tf.Variable(tf.zeros([size]))) for size in (10, 100_000))
    unfinished.keep(small, Curves([0.9], [0.5]))
    with files_of_at_most(65536):
        unfinished.keep(large, Curves([0.9, 0.8], [0.5, 0.6]))
    told = capsys.readouterr().err
    assert told.startswith(f"train: epoch 2 cannot be kept in {tmp_path / '.model.unfinished'} (")
    assert len(told.splitlines()) == 1
    found = unfinished.find()
    assert found == Curves([0.9], [0.5])
    assert [path.name for path in (tmp_path / ".model.unfinished").iterdir()] == ["epoch-1"]


@pytest.mark.slow
def test_a_compiled_training_is_repeated_and_resumed_exactly(
    toy_files: Files, toy_encoder: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sentiment.model import compiling

    with pytest.MonkeyPatch.context() as patch:
        for prices in (compiling.TRAINING, compiling.ANSWERING):
            patch.setitem(prices, "float32", compiling.Prices(shape=1.0, saved=1e6))
        folders = [tmp_path / name for name in ("whole", "again", "resumed")]
        results = [train(replace(toy_files, output=each), settings(num_epochs=3), Labels()) for each in folders[:2]]
        assert "shapes of batches are compiled, to multiply in float32" in capsys.readouterr().err
        with interrupted_at(7):  # three steps an epoch
            train(replace(toy_files, output=folders[2]), settings(num_epochs=3), Labels())
        results.append(train(replace(toy_files, output=folders[2]), settings(num_epochs=3), Labels()))
    assert results[2]["resumed_from_epoch"] == 2
    for result, folder in zip(results[1:], folders[1:], strict=True):
        assert [result[curve] for curve in CURVES] == [results[0][curve] for curve in CURVES]
        require_equal(folders[0], folder)
