"""The signature for posts with a title: only an export of a model that was trained with titles has it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment.data.tsv import Post
from sentiment.export.export import export
from sentiment.export.parity import FEWEST_ROWS, rows_for
from sentiment.model.folder import open_model
from sentiment.model.saved_model import dangers, meta_graphs, operations
from sentiment.validation import operations as linked

PAIRS = [("", "好吃"), ("店" * 60, "難吃" * 40), ("店", "真的"), ("店店", ""), ("", "")]


@pytest.fixture(scope="module")
def served(version: Path) -> Any:
    from sentiment.tensorflow_setup import tf

    return tf.saved_model.load(str(version))


def titled(served: Any, pairs: list[tuple[str, str]]) -> Any:
    from sentiment.tensorflow_setup import tf

    titles, texts = (tf.constant([pair[side] for pair in pairs], tf.string) for side in (0, 1))
    return served.signatures["titled"](title=titles, text=texts)


def test_it_answers_as_the_trained_model_alone_and_together(served: Any, trained: Path) -> None:
    from sentiment.evaluation.predict import predictions

    posts = [Post(text, 0, title) for title, text in PAIRS]
    wanted = np.stack([chances for _, chances in predictions(open_model(trained), posts)])
    together = titled(served, PAIRS)["probabilities"].numpy()
    alone = np.concatenate([titled(served, [pair])["probabilities"].numpy() for pair in PAIRS])
    np.testing.assert_allclose(together, wanted, atol=1e-5)
    np.testing.assert_allclose(alone, wanted, atol=1e-5)
    assert np.abs(together[2] - titled(served, [("", "真的")])["probabilities"].numpy()[0]).max() > 1e-6


def test_an_empty_title_is_the_text_alone(served: Any) -> None:
    from sentiment.tensorflow_setup import tf

    texts = ["好吃", "", "難吃" * 40]
    found, wanted = titled(served, [("", text) for text in texts]), served.signatures["text"](text=tf.constant(texts))
    assert set(found) == set(wanted)
    for name in ("label", "label_id"):
        assert (found[name].numpy() == wanted[name].numpy()).all()
    np.testing.assert_allclose(found["probabilities"], wanted["probabilities"], atol=1e-6)


def test_no_rows_have_no_answers(served: Any) -> None:
    assert titled(served, [])["probabilities"].shape.as_list() == [0, 3]


def test_pairs_and_texts_that_share_batches_get_their_own_answers(served: Any) -> None:
    from sentiment.tensorflow_setup import tf

    def text(one: str) -> Any:
        return served.signatures["text"](text=tf.constant([one]))["probabilities"].numpy()

    def ask(number: int) -> Any:
        title, words = PAIRS[number % len(PAIRS)]
        return titled(served, [(title, words)])["probabilities"].numpy() if number % 2 else text(words)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(80)))
    for number, answer in enumerate(found):
        np.testing.assert_allclose(answer, ask(number % 10), atol=1e-5)


@pytest.mark.parametrize("strange", [b"\xff\xfe", b"\0", "\u200b".encode(), b"[SEP] [CLS]", "好".encode() * 5000])
def test_strange_titles_have_an_answer(served: Any, strange: bytes) -> None:
    from sentiment.tensorflow_setup import tf

    found = served.signatures["titled"](title=tf.constant([strange]), text=tf.constant(["好"]))["probabilities"]
    assert np.isfinite(found.numpy()).all()


def test_a_request_without_a_title_for_each_text_is_refused_alone(served: Any) -> None:
    from sentiment.tensorflow_setup import tf

    with pytest.raises(tf.errors.InvalidArgumentError, match="text and title must have the same shape"):
        served.signatures["titled"](title=tf.constant(["店"]), text=tf.constant(["好", "壞"]))


def test_the_real_server_links_all_that_pairs_need_and_the_graph_only_computes(version: Path, trained: Path) -> None:
    used = frozenset[str]().union(*(operations(meta) for meta in meta_graphs(version)))
    assert linked.unknown(used, gpu=False) == [] and dangers(version, linked.models_of(trained, used)) == []


def test_a_model_without_titles_has_the_signatures_of_before(
    train_toy: Callable[[list[Post]], Path], posts: list[Post], tmp_path: Path
) -> None:
    from sentiment.tensorflow_setup import tf

    untitled = train_toy([post._replace(title="") for post in posts])
    export(untitled, tmp_path / "1", posts, batching=False)  # with titles, which are left out
    assert set(tf.saved_model.load(str(tmp_path / "1")).signatures) == {"serving_default", "text"}


def test_an_export_of_a_titled_model_is_compared_on_titles_even_where_no_post_has_one() -> None:
    few, many = [Post("好吃", 0)], [Post(f"第{row}篇", 0) for row in range(FEWEST_ROWS)]
    for posts in (few, many):
        rows = rows_for(posts, ["好", "吃"], titled=True)
        assert {bool(post.title) for post in rows} == {True, False}
        assert not any(post.title for post in rows_for(posts, ["好", "吃"]))
