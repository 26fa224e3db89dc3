"""What a person reads before approving."""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import structs
from support.evaluations import decide, held_cases
from support.results import whole

from sentiment.gate.rules import Override
from sentiment.gate.thresholds import Thresholds
from sentiment.mail.approval_body import MOST_TEXTS, approval_body
from sentiment.results.decision import Gate, Loosened, LooserLimit
from sentiment.results.deliveries import Check, Prepare

Make = Callable[..., Any]
THRESHOLDS = Thresholds(floor=0.5, margin=0.05, recall_drop=0.05, minimum_rolling=200)
PREPARE = whole(
    Prepare,
    {
        "new": {"per_label": [10, 200, 30], "rows": 240},
        "mix": None,
        "train_rows": 1740,
        "excluded_leaks": 0,
        "warm_from": None,
        "deliveries": [7],
    },
)
HOSTILE = "| </td><script>alert(1)</script> [核准](http://evil.example) **x**\n\n# 標題"


@pytest.fixture
def gate(evaluation: Make, rolling_set: Make, flipped: Make) -> Gate:
    found = evaluation(
        [350, 350, 350], [330, 330, 330], 80, rolling=rolling_set([65] * 3, [50] * 3, 50, (70, 70, 70))
    )  # fmt: skip
    found["sets"]["frozen"]["regressions"] = [flipped(HOSTILE, title="標*題")]
    found["sets"]["rolling"]["improvements"] = [flipped(f"第{n}篇", candidate=1, stable=2) for n in range(20)]
    return decide(found, THRESHOLDS)


@pytest.mark.parametrize("title", ["", "長" * 20_000])
def test_no_title_and_no_blanks_hide_what_a_post_says(evaluation: Make, flipped: Make, title: str) -> None:
    found = evaluation([350] * 3, [330] * 3, 80)
    found["sets"]["frozen"]["regressions"] = [flipped(f"推薦{' ' * 5_000}才怪", title=title)]
    assert "推薦 才怪" in approval_body(decide(found, THRESHOLDS), PREPARE, 3, {})


def parse(body: str) -> list[Token]:
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)


def cells(body: str) -> list[list[str]]:
    """Returns the cells of all tables, row by row, as they are shown."""
    rows: list[list[str]] = []
    within = False
    for token in parse(body):
        if token.type == "tr_open":
            rows.append([])
        within = token.type in ("td_open", "th_open") or (within and token.type == "inline")
        if within and token.type == "inline":
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


def test_the_verdict_comes_first(gate: Gate) -> None:
    first = parse(approval_body(gate, PREPARE, 3, {}))[1]
    shown = "".join(child.content for child in first.children or [])
    assert shown == gate.sentence
    assert shown.startswith("Better than version 2: accuracy on the frozen set rose by 5.0 percentage points")


def test_the_tables_hold_the_comparison_and_the_flips(gate: Gate) -> None:
    rows = cells(approval_body(gate, PREPARE, 3, {}))
    assert rows[0] == ["", "rows", "version 2", "version 3 (canary)", "change", "at worst", "allowed", "McNemar p"]
    assert rows[1][:5] == ["frozen set", "1,200", "0.825 [0.802 to 0.845]", "0.875 [0.855 to 0.893]", "+5.0"]
    assert rows[2][:5] == ["rolling set", "210", "0.714 [0.650 to 0.771]", "0.929 [0.886 to 0.956]", "+21.4"]
    assert [row[6] for row in rows[1:4]] == ["−5.0 at worst", "−5.0 at worst", "−5.0"]
    assert rows[3][:6] == ["recall of 正面", "400", "0.825 [0.785 to 0.859]", "0.875 [0.839 to 0.904]", "+5.0", ""]
    assert rows[6] == ["set", "text", "true", "stable said", "canary said"]
    assert rows[7][0] == "frozen"
    assert rows[7][1].startswith("標*題 ｜ | </td><script>alert(1)</script> [核准](hxxp[://]evil[.]example)")
    assert rows[7][2:] == ["負面", "負面", "正面"]
    assert rows[9] == ["rolling", "第0篇", "負面", "中立", "負面"]
    assert len(rows) == 9 + MOST_TEXTS


def test_a_hostile_post_adds_no_element(gate: Gate) -> None:
    tokens = parse(approval_body(gate, PREPARE, 3, {"Run": "http://host:8080/x", "bad": "javascript:alert(1)"}))
    inside = [child for token in tokens for child in token.children or []]
    assert not any(token.type.startswith("html") for token in [*tokens, *inside])
    assert [token.attrs["href"] for token in inside if token.type == "link_open"] == ["http://host:8080/x"]
    headings = [
        html.unescape(after.content) for token, after in itertools.pairwise(tokens) if token.type == "heading_open"
    ]
    assert headings == [
        "Right in version 2, wrong in version 3: 25 (1 shown)",
        f"Wrong in version 2, right in version 3: 130 ({MOST_TEXTS} shown)",
        "Data",
        "What the buttons do",
    ]


