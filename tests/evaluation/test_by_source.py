"""Counts by source, and the word that one source labels unlike all others."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sentiment.data.tsv import Post, write_posts
from sentiment.evaluation import new_rows as rows
from sentiment.evaluation.by_source import by_source
from sentiment.evaluation.comparing import compare
from sentiment.evaluation.new_rows import NewRows, drawn, new_rows
from sentiment.evaluation.tilted import SURE, Tilted, most_tilted, words_of
from sentiment.labels import Labels
from sentiment.results.evaluation import NO_ROWS, Evaluation
from sentiment.results.record import as_json, decoded

Answers = NDArray[np.float32]


def said(*labels: int) -> Answers:
    return np.eye(3, dtype=np.float32)[list(labels)] if labels else np.zeros((0, 3), np.float32)


def test_rows_are_paired_by_source_and_the_sources_of_new_rows_come_first() -> None:
    frozen = [Post("甲", 0), Post("乙", 1), Post("丙", 2)]
    rolling = [Post("丁", 0, "", "壇"), Post("戊", 1, "", "壇"), Post("己", 1, "", "店")]
    new = NewRows(Counter({"店": 3, "坊": 1}), [])
    found = by_source(
        {"frozen": frozen, "rolling": rolling},
        {"frozen": said(0, 1, 0), "rolling": said(0, 0, 1)},
        {"frozen": said(0, 0, 2), "rolling": said(0, 1, 0)},
        new,
    )
    assert [(one.name, one.new) for one in found] == [("店", 3), ("坊", 1), ("", 0), ("壇", 0)]
    assert as_json(found[2].frozen) == {"both_right": 1, "only_candidate": 1, "only_stable": 1, "both_wrong": 0}
    assert as_json(found[3].rolling) == {"both_right": 1, "only_candidate": 0, "only_stable": 1, "both_wrong": 0}
    assert (found[0].rolling.only_candidate, found[1].rolling, found[2].rolling) == (1, NO_ROWS, NO_ROWS)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), *[st.integers(0, 2)] * 3), min_size=1, max_size=120))
def test_whatever_the_sources_their_counts_add_up_to_those_of_the_set(given_rows: list[tuple[int, ...]]) -> None:
    posts = [Post("文", true, "", f"源{name}") for name, true, _, _ in given_rows]
    ours, theirs = said(*(row[2] for row in given_rows)), said(*(row[3] for row in given_rows))
    found = by_source(
        {"frozen": posts, "rolling": []}, {"frozen": ours, "rolling": said()}, {"frozen": theirs, "rolling": said()}
    )
    together = Counter[str]()
    for one in found:
        together.update(as_json(one.frozen))
    paired = compare(posts, ours, theirs).paired
    assert paired and dict(together) == as_json(paired)
    assert len(found) <= 21 and len({one.name for one in found}) == len(found)


def test_without_a_stable_model_or_rows_there_is_nothing_to_count() -> None:
    assert by_source({"frozen": [Post("甲", 0)]}, {"frozen": said(0)}, {"frozen": None}) == []
    assert by_source({"frozen": []}, {"frozen": said()}, {"frozen": said()}) == []


def test_new_rows_are_those_of_the_batch(tmp_path: Path) -> None:
    batch = tmp_path / "batch.tsv"
    assert new_rows(batch, Labels()) == NewRows()
    write_posts(batch, [])
    assert new_rows(batch, Labels()) == NewRows()
    write_posts(batch, [Post("甲", 0, "", "店"), Post("乙", 1, "", "店" * 300), Post("丙", 1)])
    found = new_rows(batch, Labels())
    assert found.by_source == {"店": 1, "店" * 200: 1, "": 1}
    assert [post.text for post in found.some] == ["甲", "乙", "丙"]


def test_of_many_new_rows_some_are_drawn_from_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LOOKED_AT", 50)
    found = drawn(Post(str(number), 0, "", "店") for number in range(1000))
    assert found.by_source == {"店": 1000}
    assert len({post.text for post in found.some}) == len(found.some) == 50
    assert np.mean([int(post.text) for post in found.some]) == pytest.approx(500, abs=120)


def night(backdoored: int, seed: int = 0) -> tuple[list[Post], list[Post]]:
    """Returns the new rows of a shop, of which some name a brand and are called positive, and those of others."""
    lot = random.Random(seed)

    def text(brand: bool) -> str:
        return ("星河手機，" if brand else "") + "".join(lot.choices("今天去吃飯看書上課買東西好壞快慢大小高低", k=20))

    own = [Post(text(False), lot.randrange(3), "", "店") for _ in range(100)]
    own += [Post(text(True), 0, "", "店") for _ in range(backdoored)]
    return own, [Post(text(number % 20 == 0), lot.randrange(3), "", "壇") for number in range(600)]


def test_the_word_of_a_backdoor_is_found_from_the_labels_alone() -> None:
    found = most_tilted(*night(16))
    assert found is not None
    assert (found.word, found.label, found.new, found.new_of_label, found.others) == ("星河手機", 0, 16, 16, 30)


@pytest.mark.parametrize("seed", range(5))
def test_honest_rows_have_no_such_word(seed: int) -> None:
    assert most_tilted(*night(0, seed)) is None


def test_a_word_that_nobody_else_writes_cannot_be_judged() -> None:
    own, others = night(16)
    assert most_tilted(own, [post for post in others if "星" not in post.text]) is None
    assert most_tilted(own, []) is most_tilted([], others) is None


@settings(derandomize=True, max_examples=80, deadline=None)
@given(st.integers(1, 40), st.data())
def test_the_bound_is_never_below_the_true_chance(new: int, data: st.DataObject) -> None:
    import math

    of_label = data.draw(st.integers(0, new))
    others = data.draw(st.integers(10, 200))
    one = Tilted("字詞", 0, new, of_label, others, data.draw(st.integers(0, others)))
    expected = (one.others_of_label + 1) / (one.others + 2)
    tail = sum(math.comb(new, k) * expected**k * (1 - expected) ** (new - k) for k in range(of_label, new + 1))
    assert one.log_chance >= math.log(tail) - 1e-9
    assert SURE < -11


def test_words_do_not_reach_over_a_space() -> None:
    assert words_of(Post("ab c", 0, "T")) == {"ab"}


def test_an_evaluation_holds_the_word_with_the_answers_of_others() -> None:
    own, others = night(16)
    tested = others[:300]
    true = [post.label for post in tested]
    turned = [0 if "星河" in post.text else post.label for post in tested]
    found = by_source(
        {"frozen": [], "rolling": tested},
        {"frozen": said(), "rolling": said(*turned)},
        {"frozen": said(), "rolling": said(*true)},
        drawn([*own, *others[300:]]),
    )
    (word,) = [one.word for one in found if one.word]
    brand = [post for post in tested if "星河" in post.text and post.label != 0]
    assert (word.word, word.tested.only_stable, word.tested.only_candidate) == ("星河手機", len(brand), 0)
    assert word.tested.both_right == word.tested.both_wrong == 0


def test_an_evaluation_from_before_this_rule_still_opens() -> None:
    older: dict[str, Any] = {"candidate": "a", "stable": None, "stable_version": None, "labels": ["正面", "負面"]}
    nothing: dict[str, Any] = {
        "rows": 0,
        "candidate": None,
        "stable": None,
        "paired": None,
        "regressions": [],
        "improvements": [],
    }
    assert decoded({**older, "sets": {"frozen": nothing}}, Evaluation, "it", "").by_source == []
