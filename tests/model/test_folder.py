from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.own_seconds import at_most

from sentiment.errors import InputError
from sentiment.model.folder import open_model, read_card


@pytest.fixture
def copied(toy_model: Path, tmp_path: Path) -> Path:
    shutil.copytree(toy_model, tmp_path / "model")
    return tmp_path / "model"


def change(folder: Path, **fields: Any) -> None:
    card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps({**card, **fields}), encoding="utf-8")


def test_a_model_opens_from_its_folder_alone(copied: Path) -> None:
    opened = open_model(copied)
    assert opened.keras.count_params() == opened.card.parameters
    assert len(opened.pieces) == opened.card.vocabulary
    assert opened.tokenizer.max_seq_length == opened.card.max_seq_length


@pytest.mark.parametrize("name", ["model.json", "vocab.txt", "weights.h5"])
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(InputError, match=name):
        open_model(copied)


def test_another_format_is_named_with_ours(copied: Path) -> None:
    change(copied, format=2)
    with pytest.raises(InputError, match="must be of format 1; found format 2"):
        read_card(copied)


def test_a_card_with_a_missing_field_is_refused_and_one_of_a_newer_program_is_read(copied: Path) -> None:
    change(copied, colour="red")
    assert read_card(copied).vocabulary > 0
    card = json.loads((copied / "model.json").read_text(encoding="utf-8"))
    del card["vocabulary"]
    (copied / "model.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(InputError, match=r"model\.json's vocabulary must be there; found nothing"):
        read_card(copied)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_card_that_is_no_json_is_refused(copied: Path, content: bytes) -> None:
    (copied / "model.json").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.json must be (JSON|a JSON object)"):
        read_card(copied)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_weights_that_were_cut_short_are_refused(copied: Path, share: float) -> None:
    content = (copied / "weights.h5").read_bytes()
    (copied / "weights.h5").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="weights of a model must be whole") as raised:
        open_model(copied)
    assert "\n" not in str(raised.value)


def test_weights_of_another_architecture_are_refused(copied: Path) -> None:
    card = read_card(copied)
    change(copied, architecture={**card.architecture, "hidden_size": 8})
    with pytest.raises(InputError, match="weights of a model must be whole and fit"):
        open_model(copied)


def test_a_vocabulary_of_another_size_is_refused(copied: Path) -> None:
    with (copied / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("多\n")
    with pytest.raises(InputError, match="pieces of its model"):
        open_model(copied)


def test_an_architecture_that_transformers_does_not_know_is_refused(copied: Path) -> None:
    card = read_card(copied)
    change(copied, architecture={**card.architecture, "model_type": "abacus"})
    with pytest.raises(InputError, match="found 'abacus'"):
        open_model(copied)


@pytest.mark.parametrize("kind", [["bert"], {"bert": 1}, None, 1, True, "gpt2", "b" * 99])
def test_an_architecture_of_a_type_that_is_none_is_one_line(copied: Path, kind: object) -> None:
    """As it was, a list was a stack trace, and any encoder that transformers has was built."""
    change(copied, architecture={**read_card(copied).architecture, "model_type": kind})
    with pytest.raises(InputError, match=r"the model_type in .*model\.json must be one of albert, bert, ") as raised:
        open_model(copied)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 600


@pytest.mark.parametrize("kind", ["albert", "bert", "mobilebert", "convbert"])
def test_an_encoder_of_a_usual_size_is_not_built_where_its_weights_have_no_room(copied: Path, kind: str) -> None:
    """As it was, a model.json that says a type alone took 22 seconds, or a gigabyte."""
    from transformers import AutoConfig

    AutoConfig.for_model(kind)  # its import takes a second, whatever the file says
    change(copied, architecture={"model_type": kind})
    with at_most(1), pytest.raises(InputError, match=r"too few for the .* weights of its settings"):
        open_model(copied)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_hidden_layers": 10**5}, "this number must be from 0 to 128; found 'num_hidden_layers': 100000 in"),
        ({"num_hidden_layers": 128, "hidden_size": 4096}, "too few for the"),
        ({"vocab_size": 10**6, "hidden_size": 4096}, "too few for the"),
        ({"num_attention_heads": 0}, "ZeroDivisionError"),
        ({"hidden_act": 1}, "that transformers can build"),
        ({"initializer_range": []}, "that transformers can build; found InvalidArgumentError"),
    ],
)
def test_an_architecture_that_no_machine_holds_is_refused_at_once(
    copied: Path, changes: dict[str, Any], reason: str
) -> None:
    change(copied, architecture={**read_card(copied).architecture, **changes})
    with at_most(1), pytest.raises(InputError, match=reason) as raised:
        open_model(copied)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "fields", [{"max_seq_length": 10**9}, {"max_seq_length": 0}, {"dropout": 1.0}, {"dropout": -1.0}]
)
def test_a_length_or_a_dropout_that_no_model_has_is_refused(copied: Path, fields: dict[str, Any]) -> None:
    change(copied, **fields)
    with pytest.raises(InputError, match="a model must take 1 to 512 pieces, and have a dropout from 0 to below 1"):
        open_model(copied)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(copied: Path, value: float) -> None:
    import h5py

    arrays: list[Any] = []
    with h5py.File(copied / "weights.h5", "r+") as file:
        file.visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
        found = arrays[-1][...]
        found.flat[0] = value
        arrays[-1][...] = found
    with pytest.raises(InputError, match=r"weights\.h5: a value that is no number, in "):
        open_model(copied)


@pytest.mark.parametrize("name", ["model.json", "vocab.txt", "weights.h5"])
def test_a_pipe_or_a_device_in_a_files_place_is_refused_at_once(copied: Path, name: str) -> None:
    """As it was, whoever read a pipe waited for ever, and whoever read a device took all memory."""
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        (copied / name).unlink()
        make(copied / name)
        with pytest.raises(InputError, match=name):
            open_model(copied)
