from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sentiment.data.tsv import Post


def test_rows_come_back_in_order_whatever_their_length(toy_model: Path) -> None:
    from sentiment.model.batches import encode
    from sentiment.model.folder import open_model
    from sentiment.model.scoring import Scorer

    opened = open_model(toy_model)
    scorer = Scorer(opened.keras, opened.card.max_seq_length)
    posts = [Post("好" * (1 + 7 * (row % 3)) + "爛" * row, 0) for row in range(90)]
    together = scorer.probabilities(encode(opened.tokenizer, posts))
    alone = np.concatenate([scorer.probabilities(encode(opened.tokenizer, [post])) for post in posts[::9]])
    assert together.shape == (90, 3)
    np.testing.assert_allclose(together[::9], alone, atol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-5)


def test_strange_posts_have_an_answer(toy_model: Path) -> None:
    from sentiment.model.batches import encode
    from sentiment.model.folder import open_model
    from sentiment.model.scoring import Scorer

    opened = open_model(toy_model)
    posts = [Post(text, 0) for text in ("", " ", "\ud800", "\x00", "好" * 5000, "[SEP][CLS]")]
    answers = Scorer(opened.keras, opened.card.max_seq_length).probabilities(encode(opened.tokenizer, posts))
    assert np.isfinite(answers).all()


@pytest.mark.slow
def test_what_is_compiled_answers_as_the_rest_does(toy_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment.model import compiling
    from sentiment.model.batches import encode
    from sentiment.model.folder import open_model
    from sentiment.model.scoring import Scorer

    opened = open_model(toy_model)
    encoded = encode(opened.tokenizer, [Post("好" * (1 + row % 9), 0) for row in range(44)])
    wanted = Scorer(opened.keras, opened.card.max_seq_length, 8).probabilities(encoded)
    monkeypatch.setitem(compiling.ANSWERING, "float32", compiling.Prices(shape=1.0, saved=1e6))
    for exact, compiled in ((False, {(8, 8), (8, 16), (4, 16)}), (True, {None})):
        scorer = Scorer(opened.keras, opened.card.max_seq_length, 8, exact=exact)
        for _ in range(2):
            np.testing.assert_allclose(scorer.probabilities(encoded), wanted, atol=1e-6)
        assert scorer._ran == compiled


def test_a_shape_is_compiled_once_it_has_been_asked_often_enough(toy_model: Path) -> None:
    from sentiment.model.batches import encode
    from sentiment.model.compiling import ANSWERING, Prices, operations
    from sentiment.model.folder import open_model
    from sentiment.model.forward import forward_of
    from sentiment.model.scoring import Scorer

    opened = open_model(toy_model)
    encoded = encode(opened.tokenizer, [Post("好", 0)] * 8)
    settings = forward_of(opened.keras).settings
    assert settings
    cores, one = len(os.sched_getaffinity(0)), operations((8, 8), settings) / 1e9
    price = Prices(shape=2.5 * one / cores, saved=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ANSWERING, "float32", price)
        often = Scorer(opened.keras, opened.card.max_seq_length, 8)
        assert [bool(often._planned(encoded)[0][1]) for _ in range(4)] == [False, False, True, True]
        for passes in (2, 3):
            known = Scorer(opened.keras, opened.card.max_seq_length, 8, passes=passes)
            assert [bool(known._planned(encoded)[0][1]) for _ in range(4)] == [passes == 3] * 4
