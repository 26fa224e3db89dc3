"""The forward pass that is fast to learn in says what transformers' own says, and a filled part what its rows say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment.errors import InputError
from sentiment.model.flat import encoded
from sentiment.pretraining.filled import ASKED_AT_ONCE, filled
from sentiment.pretraining.masking import Hidden
from sentiment.pretraining.network import Learning, architecture, built, logits_at

PIECES, WIDTH = 90, 32
DRAW = np.random.default_rng(3)
IDS = DRAW.integers(5, PIECES, (3, 16)).astype(np.int32)
THERE = (np.arange(16) < np.array([[16], [9], [2]])).astype(np.int32)


@pytest.fixture(scope="module")
def model() -> Any:
    return built(architecture(2, WIDTH, 2, PIECES, 64), seed=5)


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_it_says_what_transformers_says_wherever_there_is_a_piece(activation: str) -> None:
    model = built({**architecture(2, WIDTH, 2, PIECES, 64), "hidden_act": activation}, seed=5)
    theirs = model.bert(input_ids=IDS, attention_mask=THERE, training=False).last_hidden_state.numpy()
    ours = encoded(model.bert, IDS, THERE).numpy().reshape(theirs.shape)
    assert np.abs(ours - theirs)[THERE == 1].max() < 2e-5
    logits = model(input_ids=IDS, attention_mask=THERE, training=False).logits.numpy()
    places = np.array([0, 5, 17], np.int32)
    assert np.abs(logits_at(model, IDS, THERE, places).numpy() - logits.reshape(-1, PIECES)[places]).max() < 2e-4


def test_rows_and_places_that_fill_a_part_up_change_no_loss_and_no_gradient(model: Any) -> None:
    places = np.argwhere(THERE & (DRAW.random(IDS.shape) < 0.4)).astype(np.int32)
    hidden = Hidden(IDS, places, IDS[tuple(places.T)])
    learning = Learning(model, 0.0)
    found = []
    for rows in (3, 7):
        part = filled(hidden, THERE == 1, rows)
        assert part.ids.shape == (rows, 16) and len(part.places) == len(part.answers) == ASKED_AT_ONCE
        assert part.asked == len(places)
        loss = float(learning.add(part.ids, part.there, part.places, part.answers))
        asked, right = learning.ask(part.ids, part.there, part.places, part.answers)
        found.append((loss, float(asked), int(right), [total.numpy() for total in learning.sums]))
        for total in learning.sums:
            total.assign(total * 0)
    (loss, asked_loss, right, sums), other = found
    assert loss > 0 and loss == pytest.approx(other[0], rel=1e-5) == pytest.approx(asked_loss, rel=1e-5)
    assert right == other[2]
    for one, another in zip(sums, other[3], strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"hidden_size": 4096, "num_hidden_layers": 48}, "too few for the .* weights of its settings"),
        ({"max_position_embeddings": 60_000}, "too few for the .* weights of its settings"),
        ({"hidden_act": "__import__"}, "must be those of a bert that transformers can build"),
        ({"num_attention_heads": 7}, "must be those of a bert that transformers can build"),
    ],
)
def test_settings_that_are_not_those_of_the_file_are_refused_before_anything_is_built(
    tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    """As it was, a kilobyte of settings asked for 39 GB, and was compared with its file after that."""
    (tmp_path / "model.safetensors").write_bytes(bytes(1_000_000))
    with pytest.raises(InputError, match=told):
        built({**architecture(2, 128, 2, 30, 512), **settings}, 1, tmp_path / "model.safetensors")
