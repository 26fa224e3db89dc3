"""What stands at the output of a training: a model is replaced only on request, and nothing else ever is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentiment import cli
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.training.training_files import Files

from .test_train import TOY, quick, train


def test_something_else_at_the_output_is_not_deleted(toy_files: Files, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="the output must be a new folder or a model folder"):
        train(replace(toy_files, output=tmp_path), quick(), Labels())
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("replaces", [True, False])
@pytest.mark.parametrize("is_model", [True, False])
def test_what_came_to_the_output_meanwhile_stays_and_so_does_the_new_model(
    toy_files: Files, toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaces: bool, is_model: bool
) -> None:
    """As it was, the command that ended later deleted the other's model, or anything else, without a word."""
    from sentiment.training import training as shell

    files, theirs = (
        replace(toy_files, output=tmp_path / "model"),
        tmp_path / "model" / ("model.json" if is_model else "x"),
    )
    fit_and_test = shell.fit_and_test

    def meanwhile(*given: Any) -> Any:
        theirs.parent.mkdir()
        theirs.write_bytes((toy_model / "model.json").read_bytes())
        return fit_and_test(*given)

    with monkeypatch.context() as patch:
        patch.setattr(shell, "fit_and_test", meanwhile)
        if replaces and is_model:
            train(files, quick(), Labels(), replaces=True)
            assert (files.output / "weights.h5").is_file()
            return
        with pytest.raises(InputError, match=r"which came there meanwhile\. Nothing is lost") as refused:
            train(files, quick(), Labels(), replaces=replaces)
    assert [path.name for path in files.output.iterdir()] == [theirs.name]
    [kept] = tmp_path.glob("model.*")
    assert f"the model that was trained is {kept}." in str(refused.value)
    monkeypatch.setattr(shell, "fit_and_test", None)
    assert train(replace(files, output=kept), quick(), Labels(), replaces=False)["model"] == str(kept)


def test_a_model_of_the_same_inputs_that_came_meanwhile_is_no_other(
    toy_files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.training import training as shell

    made, files = replace(toy_files, output=tmp_path / "made"), replace(toy_files, output=tmp_path / "model")
    train(made, quick(), Labels())
    fit_and_test = shell.fit_and_test

    def meanwhile(*given: Any) -> Any:
        made.output.rename(files.output)
        return fit_and_test(*given)

    monkeypatch.setattr(shell, "fit_and_test", meanwhile)
    assert train(files, quick(), Labels(), replaces=False)["model"] == str(files.output)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_another_model_is_replaced_only_on_request(
    toy_files: Files, toy_result: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "model"
    shutil.copytree(toy_files.output, output)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    command = ["train", "--train", str(toy_files.train), "--output", str(output), "--model-name", TOY]
    command += ["--num-epochs", "1", "--max-seq-length", "16"]
    assert cli.run(command) == 2
    assert f"{output} must not hold another model; found {TOY}, trained on" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before
    assert cli.run([*command, "--replace"]) == 0
    assert (output / "weights.h5").read_bytes() != before["weights.h5"]
