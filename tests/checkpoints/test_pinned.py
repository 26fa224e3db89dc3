"""A model keeps which files its encoder had; the same name with other files is refused until somebody names them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET, structs
from support.reports import card_of

from sentiment.errors import InputError
from sentiment.experiments.plan import require_model_name
from sentiment.labels import Labels
from sentiment.model import checkpoint, hub_encoder, pinned
from sentiment.model.folder import open_model, read_card, write_card, write_model
from sentiment.results.encoders import EncoderPin
from sentiment.training.hyperparameters import choose
from sentiment.training.resume import DESCRIPTION, Unfinished
from sentiment.training.start import require_pinned, starting_point
from sentiment.training.training_files import Files, identity_of, settings_for

OTHER = "0" * 64


@pytest.fixture
def bert(data: Path, tmp_path: Path) -> Path:
    return shutil.copytree(data / "bert-bin", tmp_path / "bert")


def start(files: Files, name: Path | str, kind: str = "custom") -> Any:
    return starting_point(files, choose(kind, str(name), max_seq_length=16), Labels(), [])


def ask(files: Files, name: Path | str, kind: str = "custom") -> EncoderPin:
    """What a training does before it builds anything: it finds the encoder, and compares it."""
    pin = pinned.of(kind, str(name))
    assert pin is not None
    require_pinned(pin, files, choose(kind, str(name)))
    return pin


def noted(folder: Path, name: Path, kind: str = "custom") -> Path:
    """A model folder as far as it says what it was trained from: the encoder `name`, as it is now."""
    folder.mkdir()
    card = structs.replace(card_of(("好", "壞")), type=kind, name=str(name), encoder=pinned.of(kind, str(name)))
    write_card(folder, card)
    return folder


def written(files: Files, name: Path | str, folder: Path, kind: str = "custom") -> Path:
    """A model folder that was trained from the encoder `name`, untrained."""
    folder.mkdir()
    write_model(folder, start(files, name, kind))
    return folder


def pin_of(folder: Path) -> EncoderPin:
    pin = read_card(folder).encoder
    assert isinstance(pin, EncoderPin)
    return pin


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as raised:
        act()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def swap(folder: Path, data: Path) -> None:
    """Puts other weights of the same names and shapes where the encoder's were."""
    shutil.copyfile(data / "bert-half" / "pytorch_model.bin", folder / "pytorch_model.bin")


def test_the_digest_is_that_of_everything_that_decides(bert: Path) -> None:
    found = pinned.of("custom", str(bert))
    assert found is not None and found == pinned.of("origin", str(bert))
    assert found.address == str(bert)
    digests = {found.sha256}
    for change in (
        lambda: (bert / "config.json").write_text(
            json.dumps(json.loads((bert / "config.json").read_text(encoding="utf-8"))), encoding="utf-8"
        ),
        lambda: (bert / "vocab.txt").write_text((bert / "vocab.txt").read_text(encoding="utf-8") + "多\n", "utf-8"),
        lambda: (bert / "tokenizer_config.json").unlink(),
        lambda: (bert / "pytorch_model.bin").write_bytes(b"x"),
    ):
        change()
        changed = pinned.of("custom", str(bert))
        assert changed is not None
        digests.add(changed.sha256)
    assert len(digests) == 5
    assert pinned.of("custom", "scratch/tiny") is None


