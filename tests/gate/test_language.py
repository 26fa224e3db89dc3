"""All that the gate records can be said again in Chinese: of evaluations of every kind, no English word is left."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from functools import cache

import pytest
from support.english_left import english_words
from support.gate_cases import REASON, SOURCE, WHO, WORD, gate_case
from support.results import whole

from sentiment.gate import must_hold, replay, same_rows
from sentiment.gate.cautions import cautions
from sentiment.gate.costs import cost_lines, cost_table, cost_warnings, measured_told
from sentiment.gate.rows import comparison_table, flipped_title
from sentiment.gate.source_rows import by_source_rows, by_source_told
from sentiment.gate.wear import told as told_wear
from sentiment.gate.year_checks import told_year
from sentiment.language import recorded, speaking
from sentiment.results.decision import Gate
from sentiment.results.refreshment import Worn
from sentiment.settings import CHECKOUT

CASES = range(240)
THEIRS = ("McNemar", WHO, f"{REASON}!", f"{REASON}.", REASON, SOURCE, WORD)
COSTS = ("EPYC", "evaluate", "float", "ms", "MB")
MODULES = ("wording", "headline", "by_source_wording", "tilted_words", "calibration", "must_hold", "year_checks")
NOT_BY_TR = ("loosened", "overridden", "instead of")  # `sentiment.results` records these, which knows no language


class Heard:
    """A catalogue of English that notes what it is asked for."""

    def __init__(self) -> None:
        self.said = set[str]()

    def gettext(self, sentence: str) -> str:
        self.said.add(sentence)
        return sentence

    def ngettext(self, one: str, many: str, number: int) -> str:
        self.said.add(one)
        return one if number == 1 else many


@cache
def decided() -> tuple[list[Gate], set[str]]:
    """Returns the decisions, and the catalogue's sentences that were said for them."""
    heard = Heard()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["sentiment.language.speaking"], "translations", lambda language: heard)
        gates = [gate_case(seed) for seed in CASES]
        for gate in gates:
            told_year(gate)
    return gates, heard.said


def recorded_in(gate: Gate) -> Iterator[str]:
    yield from (gate.sentence, *gate.reasons, *(check.sentence for check in gate.checks))
    yield from (*gate.exceptions, " ".join(gate.exceptions))


def shown_of(gate: Gate) -> Iterator[str]:
    yield from (*told_year(gate), *must_hold.told(gate), *by_source_told(gate), *cautions(gate))
    yield from (*cost_lines(gate.costs, "第 2 版"), measured_told(gate.costs))
    costs = cost_table(gate, "第 3 版", 12_900_000)
    for row in [*comparison_table(gate, "第 3 版", intervals=True), *by_source_rows(gate), *costs]:
        yield from row
    yield from (flipped_title(gate, "第 3 版", 1, worse=worse) for worse in (True, False))


def test_every_sentence_that_a_decision_records_is_said_again_in_chinese() -> None:
    sentences = {sentence for gate in decided()[0] for sentence in recorded_in(gate) if sentence}
    with speaking("zh-TW"):
        left = {sentence: found for sentence in sentences if (found := english_words(recorded(sentence), *THEIRS))}
    assert not left


def test_that_a_candidate_costs_more_is_said_again_in_chinese() -> None:
    """The question to the approver passes it on in English, to mails in another language."""
    told = {line for gate in decided()[0] for line in cost_warnings(gate)}
    assert all(any(line.startswith(f"The candidate {begin} ") for line in told) for begin in ("takes", "has"))
    with speaking("zh-TW"):
        left = {line: found for line in told if (found := english_words(recorded(line), *COSTS))}
    assert not left


def test_every_line_that_is_made_of_a_decision_is_chinese() -> None:
    with speaking("zh-TW"):
        left = {line for gate in decided()[0] for line in shown_of(gate) if english_words(line, *THEIRS, *COSTS)}
    assert not left


def test_the_decisions_have_every_sentence_that_the_gate_can_record() -> None:
    """What the tests above look at is all there is: a sentence that no case has would be looked at by nobody."""
    known = runpy.run_path(str(CHECKOUT / "docs" / "make_catalogue.py"))["messages"]()
    files = {f"sentiment/gate/{name}.py" for name in MODULES}
    of_gate = {message if isinstance(message, str) else message[0] for message, at in known.items() if at & files}
    assert len(of_gate) > 50
    assert {one for one in of_gate - decided()[1] if not any(word in one for word in NOT_BY_TR)} == set()


def test_a_decision_is_read_in_chinese() -> None:
    told = (
        "The gate was loosened by ann: margin 0.2 instead of 0.01. Reason: few rows. Really. bob overrode the gate "
        "(we need it). Worse than version 2: accuracy on the frozen set fell by 7.8 percentage points (0.842 → 0.763), "
        "the limit is 5.0. 2 other checks failed too."
    )
    with speaking("zh-TW"):
        assert recorded(told) == (
            "把關由 ann 放寬：容許降幅為 0.2，而非 0.01。理由：few rows. Really. bob 破例通過把關（we need it）。"
            "不如第 2 版：固定測試集的準確率下降 7.8 個百分點（0.842 → 0.763），上限為 5.0。另有 2 項檢查也未通過。"
        )
        older = "Worse than version 2: as an earlier release said it, by 7.8. 2 other checks failed too."
        assert recorded(older) == older


WORNS = [
    Worn(decisions=decisions, promotions=promotions, since="", until="", optimism=optimism)
    for decisions in (0, 1, 1200)
    for promotions in (0, 1, 7)
    for optimism in (0.0001, 0.004, 0.02)
]


def test_the_wear_of_the_test_set_is_said_again_in_chinese() -> None:
    sentences = {told_wear(worn, 0.01) for worn in WORNS}
    assert len(sentences) > 10
    with speaking("zh-TW"):
        assert {one for one in sentences if english_words(recorded(one))} == set()


def test_figures_on_the_same_rows_and_their_day_are_chinese() -> None:
    at = "2026-11-27T23:25:00+00:00"
    with speaking("zh-TW"):
        assert same_rows.told(same_rows.Measured(0.815, at, 450, same=True, change=0.022)) == (
            "0.815（+2.2 個百分點），在同樣的 450 筆上，2026年11月28日"
        )
        assert same_rows.told(same_rows.Measured(0.815, at, 450)) == "0.815，在 450 筆上，2026年11月28日"
        assert same_rows.told(same_rows.Measured(0.815)) == "0.815，發布時"


def test_a_replay_is_told_in_chinese() -> None:
    refused = next(gate.reasons[0] for gate in decided()[0] if gate.reasons)
    again = {"run": "night-1", "at": "2026-11-27T23:25:00+00:00", "reason": refused}
    made = [
        whole(replay.Replayed, **again, then=then, now=now, overridden=then)
        for then in (True, False)
        for now in (True, False)
    ]
    with speaking("zh-TW"):
        told = [*replay.told([*made, whole(replay.Replayed, then=True)]), replay.summed_up(made, []).sentence]
    assert english_words("\n".join(told), "night-1") == []
    assert told[-1] == "4 次判定：2 次與當時相同，1 次當時通過、現在不會通過，1 次當時未通過、現在會通過。"
