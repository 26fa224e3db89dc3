from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from msgspec import convert, structs
from support.reports import card_of
from support.results import in_json, whole, whole_json

from sentiment import cli
from sentiment.data.tsv import Post, write_posts
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model.checkpoint import locate
from sentiment.model.folder import open_model, read_card, write_card
from sentiment.model.pinned import of_checkpoint
from sentiment.model.split import hold_out
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.encoders import EncoderPin
from sentiment.results.record import as_json
from sentiment.results.training import Training
from sentiment.run_folder import RunFolder
from sentiment.training import train as training
from sentiment.training.hyperparameters import Hyperparameters, choose
from sentiment.training.training import require_room
from sentiment.training.training_files import Files, earlier_result, settings_for

train = in_json(training.train)

TOY = "scratch/toy"
QUICK = {"num_epochs": 1, "batch_size": 8, "max_seq_length": 16}


def quick(**given: Any) -> Hyperparameters:
    return choose("custom", TOY, **{**QUICK, **given})


def test_a_toy_model_learns_its_posts(toy_result: dict[str, Any]) -> None:
    assert toy_result["test"]["accuracy"] >= 0.9
    assert toy_result["loss"][-1] < toy_result["loss"][0] / 2
    assert len(toy_result["loss"]) == len(toy_result["val_loss"]) == toy_result["epochs"] == 12
    assert toy_result["rows"] == 30


def test_a_model_folder_is_complete_and_holds_no_optimizer(toy_model: Path, toy_result: dict[str, Any]) -> None:
    names = {path.name for path in toy_model.iterdir()}
    assert names == {"weights.h5", "model.json", "vocab.txt", "summary.txt", "report.json", "report.html"}
    with h5py.File(toy_model / "weights.h5") as file:
        sizes: list[int] = []
        file.visititems(lambda _, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None)
    assert sum(sizes) == toy_result["parameters"]
    assert [path.name for path in toy_model.parent.iterdir() if path.name.startswith(".")] == []


def test_model_json_says_what_it_was_made_of(toy_model: Path, toy_files: Files) -> None:
    card = read_card(toy_model)
    assert (card.type, card.name, card.labels, card.max_seq_length) == ("custom", TOY, ["正面", "負面", "中立"], 16)
    assert toy_files.train
    assert as_json(card.data) == {"fingerprint": sha256_of(toy_files.train), "rows": 30, "per_label": [10, 10, 10]}
    assert card.architecture["pooling"] == "mean"
    assert json.loads((toy_model / "model.json").read_text(encoding="utf-8"))["format"] == 1


def test_the_summary_has_the_original_layout(toy_model: Path) -> None:
    lines = (toy_model / "summary.txt").read_text(encoding="utf-8").splitlines()
    names = [line.split(":")[0].strip() for line in lines if line.startswith("        - ")]
    wanted = ["epoch", "params", "loss", "accuracy", "val_loss", "val_accuracy", "report", "confidence", "total_time"]
    assert names == [f"- {name}" for name in wanted]
    assert lines[0] == "        - epoch:         [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"
    assert any(line.split() == ["precision", "recall", "f1-score", "support"] for line in lines)


def test_a_person_is_told_where_the_model_is_and_how_good(toy_result: dict[str, Any]) -> None:
    result = convert(toy_result, Training)
    assert training.told(structs.replace(result, test=None)) == f"The model is in {result.model}."
    assert result.test is not None
    figure = f"its accuracy is {result.test.accuracy:.4f} on {sum(result.test.support)} test rows"
    assert training.told(result) == f"The model is in {result.model}; {figure}."


