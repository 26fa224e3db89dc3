"""The mail about a refused candidate."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from support.evaluations import decide, held_cases
from support.results import whole

from sentiment.gate.thresholds import Thresholds
from sentiment.mail.letter import Mail
from sentiment.mail.regression import regression_mail
from sentiment.mail.tables import MOST_TEXTS
from sentiment.results.deliveries import Prepare

Make = Callable[..., Any]
THRESHOLDS = Thresholds(floor=0.5, margin=0.01, recall_drop=0.05, minimum_rolling=200)
PREPARE = whole(
    Prepare,
    {
        "mode": "warm",
        "new": {"per_label": [10, 200, 30], "rows": 240},
        "mix": {
            "wanted": [1000, 800, 1000],
            "available": [500] * 3,
            "added": [500, 500, 500],
            "result": [510, 700, 530],
        },
        "train_rows": 1740,
        "excluded_leaks": 3,
        "warm_from": 2,
        "warm_rows": 675,
        "warm_is_base": True,
        "deliveries": [7, 8],
    },
)
LINKS = {"Airflow run": "http://host:8080/dags/sentiment_retrain", "bad": "javascript:alert(1)"}
HOSTILE = '</table><script>alert("壞")</script>\r\nBcc: all@evil.example http://evil.example'


@pytest.fixture
def mail(evaluation: Make, flipped: Make) -> Mail:
    found = evaluation([300, 300, 310], [340, 340, 330], 10)
    found["sets"]["frozen"]["regressions"] = [
        flipped("這家店真的爛透了", 0.97, title="大家來評理"),
        flipped(HOSTILE, 0.9),
        *(flipped(f"第{number}篇", 0.5) for number in range(30)),
    ]
    return regression_mail(decide(found, THRESHOLDS), "manual__2026-11-03", PREPARE, LINKS)


@pytest.mark.parametrize("title", ["", "長" * 20_000])
def test_no_title_and_no_blanks_hide_what_a_post_says(evaluation: Make, flipped: Make, title: str) -> None:
    found = evaluation([300, 300, 310], [340, 340, 330], 10)
    found["sets"]["frozen"]["regressions"] = [flipped(f"推薦{' ' * 5_000}才怪", 0.9, title=title)]
    mail = regression_mail(decide(found, THRESHOLDS), "manual__2026-11-03", PREPARE, LINKS)
    assert "推薦 才怪" in mail.text
    assert "推薦 才怪" in mail.html


def test_the_subject_says_what_regressed(mail: Mail) -> None:
    assert mail.subject.startswith(
        "Sentiment: no new model. Worse than version 2: accuracy on the frozen set fell by 8.3"
    )
    assert len(mail.subject) <= 150


def test_the_text_says_all_that_a_person_needs(mail: Mail) -> None:
    for told in (
        "Worse than version 2: accuracy on the frozen set fell by 8.3 percentage points (0.842 → 0.758)",
        "Run: manual__2026-11-03",
        "- Recall of 正面 on the frozen set fell by 10.0 percentage points (0.850 → 0.750), the limit is a fall",
        "- 240 new rows (正面 10, 負面 200, 中立 30) of deliveries 7, 8.",
        "- 1,500 old rows mixed in (正面 500, 負面 500, 中立 500).",
        "- 1,740 rows in all; continued from version 2 (base data, 675 rows).",
        "- Version 2 keeps serving. The candidate was not published.",
        "the next night's batch contains them",
        "the newest label of a text wins",
        "datasets/quarantine",
        "- [frozen] true 負面, version 2 said 負面, the candidate 正面 (0.97):\n  大家來評理 ｜ 這家店真的爛透了",
        "Airflow run: http://host:8080/dags/sentiment_retrain",
    ):
        assert told in mail.text
    assert re.search(r"frozen set +1,200 +0\.842 +0\.758 +−8\.3 +−\d+\.\d +−1\.0 at worst +<0\.001", mail.text)
    assert mail.text.count("[frozen]") == MOST_TEXTS
    assert "javascript" not in mail.text + mail.html


def test_it_says_how_a_delivery_is_retracted(mail: Mail) -> None:
    assert "Deliveries 8, 7 brought the new rows. To look at one: sentiment ingest --report 8" in mail.text
    assert 'sentiment retract 8 --reason "why"' in mail.text


def test_the_page_says_the_same_and_every_text_is_escaped(mail: Mail) -> None:
    tags: list[tuple[str, dict[str, str | None]]] = []
    words: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

        def handle_data(self, data: str) -> None:
            words.append(data)

    Parser().feed(mail.html)
    known = {"html", "head", "meta", "body", "p", "strong", "h3", "ul", "li", "br", "small", "table", "tr", "td", "a"}
    assert {tag for tag, _ in tags} == known
    assert [attributes["href"] for tag, attributes in tags if tag == "a"] == ["http://host:8080/dags/sentiment_retrain"]
    text = "".join(words)
    for told in (
        "8.3 percentage points",
        "240 new rows",
        "Version 2 keeps serving",
        "這家店真的爛透了",
        "<script>alert(",
    ):
        assert told in text
    assert "://evil" not in mail.html and "://evil" not in mail.text


def test_a_hostile_text_or_name_cannot_make_a_header(evaluation: Make) -> None:
    found = evaluation([300, 300, 310], [340, 340, 330], 10) | {
        "labels": ["正\r\nBcc: all@evil.example", "負面", "中立"]
    }
    made = regression_mail(decide(found, THRESHOLDS), "x\r\ny", None, {})
    message = EmailMessage()
    message["Subject"] = made.subject
    message.set_content(made.text)
    message.add_alternative(made.html, subtype="html")
    assert message["Bcc"] is None
    assert "\n" not in made.subject
    assert "Run: x y" in made.text


def test_without_a_stable_model_or_data_it_says_so(evaluation: Make) -> None:
    made = regression_mail(decide(evaluation([100, 100, 100], None), THRESHOLDS), "first", None, {})
    assert "There is still no model to serve." in made.text
    assert "below the floor of 0.500" in made.subject
    assert "What it was trained on" not in made.text
    assert "Worst flipped texts" not in made.text
    assert "–" in made.text


def test_there_is_no_mail_about_a_pass(evaluation: Make) -> None:
    with pytest.raises(ValueError, match="the candidate passed the gate"):
        regression_mail(decide(evaluation([330] * 3, [330] * 3), THRESHOLDS), "run", None, {})


def test_broken_cases_that_must_hold_are_listed(evaluation: Make) -> None:
    found = evaluation([300, 300, 310], [340, 340, 330], 10) | {"must_hold": held_cases("不是不好", HOSTILE)}
    mail = regression_mail(decide(found, THRESHOLDS), "night", PREPARE, LINKS)
    told = (
        "- Broken (may not change): true 負面, version 2 said 負面, the candidate 正面 (why it must hold: ticket 7): "
    )
    assert told in mail.text and "Of 2 cases, version 2 holds 2 and the candidate 0" in mail.html
    assert "<script>" not in mail.html and "://evil" not in mail.text + mail.html and "\r" not in mail.text
