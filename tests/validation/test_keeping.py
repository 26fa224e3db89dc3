"""The answers that `validate` keeps with an export: nobody's posts, the same after a second validation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentiment.export.parity import ROUNDED, SAME
from sentiment.model.folder import open_model
from sentiment.results import record
from sentiment.results.served import FILE, KeptAnswers, read_answers
from sentiment.validation import keeping
from sentiment.validation.asking import Version, connected
from sentiment.validation.keeping import KEPT, invented_texts, keep_answers


@pytest.fixture
def version(server: Any) -> Iterator[Version]:
    with connected(server) as channel:
        yield Version(server, 1, channel)


def test_the_answers_of_which_it_is_least_sure_are_kept(version: Version, model: Path, tmp_path: Path) -> None:
    pieces = open_model(model).pieces
    kept = keep_answers(tmp_path, version, pieces, SAME)
    assert read_answers(tmp_path) == kept and len(kept.texts) == len(kept.probabilities) == KEPT
    assert all(math.isclose(sum(row), 1, abs_tol=1e-5) for row in kept.probabilities)
    sureness = [sorted(row)[-1] - sorted(row)[-2] for row in kept.probabilities]
    others = version.predict("text", {"text": [text.encode() for text in invented_texts(pieces)]})["probabilities"]
    assert sureness == sorted(sureness) and max(sureness) < max(sorted(row)[-1] - sorted(row)[-2] for row in others)


def test_a_second_validation_leaves_them_and_another_model_replaces_them(
    version: Version, model: Path, tmp_path: Path
) -> None:
    pieces = open_model(model).pieces
    keep_answers(tmp_path, version, pieces, SAME)
    before = (tmp_path / FILE).read_bytes()
    keep_answers(tmp_path, version, pieces, SAME)
    assert (tmp_path / FILE).read_bytes() == before
    kept = read_answers(tmp_path)
    assert kept
    foreign = KeptAnswers(texts=kept.texts, probabilities=[[1.0, 0.0, 0.0]] * KEPT, within=kept.within)
    for planted in (foreign, KeptAnswers(texts=[], probabilities=[], within=kept.within)):
        record.write(tmp_path / FILE, planted)
        assert keep_answers(tmp_path, version, pieces, SAME).probabilities != planted.probabilities
    (tmp_path / FILE).write_text("{")
    assert len(keep_answers(tmp_path, version, pieces, SAME).texts) == KEPT


def test_half_floats_may_be_further_apart(version: Version, tmp_path: Path) -> None:
    assert keep_answers(tmp_path, version, ["好", "吃"], ROUNDED).within == keeping.ROUNDED > keeping.EXACT


def test_a_vocabulary_without_characters_has_texts_too() -> None:
    assert set("".join(invented_texts(["[CLS]", "##啊"]))) == {"好"}