def test_the_same_inputs_again_are_not_trained_again(
    toy_files: Files, toy_result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    written = (toy_files.output / "weights.h5").stat().st_mtime_ns
    settings = choose("custom", TOY, num_epochs=12, learning_rate=0.01, batch_size=8, max_seq_length=16)
    assert train(toy_files, settings, Labels()) == toy_result
    assert (toy_files.output / "weights.h5").stat().st_mtime_ns == written
    assert "already" in capsys.readouterr().err


def test_a_report_with_another_digit_is_not_gone_on_from(
    toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of an earlier version has no sum, and `forget` takes posts out of what a training does not go on from."""
    output = shutil.copytree(toy_model, tmp_path / "model")
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))

    def earlier(**changed: Any) -> Training | None:
        (output / "report.json").write_text(json.dumps({**report, **changed}), encoding="utf-8")
        return earlier_result(output, report["inputs"])

    found = earlier()
    assert found is not None and earlier(analysis={**report["analysis"], "examples": []}) == found
    assert earlier(result={**report["result"], "steps": 1, "seconds": 9.5}) is None
    assert "(it is not what was written, by its sha256); the model is trained again" in capsys.readouterr().err
    del report["sha256"]
    assert earlier() == found


@pytest.mark.slow
def test_a_seed_repeats_a_training_and_other_inputs_replace_it(toy_files: Files, tmp_path: Path) -> None:
    first = train(replace(toy_files, output=tmp_path / "a"), quick(seed=3), Labels())
    again = train(replace(toy_files, output=tmp_path / "b"), quick(seed=3), Labels())
    other = train(replace(toy_files, output=tmp_path / "b"), quick(seed=4, validation_share=0.0), Labels())
    assert first["loss"] == pytest.approx(again["loss"], rel=1e-4)
    assert first["loss"] != pytest.approx(other["loss"], rel=1e-4)
    assert other["val_loss"] == []
    assert json.loads((tmp_path / "b" / "report.json").read_text(encoding="utf-8"))["hyperparameters"]["seed"] == 4


def test_a_warm_start_goes_on_from_the_weights(toy_files: Files, toy_model: Path, tmp_path: Path) -> None:
    files = replace(toy_files, output=tmp_path / "model", warm_start=toy_model)
    settings = settings_for(files, None, None, num_epochs=1, learning_rate=1e-8)
    result = train(files, settings, Labels())
    assert settings.max_seq_length == 16
    for old, new in zip(open_model(toy_model).keras.weights, open_model(files.output).keras.weights, strict=True):
        np.testing.assert_allclose(old.numpy(), new.numpy(), atol=1e-5)
    assert result["test"]["accuracy"] >= 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_name": "scratch/tiny"}, "--model-name must be that of the warm start"),
        ({"model_type": "origin"}, "--model-type must be that of the warm start"),
    ],
)
def test_a_warm_start_keeps_its_architecture(
    toy_files: Files, toy_model: Path, options: dict[str, str], message: str
) -> None:
    files = replace(toy_files, warm_start=toy_model)
    with pytest.raises(InputError, match=message):
        settings_for(files, options.get("model_type"), options.get("model_name"))
    with pytest.raises(InputError, match="its own vocabulary"):
        settings_for(replace(files, vocabulary=toy_model / "vocab.txt"), None, None)


def test_a_warm_start_needs_the_same_labels(toy_files: Files, toy_model: Path, tmp_path: Path) -> None:
    files = replace(toy_files, output=tmp_path / "model", warm_start=toy_model)
    labels = Labels(("好", "壞", "平"), ("good", "bad", "plain"))
    with pytest.raises(InputError, match="must have the labels 好、壞、平"):
        train(files, settings_for(files, None, None), labels)


def test_an_encoder_that_a_run_names_is_started_from_unless_somebody_names_another(
    toy_files: Files, toy_model: Path
) -> None:
    named = "/home/encoders/3@sha256:" + "0" * 64
    files = replace(toy_files, encoder=named)
    assert settings_for(files, None, None).model_name == named
    assert settings_for(files, None, "scratch/mini").model_name == "scratch/mini"
    assert settings_for(files, "tf-hub", None).model_name == settings_for(toy_files, None, None).model_name
    assert settings_for(replace(files, warm_start=toy_model), None, None).model_name == TOY


def test_a_given_vocabulary_is_used(toy_files: Files, toy_model: Path, tmp_path: Path) -> None:
    vocab = tmp_path / "vocab.txt"
    vocab.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "好", "爛", "請"]), encoding="utf-8")
    files = replace(toy_files, output=tmp_path / "model", vocabulary=vocab)
    train(files, quick(), Labels())
    assert read_card(files.output).vocabulary == 8


def test_a_label_without_rows_is_named(tmp_path: Path) -> None:
    write_posts(tmp_path / "train.tsv", [Post("好", 0), Post("爛", 1)])
    with pytest.raises(InputError, match="found none of 中立 in 2 rows"):
        train(Files(tmp_path / "train.tsv", None, tmp_path / "model"), quick(), Labels())
    assert not (tmp_path / "model").exists()


def test_a_loss_that_is_no_number_stops_the_training(toy_files: Files, tmp_path: Path, toy_model: Path) -> None:
    from sentiment.model import batches, scoring
    from sentiment.training import fit

    opened = open_model(toy_model)
    opened.keras.set_weights([np.full_like(weight, np.nan) for weight in opened.keras.get_weights()])
    encoded = batches.encode(opened.tokenizer, [Post("好", 0), Post("爛", 1)])
    with pytest.raises(InputError, match=r"found nan in epoch 1, step 1, at --learning-rate 0\.001"):
        fit.fit(opened, encoded, None, quick(), scoring.Scorer(opened.keras, 16))


@pytest.mark.parametrize(
    ("model_type", "model_name", "message"),
    [
        ("bert", TOY, "model type must be one of custom"),
        ("custom", "scratch/huge", "from-scratch encoder must be one of scratch/tiny, scratch/mini"),
        ("custom", "nobody/nothing", "HF_HOME"),
        ("custom", "./no/such folder", "HF_HOME"),
    ],
)
def test_an_unknown_model_is_one_clear_line(
    toy_files: Files, tmp_path: Path, model_type: str, model_name: str, message: str
) -> None:
    settings = replace(quick(), model_type=model_type, model_name=model_name)
    with pytest.raises(InputError, match=message) as raised:
        train(replace(toy_files, output=tmp_path / "model"), settings, Labels())
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "model").exists()


def test_rows_are_held_out_by_label_and_never_all_of_one() -> None:
    labels = [0] * 50 + [1] * 20 + [2]
    kept, held_out = hold_out(labels, 0.1, seed=1)
    assert sorted(kept + held_out) == list(range(71))
    assert [labels[row] for row in held_out].count(0) == 5
    assert {labels[row] for row in kept} == {0, 1, 2}
    assert hold_out(labels, 0.0, seed=1)[1] == []


def test_the_result_says_where_and_how_it_was_trained(toy_result: dict[str, Any]) -> None:
    assert (toy_result["devices"], toy_result["precision"]) == (["CPU:0"], "float32")
    assert (toy_result["kept_epoch"], toy_result["stopped_early"]) == (12, False)
    assert toy_result["resumed_from_epoch"] is None
    assert toy_result["test_seconds"] > 0


def test_what_does_not_decide_the_outcome_is_no_other_training(
    toy_files: Files, toy_result: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = choose("custom", TOY, num_epochs=12, learning_rate=0.01, batch_size=8, max_seq_length=16)
    assert train(toy_files, settings, Labels(), devices="1", tensorboard=tmp_path / "board") == toy_result
    assert "already" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--early-stopping", "-1"], "--early-stopping must be between 0 and"),
        (["--early-stopping", "2", "--validation-share", "0"], "--early-stopping must have held-out rows"),
        (["--early-stopping", "2", "--validation-share", "0.01"], "of 30 rows is less than one row of each label"),
        (["--class-weights", "fair"], "--class-weights must be one of none, balanced; found 'fair'"),
        (["--decay", "exponential"], "--decay must be one of linear, cosine, none"),
        (["--warm-up-share", "2"], "--warm-up-share must be between 0 and 1"),
        (["--clip-norm", "nan"], "--clip-norm must be between 0 and"),
        (["--masked-share", "1"], "--masked-share must be between 0 and 0.9"),
        (["--seed", "-1"], "--seed must be between 0 and"),
        (["--precision", "float16"], "--precision must be one of auto, float32, mixed_bfloat16, mixed_float16"),
        (["--devices", "tpu"], "--devices must be auto, cpu, gpu or a number from 1; found 'tpu'"),
        (["--devices", "gpu"], "--devices gpu must find a GPU that TensorFlow can use; found none"),
        (["--devices", "7"], "--devices 7 must find as many devices; found CPU:0"),
        (["--from-version", "stable"], "there must be a stable version; found none"),
    ],
)
def test_a_senseless_option_is_one_line_and_nothing_is_made(
    toy_files: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    files = ["--train", str(toy_files.train), "--output", str(tmp_path / "model"), "--model-name", TOY]
    assert cli.run(["train", *files, *options]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1, errors
    assert errors[0].startswith("sentiment: ")
    assert message in errors[0]
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_said_before_training(tmp_path: Path) -> None:
    require_room(tmp_path / "new" / "model", 1000)
    with pytest.raises(InputError, match=r"room for the model, [\d,]+ MB in .*; found [\d,]+ MB\. Make room"):
        require_room(tmp_path / "model", 2**60)


class TestRun:
    """`sentiment train --run`."""

    @pytest.fixture
    def home(self, tmp_path: Path, toy_files: Files, monkeypatch: pytest.MonkeyPatch) -> Path:
        run = tmp_path / "runs" / "r1"
        run.mkdir(parents=True)
        for name, source in (("train.tsv", toy_files.train), ("test.tsv", toy_files.test)):
            assert source
            (run / name).write_bytes(source.read_bytes())
        self.prepare(run)
        monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
        return tmp_path

    def prepare(self, run: Path, **changed: Any) -> None:
        prepared = {
            "nothing_new": False,
            "fingerprint": sha256_of(run / "train.tsv"),
            "watermark": 7,
            "train_rows": 30,
            "warm_start": None,
        }
        (run / "prepare.json").write_text(json.dumps(whole_json(Prepare, {**prepared, **changed})), encoding="utf-8")

    def test_trains_on_what_prepare_left(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["train", "--run", "r1", "--model-name", TOY, "--num-epochs", "1"]) == 0
        run = home / "runs" / "r1"
        result = json.loads(capsys.readouterr().out)
        assert result == json.loads((run / "train.json").read_text(encoding="utf-8"))
        assert result["model"] == str(run / "model")
        data = as_json(read_card(run / "model").data)
        assert (data["watermark"], data["rows"], data["run"], data["per_label"]) == (7, 30, "r1", [10, 10, 10])

    def test_warm_starts_from_what_prepare_names(self, home: Path, toy_model: Path) -> None:
        self.prepare(home / "runs" / "r1", warm_start=str(toy_model))
        assert cli.run(["train", "--run", "r1", "--num-epochs", "1", "--learning-rate", "1e-8"]) == 0
        assert read_card(home / "runs" / "r1" / "model").name == TOY

    def test_starts_from_the_encoder_that_prepare_names_if_its_files_are_still_those(
        self, home: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = Path(__file__).parents[1] / "checkpoints" / "data" / "bert-bin"
        pin = of_checkpoint(locate(str(folder)))
        self.prepare(home / "runs" / "r1", encoder={"address": str(folder), "sha256": "0" * 64})
        assert cli.run(["train", "--run", "r1", "--max-seq-length", "16"]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert f"the files of the encoder {folder} must have the sha256 {'0' * 64}; found {pin.sha256} at" in line
        self.prepare(home / "runs" / "r1", encoder=as_json(pin))
        assert cli.run(["train", "--run", "r1", "--max-seq-length", "16", "--num-epochs", "1"]) == 0
        card = read_card(home / "runs" / "r1" / "model")
        assert (card.name, card.encoder) == (str(folder), pin)

    def test_refuses_training_rows_that_changed(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with (home / "runs" / "r1" / "train.tsv").open("a", encoding="utf-8") as file:
            file.write("多一行\t0\n")
        assert cli.run(["train", "--run", "r1"]) == 2
        assert "must be the file that `prepare` made" in capsys.readouterr().err

    def test_refuses_a_run_with_nothing_new(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.prepare(home / "runs" / "r1", nothing_new=True)
        assert cli.run(["train", "--run", "r1"]) == 2
        assert "must have new posts" in capsys.readouterr().err

    def test_refuses_a_run_that_was_not_prepared(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["train", "--run", "r2"]) == 2
        assert "`sentiment prepare --run r2` first" in capsys.readouterr().err

    def test_wants_the_encoder_that_the_stable_model_had(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Night after night the same name is trained: somebody else's files of that name are noticed."""
        name = Path(__file__).parents[1] / "checkpoints" / "data" / "bert-bin"
        stable = home / "serving" / "trained" / "1"
        stable.mkdir(parents=True)
        pin = EncoderPin(address="elsewhere", sha256="0" * 64)
        write_card(stable, structs.replace(card_of(("好", "壞")), name=str(name), encoder=pin))
        monkeypatch.setattr(sys.modules["sentiment.training.train"], "stable_of", lambda settings: (stable, 1))
        assert cli.run(["train", "--run", "r1", "--model-name", str(name), "--max-seq-length", "16"]) == 2
        said = capsys.readouterr().err
        assert f"the encoder {name} must be the one that {stable} was trained from, with the sha256 000" in said
        assert not (home / "runs" / "r1" / "model").exists()


def test_neither_run_nor_files_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["train"]) == 2
    assert "give --run, or --train and --output" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("check", "refusal"),
    [
        (None, "step 'check' of run night must have finished"),
        (
            {"passed": False, "sentence": "Half cannot be read."},
            "must have passed their check; found Half cannot be read",
        ),
        ({"passed": True, "fingerprint": "b" * 64}, "must have seen the rows that the model is trained on"),
    ],
)
def test_airflow_trains_only_on_posts_whose_check_passed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    check: dict[str, Any] | None,
    refusal: str,
) -> None:
    """A person may mark the task `check` as a success, whether it failed or never ran."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    run = RunFolder(tmp_path / "runs" / "night")
    run.path.mkdir(parents=True)
    write_posts(run.train, [Post("好", 0)])
    run.write(whole(Prepare, fingerprint=sha256_of(run.train)))
    if check:
        run.write(whole(Check, check))
    assert cli.run(["train", "--run", "night", "--checked"]) == 2
    assert refusal in capsys.readouterr().err
    assert not run.model.exists()
