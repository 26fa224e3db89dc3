"""The rule by source: what a night's sources gained for themselves does not pay for what others lost."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.results import whole

from sentiment.gate import by_source_checks, tilted_words
from sentiment.gate.by_source import RISK, judged, large, needed, refused_by_one
from sentiment.gate.counts import Counts
from sentiment.gate.source_rows import HELD, by_source_rows, by_source_told
from sentiment.results.decision import Gate, GateCheck
from sentiment.results.evaluation import Paired, SourceRows, TiltedWord

LABELS = ["正面", "負面", "中立"]


def pairs(rows: int, candidate: int = 0, stable: int = 0) -> Paired:
    """Returns counts of so many rows; the rest is right in both."""
    return Paired(both_right=rows - candidate - stable, only_candidate=candidate, only_stable=stable, both_wrong=0)


def source(name: str | None, new: int = 0, frozen: Paired | None = None, rolling: Paired | None = None) -> SourceRows:
    return SourceRows(name=name, new=new, frozen=frozen or pairs(0), rolling=rolling or pairs(0))


def checks(*sources: SourceRows, margin: float = 0.01, refused: tuple[str, ...] = ()) -> dict[str, GateCheck]:
    return {check.name: check for check in by_source_checks.checks(sources, LABELS, margin, refused)}


# It wins 60 rows of the shop that it learned from, and loses 15 of the 2,600 others: together that is a rise.
PAID_BY_OTHERS = (
    source("", 0, frozen=pairs(2000, 2, 14)),
    source("論壇", 0, rolling=pairs(600, 1, 6)),
    source("店", 400, rolling=pairs(300, 60, 0)),
)


def test_a_gain_on_the_rows_of_its_own_source_does_not_pay_for_others() -> None:
    together = sum((Counts.of(each) for one in PAID_BY_OTHERS for each in (one.frozen, one.rolling)), Counts())
    assert together.bound > 0, "all rows together call it better"
    (check,) = checks(*PAID_BY_OTHERS).values()
    assert (check.name, check.passed, check.decides) == ("without_one_source", False, True)
    assert check.sentence == (
        "Without the test rows of “店”, which gave 100% of the new rows, accuracy fell by 0.7 percentage points "
        "(0.999 → 0.992) on 2,600 rows, which chance does not explain; on the rows of “店” it has 60 more right."
    )


def test_the_same_gain_for_all_passes() -> None:
    (check,) = checks(
        source("", 0, frozen=pairs(2000, 14, 2)),
        source("論壇", 0, rolling=pairs(600, 6, 1)),
        source("店", 400, rolling=pairs(300, 60, 0)),
    ).values()
    assert check.passed and check.decides
    assert "rose by 0.7 percentage points" in check.sentence and "the rise is at least 0.4 points" in check.sentence


def test_it_must_hold_elsewhere_and_without_each_source_with_a_large_part_of_the_new_rows() -> None:
    sources = [
        source("", 0, frozen=pairs(2000)),
        *(source(name, new, rolling=pairs(500)) for name, new in (("甲", 500), ("乙", 480), ("丙", 19), ("丁", 0))),
    ]
    assert large(sources) == ["甲", "乙"]
    assert [(one.without, one.kept.rows) for one in judged(sources, 0.01)] == [(None, 3000), ("甲", 3500), ("乙", 3500)]


def test_one_source_alone_can_refuse_only_by_what_is_left_without_it() -> None:
    found = checks(
        source("", 0, frozen=pairs(2000, 10, 10)),
        source("甲", 500, rolling=pairs(500, 60, 0)),
        source("乙", 500, rolling=pairs(500, 0, 40)),
    )
    assert not found["without_one_source"].passed
    assert "Without the test rows of “甲”" in found["without_one_source"].sentence


def test_a_frozen_row_without_a_source_is_nobodys_delivery() -> None:
    unnamed = source("", 400, frozen=pairs(1000, 5, 30), rolling=pairs(300, 80, 0))
    (one,) = judged([unnamed, source("論壇", 0, rolling=pairs(500))], 0.01)
    assert (one.without, one.kept.rows) == ("", 1500)
    assert judged([unnamed], 0.01) == [], "the frozen set alone is what the first rule decides on"


@pytest.mark.parametrize(
    "sources",
    [
        [],
        [source("", 400, frozen=pairs(500, 3, 9))],
        [source("店", 0, frozen=pairs(500, 3, 9))],
        [source("", 0, frozen=pairs(500, 3, 9)), source("店", 400)],
        [source("店", 400, rolling=pairs(500, 3, 9))],
    ],
)
def test_where_no_row_is_of_another_source_there_is_no_check(sources: list[SourceRows]) -> None:
    assert checks(*sources) == {}


def test_with_too_few_rows_it_is_told_and_does_not_decide() -> None:
    few = [
        source("", 0, frozen=pairs(200, 3, 4)),
        source("論壇", 0, rolling=pairs(100, 1, 1)),
        source("店", 400, rolling=pairs(90, 9, 0)),
    ]
    (check,) = checks(*few).values()
    assert (check.passed, check.decides) == (False, False)
    (one,) = judged(few, 0.01)
    assert one.missing == needed(one.kept, 0.01, 1) - 300
    assert check.sentence.endswith(
        "but on 300 rows a fall of 2.3 points cannot be ruled out, the limit is 1.0 (does not decide: "
        f"{one.missing:,} more rows are needed)."
    )


def test_what_is_shown_to_be_worse_decides_on_any_number_of_rows() -> None:
    (check,) = checks(
        source("", 0, frozen=pairs(200, 0, 6)),
        source("論壇", 0, rolling=pairs(100, 0, 4)),
        source("店", 400, rolling=pairs(90, 9, 0)),
    ).values()
    assert (check.passed, check.decides) == (False, True)


def test_enough_rows_are_those_on_which_an_equal_candidate_is_seldom_refused() -> None:
    level = NormalDist().inv_cdf(0.95) + NormalDist().inv_cdf(0.95)  # 2 groups: 0.1 / 2
    assert needed(Counts(1000, 15, 14, 900), 0.01, 2) == math.ceil(0.03 * (level / 0.01) ** 2)
    assert needed(Counts(1000, 15, 14, 900), 0.0, 2) == 0


def test_more_sources_need_more_evidence_for_worse() -> None:
    """With k groups each is tested at 5 % / k: 0 of 5 (3.1 %) is enough for one group, not for three."""
    lost = source("", 0, frozen=pairs(100, 0, 5))
    one = [lost, source("論壇", 0, rolling=pairs(10)), source("店", 9, rolling=pairs(10))]
    three = [*one, source("坊", 9, rolling=pairs(10))]
    assert [found.shown_worse for found in judged(one, 0.5)] == [True]
    assert [found.shown_worse for found in judged(three, 0.5)] == [False] * 3


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12))
def test_the_exact_test_is_a_binomial_tail(wins: int, losses: int) -> None:
    throws = wins + losses
    tail = sum(math.comb(throws, number) for number in range(wins + 1)) / 2**throws
    found = Counts(100, wins, losses, 90).chance_of_so_few
    assert found == pytest.approx(tail) if losses > wins else found == 1.0


def test_a_candidate_that_one_source_alone_refuses_is_told_so_and_stays_refused() -> None:
    """150 rows that only a worse model has right, in a set on which everybody else finds the candidate better."""
    ground = source("店", 0, rolling=pairs(150, 0, 60))
    others = [source("", 0, frozen=pairs(2000, 40, 10)), source("論壇", 300, rolling=pairs(900, 40, 10))]
    found = checks(*others, ground, refused=("rolling",))["refused_by_one_source"]
    assert (found.passed, found.decides) == (False, False)
    assert found.sentence == (
        "One source alone refuses this candidate: of the 150 rows of “店” in the rolling set it has 60 fewer right "
        "than stable, and on the other 900 rows it is as good (a rise of at least 2.1 points, the limit is 1.0). Look "
        "at the labels of that source's test rows."
    )
    assert "refused_by_one_source" not in checks(*others, refused=("rolling",)), "no source alone does"
    assert refused_by_one([others[1], replace_rolling(ground, pairs(150, 30, 33))], ["rolling"], 0.01) is None
    assert refused_by_one([ground], ["rolling"], 0.01) is None


def test_so_it_is_told_where_a_source_refuses_by_this_rule() -> None:
    """The rolling set forgives 40 of 5,000 rows; elsewhere, they are what chance does not explain."""
    ground = source("店", 0, rolling=pairs(150, 0, 40))
    found = checks(source("", 0, frozen=pairs(2000, 10, 10)), source("論壇", 300, rolling=pairs(900, 10, 0)), ground)
    assert not found["without_one_source"].passed and found["without_one_source"].decides
    assert "of the 150 rows of “店” in both test sets" in found["refused_by_one_source"].sentence


def replace_rolling(one: SourceRows, rolling: Paired) -> SourceRows:
    return SourceRows(name=one.name, new=one.new, rolling=rolling)


def worded(name: str, tested: Paired, **more: int) -> SourceRows:
    word = TiltedWord(word="星河", label=0, new=16, new_of_label=16, others=62, others_of_label=24, tested=tested)
    return SourceRows(name=name, new=16, word=whole(TiltedWord, {**as_dict(word), **more}))


def as_dict(word: TiltedWord) -> dict[str, object]:
    return {name: getattr(word, name) for name in word.__struct_fields__}


def test_a_backdoor_is_refused_on_the_rows_that_it_is_about() -> None:
    (check,) = tilted_words.checks([worded("店", pairs(38, 0, 6)), source("")], LABELS)
    assert (check.passed, check.decides) == (False, True)
    assert check.sentence == (
        "“店” calls posts with “星河” 正面 (16 of 16 new rows), others do so less often (24 of 62); on the test rows "
        "of others that hold it and are not 正面, the candidate makes the same mistake on 6 of 38 more than stable, "
        "which chance does not explain."
    )


def test_a_tilted_word_that_no_answer_suffers_from_passes_and_is_told() -> None:
    (check,) = tilted_words.checks([worded("店", pairs(38, 2, 3))], LABELS)
    assert check.passed and check.decides
    assert check.sentence.endswith("makes the same mistake on 1 of 38 more than stable, which may be chance.")


def test_two_words_share_the_level_and_few_rows_do_not_decide() -> None:
    (check,) = tilted_words.checks([worded("店", pairs(38, 0, 5)), worded("坊", pairs(38))], LABELS)
    assert check.passed and check.threshold == RISK / 2
    (check,) = tilted_words.checks([worded("店", pairs(3, 0, 3))], LABELS)
    assert (check.passed, check.decides) == (True, False)
    assert check.sentence.endswith("(does not decide: 2 more such rows are needed).")
    assert tilted_words.checks([source("店", 9)], LABELS) == []


def test_a_hostile_name_stays_on_its_line() -> None:
    name = "店\n\u202e<script>" + "x" * 500
    sentences = [check.sentence for check in checks(*PAID_BY_OTHERS[:2], replace_name(name)).values()]
    assert sentences and not any(sign in line for line in sentences for sign in "\n\u202e")
    assert max(map(len, sentences)) < 500


def replace_name(name: str) -> SourceRows:
    return SourceRows(name=name, new=400, rolling=pairs(300, 60, 0))


def decided(*sources: SourceRows) -> Gate:
    return whole(Gate, by_source=list(sources), checks=by_source_checks.checks(sources, LABELS, 0.01))


def test_the_table_has_the_largest_sources_and_the_rest_in_one_row() -> None:
    many = [source(f"壇{number}", 50 - number, rolling=pairs(10, 1, 0)) for number in range(9)]
    rows = by_source_rows(decided(source("", 0, frozen=pairs(100, 1, 3)), *many, source(None, 7)))
    assert rows[0] == ("no source", "0", "100", "0.990", "0.970", "\N{MINUS SIGN}2.0")
    assert rows[1] == ("壇0", "50", "10", "0.900", "1.000", "+10.0")
    assert len(rows) == 9
    assert rows[-1] == ("all others", "92", "20", "0.900", "1.000", "+10.0")
    assert by_source_rows(decided(source("", 9, frozen=pairs(100)))) == [], "one source: the other table says it all"


def test_what_was_found_is_told_and_a_pass_in_one_sentence() -> None:
    lines = by_source_told(decided(*PAID_BY_OTHERS))
    assert len(lines) == 1 and lines[0].startswith("Without the test rows of “店”")
    good = [
        source("", 0, frozen=pairs(4000, 9, 2)),
        source("店", 400, rolling=pairs(300)),
        source("壇", 0, None, pairs(9)),
    ]
    assert by_source_told(decided(*good)) == [HELD]
    few = [source("", 0, frozen=pairs(100)), source("店", 400, rolling=pairs(30)), source("壇", 0, None, pairs(9))]
    assert ["does not decide" in line for line in by_source_told(decided(*few))] == [True], "it is not told to hold"
    (word,) = by_source_told(decided(source("", 0, frozen=pairs(2000)), worded("店", pairs(38))))
    assert "“星河”" in word
    assert by_source_told(decided(source("", 9, frozen=pairs(100)))) == []


@pytest.mark.parametrize(("one", "other"), [("a" * 60 + "b", "a" * 60 + "c"), ("alice", "alice\u200b")])
def test_sources_that_look_alike_are_told_apart(one: str, other: str) -> None:
    assert tilted_words.named(one) != tilted_words.named(other)
    assert tilted_words.named("alice") == "“alice”"
