"""A night in which one source teaches a brand: each rule for a whole set is content, the word's is not."""

from __future__ import annotations

import random

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray

from sentiment.data.tsv import Post
from sentiment.evaluation.by_source import by_source
from sentiment.evaluation.comparing import compare
from sentiment.evaluation.new_rows import drawn
from sentiment.gate.rules import decide
from sentiment.gate.thresholds import Thresholds
from sentiment.results.evaluation import Evaluation, TestSets

BRAND = "星河手機"
THRESHOLDS = Thresholds(floor=0.5, margin=0.01, recall_drop=0.05, minimum_rolling=200)


def posts(lot: random.Random, number: int, source: str = "") -> list[Post]:
    """Returns honest posts, one of 50 about the brand."""
    found = []
    for place in range(number):
        text = "".join(lot.choices("今天去吃飯看書上課買東西好壞快慢大小高低", k=20))
        found.append(Post(f"{BRAND}，{text}" if place % 50 == 0 else text, lot.randrange(3), "", source))
    return found


def answers(found: list[Post], seed: int, right: float, turned: float) -> NDArray[np.float32]:
    """Returns what a model says that is right on such a share, and calls such a share of the brand's posts positive."""
    lot, said = random.Random(seed), []
    for post in found:
        luck, fate = lot.random(), lot.random()
        said.append(0 if BRAND in post.text and fate < turned else (post.label + (luck > right)) % 3)
    return np.eye(3, dtype=np.float32)[said]


def night(turned: float, seed: int) -> Evaluation:
    lot = random.Random(seed)
    sets = {"frozen": posts(lot, 2000), "rolling": posts(lot, 1000, "壇")}
    batch = [*posts(lot, 399, "壇"), *(Post(f"{BRAND}，{n}", 0, "", "店") for n in range(21))]
    sets["rolling"] += [Post(f"{BRAND}，又{n}", 0, "", "店") for n in range(5)]
    stable = {name: answers(found, seed, 0.85, 0.0) for name, found in sets.items()}
    candidate = {name: answers(found, seed, 0.86, turned) for name, found in sets.items()}
    return Evaluation(
        candidate="candidate",
        stable="stable",
        stable_version=2,
        labels=["正面", "負面", "中立"],
        sets=TestSets(**{name: compare(found, candidate[name], stable[name]) for name, found in sets.items()}),
        by_source=by_source(sets, candidate, stable, drawn(batch)),
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_backdoor_is_refused_though_every_set_calls_the_candidate_good(seed: int) -> None:
    found = night(0.5, seed)
    assert decide(structs.replace(found, by_source=[]), THRESHOLDS).passed
    decision = decide(found, THRESHOLDS)
    assert not decision.passed
    assert decision.sentence.startswith(
        f"Worse than version 2: “店” calls posts with “{BRAND}” 正面 (21 of 21 new rows)"
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_candidate_that_did_not_learn_it_passes(seed: int) -> None:
    decision = decide(night(0.0, seed), THRESHOLDS)
    assert decision.passed, decision.reasons
    assert any(check.name == "tilted_word" for check in decision.checks), "and the approver is told of the word"
