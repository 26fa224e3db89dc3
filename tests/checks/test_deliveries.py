"""Findings about deliveries: a clean one beside a bad one hides nothing."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.checks.deliveries import findings
from sentiment.data.ledger import Delivered
from sentiment.data.ledger_batch import Counts

OUTCOMES = {
    "quarantined": "quarantined",
    "repeats": "duplicate",
    "conflicts": "relabelled",
    "disagreements": "disagreed",
}


def delivered(*counts: Counts) -> list[Delivered]:
    return [Delivered(number, f"{number}.tsv", "hash", "2026-11-05", each) for number, each in enumerate(counts, 1)]


@pytest.mark.parametrize(("name", "outcome"), OUTCOMES.items())
def test_a_clean_delivery_hides_nothing_wherever_it_stands(name: str, outcome: str) -> None:
    bad = Counts(accepted=200, **{outcome: 63})
    for order in permutations([bad, Counts(accepted=100), Counts()]):
        found = {finding.name: finding for finding in findings(delivered(*order))}
        assert found[name].value == 63 / 363
        assert list(found[name].examples) == [f"{order.index(bad) + 1}.tsv: 63 rows"]
        assert [found[other].value for other in OUTCOMES if other != name] == [0, 0, 0]


COUNTS = st.builds(Counts, *[st.integers(0, 50)] * 5)


@given(st.lists(COUNTS, min_size=1, max_size=8))
def test_every_share_is_that_of_all_rows(counts: list[Counts]) -> None:
    rows = sum(each.accepted + each.duplicate + each.relabelled + each.quarantined + each.disagreed for each in counts)
    for finding in findings(delivered(*counts)):
        wanted = sum(getattr(each, OUTCOMES[finding.name]) for each in counts)
        assert finding.value == (wanted / rows if rows else None)


def test_a_file_that_was_delivered_twice_counts_twice() -> None:
    twice = [Delivered(number, "same.tsv", str(number), "", Counts(accepted=5, quarantined=5)) for number in (1, 2)]
    [quarantined, *_] = findings(twice)
    assert quarantined.value == 0.5 and list(quarantined.examples) == ["same.tsv: 5 rows"] * 2


def test_texts_that_contradict_the_base_data_count_as_disagreements() -> None:
    night = delivered(Counts(accepted=90, disagreed=10))
    assert {finding.name: finding.value for finding in findings(night, contested=40)}["disagreements"] == 0.4
    assert {finding.name: finding.value for finding in findings(night, contested=5)}["disagreements"] == 0.1
    assert findings([], contested=5)[-1].value is None


def test_at_most_five_are_named_the_worst_first() -> None:
    found = findings(delivered(*(Counts(quarantined=number) for number in range(1, 9))))[0]
    assert list(found.examples) == [f"{number}.tsv: {number} rows" for number in range(8, 3, -1)]
