"""What a server reports and answers, against what the history says: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sentiment.probe.likeness import Reported, foreign_versions, labels_of, likeness
from sentiment.probe.occurrence import following
from sentiment.results.served import Finding, KeptAnswers, Kind, Occurrence
from sentiment.serving.state import State

STATE = State(stables=(1, 2), canary=3, kept=1)
UP = ("AVAILABLE", "")
KEPT = KeptAnswers(texts=["好", "壞"], probabilities=[[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]], within=0.01)
ROW = st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))


def kinds(versions: dict[int, tuple[str, str]], labels: dict[str, int]) -> dict[str, str]:
    return {found.label: found.kind for found in labels_of("a", STATE, Reported(versions, labels))}


@pytest.mark.parametrize(
    ("versions", "labels", "found"),
    [
        ({1: UP, 2: UP, 3: UP}, {"stable": 2, "canary": 3}, {}),
        ({2: UP, 3: ("LOADING", "")}, {"stable": 2}, {"canary": "not compared"}),
        ({2: ("START", ""), 3: UP}, {"canary": 3}, {"stable": "not compared"}),
        ({2: UP, 3: ("END", "no memory")}, {"stable": 2}, {"canary": "other version"}),
        ({2: UP, 3: UP}, {"stable": 2}, {"canary": "other version"}),
        ({3: ("LOADING", "")}, {"stable": 9, "canary": 9}, {"stable": "other version", "canary": "other version"}),
        ({}, {}, {"stable": "other version", "canary": "other version"}),
    ],
)
def test_labels(versions: dict[int, tuple[str, str]], labels: dict[str, int], found: dict[str, str]) -> None:
    assert kinds(versions, labels) == found


def test_a_label_that_nobody_gave_is_found() -> None:
    [found] = labels_of("a", State(stables=(2,)), Reported({2: UP}, {"stable": 2, "canary": 2}))
    assert found.differs and found.sentence == "label canary is version 2; the history says that no version is"


def test_only_loaded_versions_are_foreign() -> None:
    versions = {1: UP, 2: UP, 3: UP, 4: ("END", ""), 5: ("UNLOADING", ""), 6: UP}
    [found] = foreign_versions("a", STATE, Reported(versions, {}))
    assert found.sentence == "version 6 is loaded, which the history does not serve"


@given(st.tuples(ROW, ROW))
def test_one_probability_that_is_further_away_is_another_model(answers: tuple[tuple[float, ...], ...]) -> None:
    pairs = zip(KEPT.probabilities, answers, strict=True)
    far = max(abs(one - other) for row, said in pairs for one, other in zip(row, said, strict=True))
    found = likeness("a", "stable", 2, KEPT, answers)
    assert found.differs is (far > KEPT.within)


def test_as_near_as_another_processor_is_the_same_model() -> None:
    near = [[value + 0.0025 for value in row] for row in KEPT.probabilities]
    assert likeness("a", "stable", 2, KEPT, near).kind == "agrees"


def test_another_number_of_labels_is_another_model() -> None:
    found = likeness("a", "stable", 2, KEPT, [[0.5, 0.5], [0.1, 0.6, 0.3]])
    assert (
        found.kind == "another model" and "1 of 2 answers differ" in found.sentence and "up to 1.00" in found.sentence
    )


def test_answers_to_token_ids_are_compared_behind_those_to_texts() -> None:
    kept = structs.replace(KEPT, ids=[[2, 5, 3]], of_ids=[[0.2, 0.2, 0.6]])
    assert likeness("a", "stable", 2, kept, [*KEPT.probabilities, [0.2, 0.2, 0.6]]).kind == "agrees"
    found = likeness("a", "stable", 2, kept, [*KEPT.probabilities, [0.6, 0.2, 0.2]])
    assert found.kind == "another model" and "1 of 3 answers differ" in found.sentence


def test_answers_to_titles_are_compared_last() -> None:
    kept = structs.replace(KEPT, titles=["店", "新聞"], of_titled=[[0.2, 0.2, 0.6], [0.5, 0.3, 0.2]])
    assert likeness("a", "stable", 2, kept, [*KEPT.probabilities, *kept.of_titled]).kind == "agrees"
    found = likeness("a", "stable", 2, kept, [*KEPT.probabilities, *reversed(kept.of_titled)])
    assert found.kind == "another model" and "2 of 4 answers differ" in found.sentence


NAMED = structs.replace(KEPT, labels={"0": "正面", "1": "負面"})


@pytest.mark.parametrize(
    ("kept", "named", "kind"),
    [
        (NAMED, [(0, "正面"), (1, "負面")], "agrees"),
        (NAMED, [(1, "負面"), (0, "正面")], "agrees"),  # near a tie, a text may get the other label
        (NAMED, [(0, "負面"), (1, "正面")], "another model"),
        (NAMED, [(0, "正面"), (1, "Negative")], "another model"),
        (NAMED, [(2, "中立")], "agrees"),  # not seen when it was validated
        (KEPT, [(0, "負面")], "agrees"),  # validated by an earlier version
    ],
)
def test_a_label_id_keeps_its_label(kept: KeptAnswers, named: list[tuple[int, str]], kind: Kind) -> None:
    found = likeness("a", "stable", 2, kept, KEPT.probabilities, named)
    assert found.kind == kind
    assert found.differs is ("which was" in found.sentence)


def finding(kind: Kind) -> Finding:
    return Finding(server="a", label="stable", kind=kind, sentence=kind)


def test_an_occurrence_begins_once_and_ends_when_every_server_was_reached() -> None:
    assert following(None, [finding("agrees")], "1") is None
    begun = following(None, [finding("agrees"), finding("another model")], "1")
    assert begun == Occurrence(since="1", differences=["a: another model"])
    grown = following(begun, [finding("refuses")], "2")
    assert grown == Occurrence(since="1", differences=["a: refuses"])
    assert following(grown, [finding("agrees"), finding("unreachable")], "3") == grown
    over = following(grown, [finding("agrees"), finding("not compared")], "4")
    assert over == Occurrence(since="1", until="4", differences=["a: refuses"])
    assert following(over, [finding("agrees")], "5") == over
    assert following(over, [finding("other version")], "6") == Occurrence(since="6", differences=["a: other version"])
