"""Recorded English sentences, in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from time import process_time

import pytest

from sentiment.language import recorded, speaking
from sentiment.language.catalogue import sentences
from sentiment.language.patterns import Patterns
from sentiment.language.recorded import LONGEST, LONGEST_OF_ALL, MOST_SEARCHES, Translator

SENTENCES = {
    "Accuracy on the {set} set fell by {by} points ({rows:,} rows).": "{set}集下降 {by} 個百分點（{rows} 筆）。",
    "Accuracy on the {set} set fell by {by} points ({rows:,} rows), the limit is {limit}.": "{set}{by}（{rows}）{limit}",  # noqa: E501
    "frozen": "固定",
    "Worse than {stable}: {sentence}": "不如{stable}：{sentence}",
    "{sentence} {number} others failed.": "{sentence}另有 {number} 項未通過。",
    "version {version}": "第 {version} 版",
    "{number} row": "{number} 筆",
    "{number} rows": "{number} 筆",
    "{who} overrode the gate: {why}": "{who} 越過關卡：{why}",
    "Loosened by {who}. Reason: {reason}": "{who} 放寬。理由：{reason}",
    "Loosened by {who}. Reason: {reason} {sentence}": "{who} 放寬。理由：{reason}　{sentence}",
    "It breaks {broken}, the limit is {limit}{aside}.": "破壞 {broken} 例，上限 {limit}{aside}。",
    " (does not decide: {rows:,} rows)": "（不列入判定：{rows} 筆）",
    "{sentence} (at {address})": "{sentence}（於 {address}）",
    "label {label} is {condition}; it was {before}": "標籤 {label} 是{condition}，原本是{before}",
    "Two of them differ: {found}.": "有兩個不同：{found}。",
    "{failed} questions failed ({error})": "{failed} 個問題失敗（{error}）",
    "{a}: {b}": "{a}＝{b}",
    "{who} overrode it ({reason}). {sentence}": "{who} 越過它（{reason}）。{sentence}",
    "{source} errs on rows.": "{source} 弄錯。",
}
chinese = Translator(SENTENCES).said


def test_what_stands_at_the_placeholders_is_kept_and_said() -> None:
    told = "Accuracy on the frozen set fell by 1.2 points (2,000 rows)."
    assert chinese(told) == "固定集下降 1.2 個百分點（2,000 筆）。"
    assert chinese(f"Worse than version 3: {told}") == f"不如第 3 版：{chinese(told)}"
    assert chinese("Worse than version 3: accuracy" + told[8:]) == f"不如第 3 版：{chinese(told)}"
    assert [chinese(rows) for rows in ("1 row", "3 rows")] == ["1 筆", "3 筆"]


def test_the_sentence_with_most_words_of_its_own_is_found() -> None:
    told = "Accuracy on the frozen set fell by 1.2 points (2,000 rows), the limit is 0.5."
    assert chinese(told) == "固定1.2（2,000）0.5"


def test_a_parenthesis_of_ours_may_be_there_or_not() -> None:
    assert chinese("It breaks 3, the limit is 2.") == "破壞 3 例，上限 2。"
    assert chinese("It breaks 3, the limit is 2 (does not decide: 40 rows).") == (
        "破壞 3 例，上限 2（不列入判定：40 筆）。"
    )
    assert chinese("It breaks 3, the limit is 2 (who knows)") == "It breaks 3, the limit is 2 (who knows)"


def test_sentences_follow_what_a_person_wrote_and_come_before_a_count() -> None:
    told = "Worse than version 3: it breaks 3, the limit is 2."
    assert chinese(f"{told} 12 others failed.") == f"{chinese(told)}另有 12 項未通過。"
    loosened = f"Loosened by ann. Reason: few rows. Really. {told}"
    assert chinese(loosened) == f"ann 放寬。理由：few rows. Really.　{chinese(told)}"
    assert chinese("Loosened by ann. Reason: few rows. Really.") == "ann 放寬。理由：few rows. Really."


def test_a_name_is_not_taken_for_a_sentence_that_stands_before_it() -> None:
    told = "bob overrode it (no time). Worse than version 3: a source errs on rows."
    assert chinese(told) == "bob 越過它（no time）。不如第 3 版：a source 弄錯。"
    assert chinese("Dr. No errs on rows.") == "Dr. No 弄錯。"


def test_what_a_person_wrote_stays_as_it_is() -> None:
    assert chinese("frozen overrode the gate: frozen") == "frozen 越過關卡：frozen"
    assert chinese("{who} overrode the gate: {why} {0}") == "{who} 越過關卡：{why} {0}"


@pytest.mark.parametrize(
    "unknown",
    [
        "",
        "Nobody knows this: at all",
        "version of the day",
        "Worse than version 3: as nobody ever said.",
        "It breaks none of our many, the limit is 2.",
        "many rows",
    ],
)
def test_what_is_unknown_or_would_be_half_english_stays_english(unknown: str) -> None:
    assert chinese(unknown) == unknown


def test_sentences_and_clauses_one_behind_the_other_are_each_said() -> None:
    one, other = "label canary is frozen; it was version 2", "label stable is version 3; it was frozen"
    assert chinese(f"http://a: {one}; http://b: {other} (at c)") == (
        "http://a：標籤 canary 是固定，原本是第 2 版；http://b：標籤 stable 是第 3 版，原本是固定（於 c）"
    )
    told = f"Two of them differ: {one}; {other}. Accuracy on the frozen set fell by 1 points (2 rows)."
    assert chinese(told) == (
        "有兩個不同：標籤 canary 是固定，原本是第 2 版；標籤 stable 是第 3 版，原本是固定。"
        "固定集下降 1 個百分點（2 筆）。"
    )


def test_what_is_known_of_several_is_said_and_the_rest_stays() -> None:
    told = "Accuracy on the frozen set fell by 1 points (2 rows). Nobody knows this. Frozen; frozen"
    assert chinese(told) == "固定集下降 1 個百分點（2 筆）。Nobody knows this. Frozen; frozen"
    assert chinese("who; frozen") == "who；固定"


def test_what_a_library_says_stays_within_its_brackets() -> None:
    failed = "9 questions failed (it took too long) (at c)"
    assert chinese(failed) == "9 個問題失敗（it took too long）（於 c）"
    assert chinese("9 questions failed (frozen)") == "9 個問題失敗（固定）"
    assert chinese(f"Two of them differ: {failed}; {failed}.") == f"有兩個不同：{chinese(failed)}；{chinese(failed)}。"


def test_it_is_said_in_the_language_spoken() -> None:
    with speaking("zh-TW"):
        assert recorded("Jan") == sentences("zh-TW")["Jan"] == "1月"
    assert recorded("Jan") == "Jan"
    assert sentences("en") == sentences("tlh") == {}


HOSTILE = {
    "letters": "a" * 10_000,
    "words": "ab " * 3_333,
    "sentences": "It is. " * 1_400,
    "clauses": "a; " * 3_333,
    "names": "a: " * 3_333,
    "wrapped": "Worse than version 3: " * 450,
    "loosened": "Loosened by ann. Reason: " * 400,
    "behind": " 1 others failed." * 600,
    "parentheses": "It breaks 3, the limit is 2" + " (does not decide: 4 rows)" * 380 + ".",
    "numbers": "It breaks " + "1," * 5_000 + "the limit is 2.",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_of_a_stranger_takes_long(kind: str) -> None:
    known = Translator(SENTENCES)
    begin = process_time()
    for text in (HOSTILE[kind], f"Worse than version 3: {HOSTILE[kind]}", f"{HOSTILE[kind]} 3 others failed."):
        assert known.said(text)
    assert process_time() - begin < 2


def test_a_text_made_of_our_own_words_is_given_up_before_it_takes_long() -> None:
    joints, draw = ("then", "when", "that", "with"), Random(1)
    known = Translator({f"{{x}} {joint} {{y}}": f"{{x}} {joint.upper()} {{y}}" for joint in joints})
    assert known.said("one then two") == "one THEN two"
    parts = [*["one"] * 60, "no one at all", *["one"] * 60]
    text = "".join(part + draw.choice([*(f" {joint} " for joint in joints), "; ", ". ", ", ", ": "]) for part in parts)
    begin = process_time()
    assert known.said(text) == text
    assert process_time() - begin < 0.5
    assert known.said("one then two") == "one THEN two", "another text is said"


@pytest.mark.parametrize("length", [LONGEST_OF_ALL, 10_000_000])
def test_the_longer_a_text_the_fewer_searches_it_is_worth(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    """Of 10 MB in a damaged record, a page in Chinese took more than a minute."""
    searched, readings = list[int](), Patterns.readings

    def counted(self: Patterns, text: str) -> Iterator[tuple[str, dict[str, str]]]:
        searched.append(len(text))
        return readings(self, text)

    monkeypatch.setattr(Patterns, "readings", counted)
    text = f"The gate was loosened by {'ann, bob; cho. ' * length}"[:length]
    with speaking("zh-TW"):
        assert recorded(text) == text
    assert sum(1 + one // LONGEST for one in searched) <= MOST_SEARCHES and max(searched, default=0) <= LONGEST_OF_ALL
