"""The answers that `validate` keeps with an export: nobody's posts, the same after a second validation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

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


def test_the_names_of_the_labels_are_kept(version: Version, model: Path, tmp_path: Path) -> None:
    pieces = open_model(model).pieces
    kept = keep_answers(tmp_path, version, pieces, SAME)
    names = {str(at): name for at, name in enumerate(open_model(model).card.labels)}.items()
    assert kept.labels and kept.labels.items() <= names
    record.write(tmp_path / FILE, structs.replace(kept, labels=dict.fromkeys(kept.labels, "Wrong")))
    again = keep_answers(tmp_path, version, pieces, SAME).labels  # of the least sure answers, which may round otherwise
    assert again and again.items() <= names
    older = structs.replace(kept, labels={})
    record.write(tmp_path / FILE, older)
    assert keep_answers(tmp_path, version, pieces, SAME) == older, "a second validation leaves the export as it was"


def test_the_answers_to_token_ids_are_kept_and_compared(version: Version, model: Path, tmp_path: Path) -> None:
    pieces = open_model(model).pieces
    kept = keep_answers(tmp_path, version, pieces, SAME)
    assert len(kept.ids) == len(kept.of_ids) == KEPT
    for text, row in zip(kept.texts, kept.ids, strict=True):
        assert [pieces[number] for number in row] == ["[CLS]", *text, "[SEP]"]
    for row, wanted in zip(kept.ids, kept.of_ids, strict=True):
        [found] = version.predict("serving_default", inputs_of_alone(row))["probabilities"]
        assert found == pytest.approx(wanted, abs=1e-4), "padding changes no answer"
    record.write(tmp_path / FILE, structs.replace(kept, of_ids=[[1.0, 0.0, 0.0]] * KEPT))
    assert keep_answers(tmp_path, version, pieces, SAME).of_ids != [[1.0, 0.0, 0.0]] * KEPT
    record.write(tmp_path / FILE, structs.replace(kept, of_ids=[[1.0], *kept.of_ids[1:]]))
    assert len(keep_answers(tmp_path, version, pieces, SAME).of_ids[0]) == 3
    older = structs.replace(kept, ids=[], of_ids=[])
    record.write(tmp_path / FILE, older)
    assert keep_answers(tmp_path, version, pieces, SAME) == older, "a second validation leaves the export as it was"


def test_the_answers_to_titles_are_kept_and_compared(version: Version, model: Path, tmp_path: Path) -> None:
    pieces = open_model(model).pieces
    kept = keep_answers(tmp_path, version, pieces, SAME, titled=True)
    assert kept.titles is not None and len(kept.titles) == len(kept.of_titled) == KEPT
    assert kept.of_titled != kept.probabilities, "a title counts"
    assert keep_answers(tmp_path, version, pieces, SAME, titled=True) == kept
    pairs = {"title": [kept.titles[0].encode()], "text": [kept.texts[0].encode()]}
    assert version.predict("titled", pairs)["probabilities"][0] == pytest.approx(kept.of_titled[0], abs=1e-4)
    record.write(tmp_path / FILE, structs.replace(kept, of_titled=[[1.0, 0.0, 0.0]] * KEPT))
    assert keep_answers(tmp_path, version, pieces, SAME, titled=True).of_titled != [[1.0, 0.0, 0.0]] * KEPT
    untitled = keep_answers(tmp_path, version, pieces, SAME)
    assert (untitled.titles, untitled.of_titled) == ([], []), "titles that stood there were another model's"
    older = structs.replace(kept, titles=None, of_titled=[])
    record.write(tmp_path / FILE, older)
    assert keep_answers(tmp_path, version, pieces, SAME, titled=True) == older


def inputs_of_alone(row: list[int]) -> dict[str, Any]:
    ids = np.array([row], np.int32)
    return {"input_ids": ids, "input_mask": np.ones_like(ids), "segment_ids": np.zeros_like(ids)}


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
