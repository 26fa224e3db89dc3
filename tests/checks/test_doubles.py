"""Findings about posts that were labelled twice."""

from __future__ import annotations

import pytest

from sentiment.checks.doubles import findings
from sentiment.checks.verdict import judge
from sentiment.results.deliveries import Doubles
from sentiment.settings import Limits, Settings


def of(**counts: tuple[int, int]) -> list[Doubles]:
    return [Doubles(source=name, labels=labels, contradicted=wrong) for name, (labels, wrong) in counts.items()]


def test_a_source_that_errs_more_than_all_others_is_named() -> None:
    contradicted, worse = findings(of(forum=(400, 40), shop=(60, 30), blog=(20, 2)))
    assert contradicted.value == pytest.approx(0.377, abs=0.001)
    assert contradicted.what == "Source shop: 30 of 60 labels (95 % interval 37.7% to 62.3%)"
    assert worse.value == pytest.approx(0.27, abs=0.01) and worse.what == contradicted.what
    assert len(worse.examples) == 1 and "shop" in worse.examples[0], "the forum is not above the others"
    limits = Settings()
    sentence = judge(worse, limits.check_worse).sentence
    assert judge(contradicted, limits.check_contradicted).level == "warning"
    assert sentence.endswith("up to 5.0% is expected. Source shop: 30 of 60 labels (95 % interval 37.7% to 62.3%).")


def test_sources_that_are_not_listed_count_among_the_others() -> None:
    rest = Doubles(source="", labels=100_000, contradicted=5_000, others=90_000)
    contradicted, worse = findings([*of(shop=(60, 30)), rest])
    assert [found.what[:11] for found in (contradicted, worse)] == ["Source shop"] * 2
    assert worse.value == pytest.approx(0.327, abs=0.01) and len(contradicted.examples) == 1


def test_of_two_that_contradict_each_other_none_is_worse() -> None:
    contradicted, worse = findings(of(forum=(100, 40), shop=(100, 40)))
    assert contradicted.value == pytest.approx(0.309, abs=0.001) and (worse.value, worse.what) == (0.0, "")


def test_few_doubles_are_not_measured_and_it_says_how_many_are_missing() -> None:
    for found in (*findings(of(forum=(22, 22), shop=(12, 12))), *findings([])):
        assert found.value is None
    told = judge(findings(of(forum=(22, 22)))[0], Limits(0.0, None)).sentence
    assert told.endswith("not measured, 8 more posts that two sources label are needed.")


def test_posts_without_a_source_and_strange_names_are_told_in_one_harmless_line() -> None:
    found = findings([*of(forum=(500, 2)), Doubles("", 50, 20), Doubles("\u202e\n" + "x" * 999, 50, 30)])[1]
    first, second = found.examples
    assert first.startswith("Source \\u202e") and len(first) < 140 and "\n" not in first
    assert second.startswith("Posts without a source: 20 of 50 labels")
