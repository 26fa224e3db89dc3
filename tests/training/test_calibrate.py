"""A training ends with the temperature that its held-out rows give."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.results import whole

from sentiment import cli
from sentiment.data.tsv import Post, write_posts
from sentiment.digests import sha256_of
from sentiment.labels import Labels
from sentiment.model.folder import read_card
from sentiment.model.split import hold_out
from sentiment.model.temperature import FEWEST_ROWS
from sentiment.results.deliveries import Prepare
from sentiment.results.training import Training
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings
from sentiment.training.hyperparameters import Hyperparameters, choose
from sentiment.training.train import train
from sentiment.training.training_files import Files, files_of_run, learned_before

WORDS = ("好吃", "難吃", "普通")
WRONG = 0.3  # of the labels


def noisy(count: int, seed: int) -> list[Post]:
    """Posts of one telling word among others; a model that learns them by heart is surer than it should be."""
    draw = np.random.default_rng(seed)
    posts = []
    for row in range(count):
        label = row % 3
        text = WORDS[label] + "".join(map(chr, draw.integers(0x4E00, 0x4E00 + 300, 4)))
        posts.append(Post(text, int(draw.integers(3)) if draw.random() < WRONG else label))
    return posts


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("noisy")
    write_posts(folder / "train.tsv", noisy(400, 4))
    write_posts(folder / "test.tsv", noisy(300, 2))
    return Files(folder / "train.tsv", folder / "test.tsv", folder / "model")


@pytest.fixture(scope="module")
def settings() -> Hyperparameters:
    options: dict[str, Any] = {
        "num_epochs": 8,
        "batch_size": 16,
        "max_seq_length": 16,
        "learning_rate": 0.02,
        "validation_share": 0.5,
    }
    return choose("custom", "scratch/toy", masked_share=0.0, dropout_rate=0.0, **options)


@pytest.fixture(scope="module")
def result(files: Files, settings: Hyperparameters) -> Training:
    return train(files, settings, Labels())


def report_of(model: Path, name: str = "report.json") -> Any:
    return json.loads((model / name).read_text(encoding="utf-8"))


def test_the_temperature_is_fitted_kept_and_reported(result: Training, files: Files) -> None:
    scaling = result.scaling
    assert scaling
    assert scaling.rows == 199 >= FEWEST_ROWS
    assert scaling.temperature > 1.2
    assert read_card(files.output).temperature == scaling.temperature
    report = report_of(files.output)
    analysis = report["analysis"]
    before = analysis["uncalibrated"]
    assert report["result"]["scaling"]["temperature"] == before["temperature"] == scaling.temperature
    assert analysis["calibration"]["expected_calibration_error"] < before["expected_calibration_error"]
    assert analysis["metrics"]["loss"] < before["loss"]
    told = f"divided by a temperature of {scaling.temperature:.2f}, which was fitted on 199 held-out posts. On the test"
    for name in ("summary.txt", "report.html"):
        assert told in (files.output / name).read_text(encoding="utf-8")


def test_the_same_training_gives_the_same_temperature(
    result: Training, files: Files, settings: Hyperparameters
) -> None:
    assert train(files, settings, Labels()) == result
    again = train(replace(files, output=files.output.with_name("again")), settings, Labels())
    assert again.scaling == result.scaling
    assert again.test == result.test


@pytest.mark.slow
def test_an_interrupted_training_ends_with_the_same_temperature(
    result: Training, files: Files, settings: Hyperparameters
) -> None:
    from sentiment.training import fit

    whole, resumed = fit.Fitting.take_step, replace(files, output=files.output.with_name("resumed"))

    def stopped(self: Any, inputs: Any, labels: Any, done: int, *soft: Any) -> Any:
        if done == 40:
            raise KeyboardInterrupt
        return whole(self, inputs, labels, done, *soft)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fit.Fitting, "take_step", stopped)
        train(resumed, settings, Labels())
    found = train(resumed, settings, Labels())
    assert found.resumed_from_epoch
    assert found.scaling == result.scaling


def test_a_test_says_what_the_temperature_did(result: Training, files: Files, tmp_path: Path) -> None:
    assert files.test
    arguments = ["--model", str(files.output), "--data", str(files.test), "--output", str(tmp_path)]
    assert cli.run(["test", *arguments]) == 0
    trained, tested = report_of(files.output)["analysis"], report_of(tmp_path, "test_report.json")["analysis"]
    assert tested["uncalibrated"]["temperature"] == trained["uncalibrated"]["temperature"]
    assert tested["metrics"]["confusion"] == trained["metrics"]["confusion"]
    assert tested["uncalibrated"]["loss"] == pytest.approx(trained["uncalibrated"]["loss"], abs=1e-4)
    assert tested["metrics"]["loss"] == pytest.approx(trained["metrics"]["loss"], abs=1e-4)
    for name in ("test_report.txt", "test_report.html"):
        assert "with it and" in (tmp_path / name).read_text(encoding="utf-8")


def test_without_held_out_rows_the_temperature_stays_1_and_says_so(
    files: Files, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    short = choose("custom", "scratch/toy", num_epochs=1, max_seq_length=16, validation_share=0.0)
    found = train(replace(files, output=tmp_path / "model"), short, Labels())
    assert found.scaling
    assert (found.scaling.temperature, found.scaling.rows) == (1.0, 0)
    assert (
        "the temperature stayed 1: no posts that the model never learned were held out, and 50 are needed."
        in capfd.readouterr().err
    )
    assert "uncalibrated" not in report_of(tmp_path / "model")["analysis"]
    assert "The temperature stayed 1" in (tmp_path / "model" / "report.html").read_text(encoding="utf-8")


def test_a_warm_start_on_few_rows_keeps_the_temperature_of_the_model_before(
    result: Training, files: Files, tmp_path: Path
) -> None:
    write_posts(tmp_path / "few.tsv", noisy(30, 5))
    warm = Files(tmp_path / "few.tsv", files.test, tmp_path / "model", files.output)
    found = train(warm, choose("custom", "scratch/toy", warm=True, num_epochs=1, max_seq_length=16), Labels())
    assert found.scaling
    assert result.scaling
    assert found.scaling.temperature == read_card(warm.output).temperature == result.scaling.temperature
    assert found.scaling.why == "only 2 posts that the model never learned were held out, and 50 are needed"
    assert report_of(warm.output)["analysis"]["uncalibrated"]["temperature"] == result.scaling.temperature


@pytest.mark.slow
def test_a_warm_start_fits_its_temperature_on_rows_that_the_model_before_never_learned(
    files: Files, result: Training, tmp_path: Path
) -> None:
    old, new = noisy(400, 4)[:200], noisy(120, 7)
    write_posts(tmp_path / "train.tsv", [*old, *new])
    write_posts(tmp_path / "batch.tsv", new)
    warm = Files(tmp_path / "train.tsv", None, tmp_path / "model", files.output, new=tmp_path / "batch.tsv")
    settings = choose(
        "custom", "scratch/toy", warm=True, num_epochs=1, max_seq_length=16, learning_rate=0.001, validation_share=0.5
    )
    found = train(warm, settings, Labels())
    held_out = hold_out([post.label for post in (*old, *new)], 0.5, settings.seed)[1]
    assert found.scaling
    assert found.scaling.rows == len([row for row in held_out if row >= 200]) > 50
    every = train(replace(warm, output=tmp_path / "every", new=None), settings, Labels())
    assert every.scaling
    assert every.scaling.rows == len(held_out)
    assert found.scaling.temperature > every.scaling.temperature  # the old rows are answered too well
    assert [row for row in range(320) if row not in learned_before(warm, [*old, *new], Labels())] == [*range(200, 320)]


def test_a_run_s_new_rows_are_those_of_its_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    run = RunFolder.named(read_settings(), "night")
    write_posts(run.train, noisy(30, 1))
    given = {"new": {"per_label": [1, 1, 1], "rows": 3}, "mix": None, "train_rows": 30, "excluded_leaks": 0}
    prepared = whole(Prepare, {**given, "warm_from": None, "deliveries": [1], "fingerprint": sha256_of(run.train)})
    run.write(prepared)
    assert files_of_run(run).new is None
    write_posts(run.batch, noisy(3, 1))
    assert files_of_run(run).new == run.batch
