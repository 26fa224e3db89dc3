from __future__ import annotations

from pathlib import Path

import numpy as np

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
