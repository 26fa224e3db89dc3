"""The recorded encoder of `sentiment pretrain`, which `make test-torch` opens with PyTorch, is like one made today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import our_encoder
from safetensors.numpy import load_file


def test_tensorflow_still_answers_what_is_recorded_and_pytorch_confirmed(data: Path) -> None:
    recorded = dict(np.load(data / our_encoder.NAME / our_encoder.ANSWERS))
    found = our_encoder.answers(data / our_encoder.NAME)
    assert found.keys() == recorded.keys()
    for name in ("texts", "input_ids", "attention_mask"):
        np.testing.assert_array_equal(found[name], recorded[name])
    for name in ("hidden", "logits"):
        np.testing.assert_allclose(found[name], recorded[name], atol=1e-5)


@pytest.mark.slow
def test_an_encoder_made_today_has_the_form_of_the_recorded_one(data: Path, tmp_path: Path) -> None:
    recorded, made = data / our_encoder.NAME, tmp_path / our_encoder.NAME
    our_encoder.make(made)
    assert {file.name for file in made.iterdir()} == {file.name for file in recorded.iterdir()} - {our_encoder.ANSWERS}
    for name in ("config.json", "tokenizer_config.json", "vocab.txt"):
        assert (made / name).read_bytes() == (recorded / name).read_bytes(), f"run {our_encoder.__file__}"
    assert form(made) == form(recorded)
    card: dict[str, Any] = json.loads((made / "pretraining.json").read_text(encoding="utf-8"))
    assert card["encoder"] == our_encoder.NAME


def form(folder: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Returns shape and type of each weight."""
    return {name: (value.shape, str(value.dtype)) for name, value in load_file(folder / "model.safetensors").items()}