def test_data_and_buttons_are_explained(gate: Gate) -> None:
    shown = "\n".join(
        "".join(child.content for child in token.children or [])
        for token in parse(approval_body(gate, PREPARE, 3, {}))
        if token.type == "inline"
    )
    for told in (
        "240 new rows (正面 10, 負面 200, 中立 30) of delivery 7.",
        "1,740 rows in all; trained from the beginning.",
        "Approve: version 3 becomes stable on every server; version 2 stays loaded for a rollback.",
        "Reject: version 3 is withdrawn; version 2 keeps serving;",
    ):
        assert told in shown


def test_failed_checks_of_an_override_are_in_sight(evaluation: Make) -> None:
    found = evaluation([300] * 3, [330] * 3, 10)
    body = approval_body(decide(found, THRESHOLDS, Override("<b>王", "急|件")), None, 3, {})
    shown = "".join(child.content for token in parse(body) for child in token.children or [])
    assert "<b>王 overrode the gate: 急|件" in shown
    assert "fell by 7.5 percentage points" in shown
    assert "#### Failed checks" in body
    assert "#### Data" not in body


def test_a_loosened_gate_comes_first(evaluation: Make) -> None:
    loosened = Loosened(who="ann", reason="<b>few|rows", limits=[LooserLimit("margin", 0.2, 0.01)])
    body = approval_body(decide(evaluation([320] * 3, [330] * 3, 10), THRESHOLDS, loosened=loosened), None, 3, {})
    first = "".join(child.content for child in parse(body)[1].children or [])
    assert cells(body)[1][6] == "−5.0 at worst (system: −1.0)"
    told = "The gate was loosened by ann: margin 0.2 instead of 0.01. Reason: <b>few|rows. As good as version 2"
    assert first.startswith(told)


def test_the_first_model_has_nothing_to_compare_with(evaluation: Make) -> None:
    body = approval_body(decide(evaluation([350] * 3, None), THRESHOLDS), None, 1, {})
    assert "First model" in body
    assert "it is the first stable model" in body
    assert "does not decide" not in body


def test_warnings_about_the_new_posts_stand_above_the_figures(evaluation: Make) -> None:
    gate = decide(evaluation([350] * 3, None), THRESHOLDS)
    body = approval_body(gate, None, 1, {}, ["Doubtful labels: 67.0%, up to 20.0% is expected."])
    assert body.index("Warnings about the new posts") < body.index("| frozen set")
    assert "Doubtful labels" in body and "Warnings" not in approval_body(gate, None, 1, {})


def test_broken_cases_that_must_hold_are_told_and_harmless(evaluation: Make) -> None:
    found = evaluation([350] * 3, [340] * 3, 40) | {"must_hold": held_cases(HOSTILE, "不是不好")}
    body = approval_body(decide(found, THRESHOLDS), None, 3, {})
    tokens = parse(body)
    inside = [child for token in tokens for child in token.children or []]
    assert not any(token.type.startswith(("html", "link")) for token in [*tokens, *inside])
    shown = "".join(child.content for child in inside)
    assert "#### Cases that must hold" in body
    assert "Of 2 cases, version 2 holds 2 and the candidate 0: it breaks 2 and mends 0." in shown
    assert (
        "Broken (may not change): true 負面, version 2 said 負面, the candidate 正面" in shown and "不是不好" in shown
    )
    assert "must hold" not in approval_body(decide(evaluation([350] * 3, [340] * 3, 40), THRESHOLDS), None, 3, {})


def test_the_wear_of_the_test_set_is_a_sentence_for_the_approver(evaluation: Make) -> None:
    gate = decide(evaluation([350] * 3, [350] * 3, 5), THRESHOLDS)
    assert "The frozen test set" not in approval_body(gate, None, 3, {})
    body = approval_body(structs.replace(gate, wear="It has served 41 decisions."), None, 3, {})
    assert "#### The frozen test set\n\n- It has served 41 decisions." in body


def test_new_posts_stand_beside_what_stable_was_trained_on(gate: Gate) -> None:
    check = whole(
        Check,
        classes=[{"name": "正面", "new": 0.5, "stable": 0.25}],
        characters=[{"name": "|", "new": 0.04, "stable": 0.01}],
    )
    found = cells(approval_body(gate, PREPARE, 3, {}, check=check))
    assert ["正面", "50.0 %", "25.0 %", "+25.0"] in found
    assert ["|", "4.0 %", "1.0 %", "+3.0"] in found
    assert "new posts" not in approval_body(gate, PREPARE, 3, {})