def test_the_address_is_the_revision_on_the_hub(data: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--google-bert--bert-base-chinese" / "snapshots" / ("a" * 40)
    shutil.copytree(data / "bert-bin", snapshot)
    files = checkpoint.locate(str(snapshot))
    address = f"https://huggingface.co/google-bert/bert-base-chinese/tree/{'a' * 40}"
    assert pinned.of_checkpoint(files).address == address


def test_a_training_pins_what_it_starts_from_and_keeps_it_when_it_goes_on(files: Files, bert: Path) -> None:
    model = written(files, bert, files.output)
    assert pin_of(model) == pinned.of("custom", str(bert))
    shutil.rmtree(bert)
    warm = replace(files, warm_start=model)
    settings = settings_for(warm, None, f"{bert}@sha256:{pin_of(model).sha256}")
    assert starting_point(warm, settings, Labels(), []).card.encoder == pin_of(model)


def test_a_training_refuses_another_encoder_of_the_same_name(files: Files, bert: Path, data: Path) -> None:
    before = pin_of(noted(files.output, bert))
    swap(bert, data)
    line = refused(lambda: start(files, bert))
    now = pinned.of("custom", str(bert))
    assert now is not None
    trained = (
        f"the encoder {bert} must be the one that {files.output} was trained from, with the sha256 {before.sha256}"
    )
    assert trained in line
    assert line.endswith(f"To train from it on purpose, name it: {bert}@sha256:{now.sha256}")
    card = start(files, f"{bert}@sha256:{now.sha256}").card
    assert (card.name, card.encoder) == (str(bert), now)


def test_a_new_night_wants_the_encoder_of_the_stable_model(
    files: Files, bert: Path, data: Path, tmp_path: Path
) -> None:
    night = replace(files, served=noted(tmp_path / "stable", bert))
    assert ask(night, bert) == pin_of(tmp_path / "stable")
    swap(bert, data)
    assert f"must be the one that {tmp_path / 'stable'} was trained from" in refused(lambda: ask(night, bert))
    ask(night, shutil.copytree(bert, tmp_path / "elsewhere"))  # another name is another encoder
    ask(night, bert, "origin")


def test_an_older_model_without_a_pin_opens_and_asks_for_nothing(files: Files, bert: Path, data: Path) -> None:
    model = noted(files.output, bert)
    content = json.loads((model / "model.json").read_text(encoding="utf-8"))
    del content["encoder"]
    (model / "model.json").write_text(json.dumps(content), encoding="utf-8")
    assert read_card(model).encoder is UNSET
    swap(bert, data)
    ask(files, bert)


def test_a_model_that_cannot_be_read_keeps_nobody_from_training(
    files: Files, bert: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (noted(files.output, bert) / "model.json").write_text("{", encoding="utf-8")
    ask(files, bert)
    assert "train: the encoder cannot be compared with that of" in capsys.readouterr().err


def test_a_digest_in_the_name_is_asked_of_the_first_training_too(files: Files, bert: Path) -> None:
    line = refused(lambda: ask(files, f"{bert}@sha256:{OTHER}"))
    assert f"the files of the encoder {bert} must have the sha256 {OTHER}" in line
    for digest in ("", "abc", "A" * 64, OTHER + "0"):
        assert "must be the 64 digits of a sha256" in refused(partial(start, files, f"{bert}@sha256:{digest}"))
    assert "from-scratch encoder must be one of" in refused(lambda: start(files, f"scratch/tiny@sha256:{OTHER}"))


def test_an_experiment_names_a_digest_too() -> None:
    require_model_name(f"ckiplab/albert-tiny-chinese@sha256:{OTHER}")
    assert "64 digits" in refused(lambda: require_model_name("ckiplab/albert-tiny-chinese@sha256:1"))


def test_a_saved_model_is_pinned_with_its_graph(files: Files, hub_folder: Path, tmp_path: Path) -> None:
    """The copy in the model folder is what every later step loads: a changed one is not run."""
    encoder = shutil.copytree(hub_folder / "encoder", tmp_path / "encoder")
    model = written(files, encoder, files.output, "tf-hub")
    assert pin_of(model).sha256 == pinned.of_saved_model(model / "encoder").sha256
    (encoder / "note.txt").write_text("not a part of it", encoding="utf-8")
    assert ask(files, encoder, "tf-hub") == pin_of(model)
    with (model / "encoder" / "saved_model.pb").open("ab") as file:
        file.write(b"\x12\x00")
    assert "must be the encoder that the model was trained from" in refused(lambda: open_model(model))


def test_a_changed_encoder_is_not_even_loaded(
    files: Files, hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = shutil.copytree(hub_folder / "encoder", tmp_path / "encoder")
    noted(files.output, encoder, "tf-hub")
    (encoder / "saved_model.pb").write_bytes(b"something else")
    monkeypatch.setattr(hub_encoder, "load", lambda folder: pytest.fail("it was loaded"))
    assert "must be the one that" in refused(lambda: start(files, encoder, "tf-hub"))


def test_an_unfinished_training_goes_on_with_its_own_encoder_only(files: Files, bert: Path, data: Path) -> None:
    settings = choose("custom", str(bert), max_seq_length=16)
    began = identity_of(files, settings, Labels())
    unfinished = files.output.with_name(f".{files.output.name}.unfinished")
    (unfinished / "epoch-1").mkdir(parents=True)
    curves = {"loss": [1.0], "accuracy": [0.5], "val_loss": [], "val_accuracy": [], "seconds": [1.0]}
    description = json.dumps({"inputs": began, "curves": curves})
    (unfinished / "epoch-1" / DESCRIPTION).write_text(description, encoding="utf-8")
    swap(bert, data)
    now = identity_of(files, settings, Labels())
    line = refused(lambda: Unfinished(files.output, now).find())
    assert "must go on with the encoder that it began with" in line
    assert line.endswith(f"name it: {bert}@sha256:{now['files']['encoder']}")
    named = identity_of(files, choose("custom", f"{bert}@sha256:{now['files']['encoder']}"), Labels())
    assert Unfinished(files.output, named).find() is None
    assert not unfinished.exists()


def test_a_pin_that_is_none_is_one_line(bert: Path, tmp_path: Path) -> None:
    model = noted(tmp_path / "model", bert)
    content = json.loads((model / "model.json").read_text(encoding="utf-8"))
    (model / "model.json").write_text(json.dumps({**content, "encoder": {"sha256": 1}}), encoding="utf-8")
    assert "encoder" in refused(lambda: read_card(model))
