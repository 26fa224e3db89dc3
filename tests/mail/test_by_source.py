"""What the approver, the mail and the decision say of sources; their names are strangers' words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt
from msgspec import structs
from support.chinese_mails import shown, words_left
from support.evaluations import decide

from sentiment.errors import InputError
from sentiment.gate.by_source_checks import ELSEWHERE
from sentiment.gate.thresholds import Thresholds
from sentiment.language import speaking
from sentiment.mail.approval_body import approval_body
from sentiment.mail.regression import regression_mail

Make = Callable[..., Any]
THRESHOLDS = Thresholds(floor=0.5, margin=0.01, recall_drop=0.05, minimum_rolling=200)
HOSTILE = "店|<script>alert(1)</script>\n[x](http://evil.example)"


def pairs(both_right: int, candidate: int, stable: int, both_wrong: int) -> dict[str, int]:
    keys = ("both_right", "only_candidate", "only_stable", "both_wrong")
    return dict(zip(keys, (both_right, candidate, stable, both_wrong), strict=True))


@pytest.fixture
def poisoned(evaluation: Make, rolling_set: Make) -> dict[str, Any]:
    """A candidate that each set finds good: it pays for a gain on its own source's rows with the rows of others."""
    found: dict[str, Any] = evaluation(
        [996, 998, 998], [1000, 1000, 1000], 2, (1100, 1100, 1100), rolling_set([320] * 3, [300] * 3, 62, (400,) * 3)
    )
    frozen, rolling = found["sets"]["frozen"]["paired"], found["sets"]["rolling"]["paired"]
    own = pairs(100, 61, 0, 39)
    found["by_source"] = [
        {"name": HOSTILE, "new": 400, "rolling": own},
        {"name": "", "new": 0, "frozen": frozen, "rolling": {key: rolling[key] - own[key] for key in own}},
    ]
    found["by_source"].append({"name": "壇", "new": 3})
    return found


def test_the_gate_refuses_what_both_sets_call_good(poisoned: dict[str, Any]) -> None:
    decision = decide(poisoned, THRESHOLDS)
    failed = [check.name for check in decision.checks if not check.passed]
    assert failed == ["without_one_source"] and not decision.passed
    assert "on the rows of" in decision.sentence
    assert decide({**poisoned, "by_source": []}, THRESHOLDS).passed, "the other rules see nothing"


def test_the_approver_sees_the_sources(poisoned: dict[str, Any]) -> None:
    body = approval_body(decide(poisoned, THRESHOLDS), None, 3, {})
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert "<h4>By source</h4>" in html and "<td>no source</td>" in html
    assert "<script>" not in html and "href" not in html
    assert html.count("<tr>") == html.count("</tr>")


def test_the_mail_has_them_too(poisoned: dict[str, Any]) -> None:
    mail = regression_mail(decide(poisoned, THRESHOLDS), "night", None, {})
    assert "By source, both test sets together" in mail.text and "no source" in mail.text
    assert "<script>" not in mail.html and "http://evil" not in mail.text
    assert len([line for line in mail.text.splitlines() if line.startswith("店")]) == 1


def test_the_mail_has_them_in_chinese(poisoned: dict[str, Any]) -> None:
    poisoned["by_source"][0]["name"] = "店"
    refused = decide(poisoned, THRESHOLDS)
    told = structs.replace(refused.checks[-1], name=ELSEWHERE, passed=False, sentence="no cause was given")
    refused = structs.replace(refused, checks=[*refused.checks, told])
    with speaking("zh-TW"):
        mail = regression_mail(refused, "night", None, {})
    assert words_left(shown(mail), "night") == []
    assert "\n依來源\n- 沒有說明原因\n" in mail.text and "依來源（兩個測試集合計）" in mail.text


def test_without_sources_nothing_is_said(evaluation: Make) -> None:
    body = approval_body(decide(evaluation([330] * 3, [330] * 3, 0), THRESHOLDS), None, 3, {})
    assert "By source" not in body


@pytest.mark.parametrize("amiss", ["counts", "names"])
def test_counts_by_source_that_contradict_are_no_pass(poisoned: dict[str, Any], amiss: str) -> None:
    sources = poisoned["by_source"]
    changed = [*sources[:1], *sources[2:]] if amiss == "counts" else [*sources, {"name": "壇"}]
    with pytest.raises(InputError, match=r"by_source.* must be .*; found .*evaluate"):
        decide({**poisoned, "by_source": changed}, THRESHOLDS)
