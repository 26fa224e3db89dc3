"""What the pages show, through Airflow's own server: strangers' words stay words, nothing broken is an error 500."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from support import models_page_homes as homes
from support.estimates import estimate_of, fallen, night_of
from support.evaluations import held_cases
from support.results import whole_json

from sentiment.models_page import ledger
from sentiment.models_page.history_lines import parse
from sentiment.results.refreshment import Refreshment

Look = Callable[[str], httpx.Response]
PAGE = "/sentiment/models"


class Found(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action", "xlink:href")}

    def handle_data(self, data: str) -> None:
        self.said += data


def found_in(answer: httpx.Response) -> Found:
    assert answer.status_code == 200, answer.text
    return Found(answer.text)


def test_stable_and_canary_versions_and_history(home: Path, look: Look) -> None:
    homes.whole_home(home)
    said = found_in(look("/")).said
    for told in ("version 2", "version 3", "0.810", "780.2 MB", "14.4 ms", "正面", "better on ptt", "12.2 ms"):
        assert told in said
    assert "stable 2" in said and "canary 3" in said and "11 events" in said


def test_the_nights_estimates_beside_what_the_labels_said(home: Path, look: Look) -> None:
    homes.whole_home(home)
    assert "Expected before the labels" not in found_in(look("/")).said
    nights = [night_of(f"n{number}", estimate=estimate_of(correct)) for number, correct in enumerate((80, 60))]
    homes.write_nights(home, *nights, night_of("last", fall=fallen()))
    answer = look("/")
    page = found_in(answer)
    for told in (
        "In 2 of 3 nights",
        "meant are 95",
        "Version 2 has 70.0",
        "a fall of more than 5.0 points",
        "by labels",
    ):
        assert told in page.said
    assert answer.text.count('class="interval missed"') == 2 and answer.text.count('class="interval"') == 4


def test_one_version_with_its_comparison_and_flips(home: Path, look: Look) -> None:
    homes.whole_home(home)
    page = found_in(look("/versions/2"))
    for told in (
        "Compared with version 1",
        "By source",
        "好吃到哭",
        "Right in version 1, wrong in version 2",
        "3 more",
        "This version, frozen set",
        "30 new rows",
    ):
        assert told in page.said
    assert f"{PAGE}/versions/2/report" in page.addresses and f"{PAGE}/versions/3" in page.addresses


def test_broken_cases_that_must_hold_are_words_on_the_page(home: Path, look: Look) -> None:
    homes.whole_home(home)
    path = home / "runs" / "night-2" / "gate.json"
    hostile = "<script>alert(1)</script><b onclick=x>不好"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"must_hold": held_cases(hostile)}))
    page = found_in(look("/versions/2"))
    assert "Cases that must hold" in page.said and hostile in page.said
    assert "b" not in page.tags and "onclick" not in page.attributes
    path.unlink()
    assert "Cases that must hold" not in found_in(look("/versions/2")).said


def test_a_replaced_test_set_breaks_the_line_and_says_what_changed(home: Path, look: Look) -> None:
    homes.whole_home(home)
    score = {"role": "stable", "version": 2, "retired": 0.82, "frozen": 0.8, "fresh": 0.78}
    made = whole_json(Refreshment, who=homes.EVIL, frozen={"rows": 1200}, newest_version=1, scores=[score])
    (home / "serving" / "refreshments.jsonl").write_text(f"{json.dumps(made)}\n", encoding="utf-8")
    page = found_in(look("/"))
    for told in ("The frozen test set", "new test set", "stable 2: 0.820 → 0.800", "1,200, 0 of them old"):
        assert told in page.said
    assert "script" not in page.tags


def test_the_history_is_filtered_and_paged(home: Path, look: Look) -> None:
    homes.write_history(home, homes.long_history(30))
    assert "180 events, page 1 of 4" in found_in(look("/")).said
    assert "30 events" in found_in(look("/?event=promoted")).said
    page = found_in(look("/?version=7&who=ann"))
    assert "6 events" in page.said and "page" not in page.said.split("6 events")[1][:8]
    assert f"{PAGE}/?event=staged&page=1#history" in found_in(look("/?event=staged&page=2")).addresses


@pytest.mark.parametrize(
    "path", ["/", "/versions/2", "/versions/3", f"/?event={quote(homes.EVIL)}&who={quote(homes.EVIL)}"]
)
def test_hostile_words_are_shown_as_text(home: Path, look: Look, path: str) -> None:
    homes.whole_home(home, text=homes.EVIL, why=homes.EVIL)
    answer = look(path)
    page = found_in(answer)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "base", "link"}
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert all(address.startswith((PAGE, "/", "#")) for address in page.addresses)
    assert "<script>alert(1)</script>" in page.said + answer.text.replace("&lt;", "<").replace("&gt;", ">")
    assert "\u202e" not in answer.text and "{{7*7}}" in page.said + answer.text


@pytest.mark.parametrize("number", ["0", "99", "-1", "²", "1e3", "1%2F..", "<script>", "9" * 400, "../2", "None"])
def test_a_version_that_is_none_is_not_found(home: Path, look: Look, number: str) -> None:
    homes.whole_home(home)
    assert look(f"/versions/{quote(number, safe='%')}").status_code == 404


def test_a_broken_history_is_a_notice(home: Path, look: Look) -> None:
    homes.write_history(home, homes.three_versions(), f'{homes.EVIL}\n\x00\n[]\n{{"event": "promoted"}}\n{{"torn": ')
    page = found_in(look("/"))
    assert "notices" in page.said and "Line 12" in page.said and "torn" in page.said
    assert "version 2" in page.said and "script" not in page.tags
    assert look("/versions/2").status_code == 200


def test_a_cut_history_is_a_sentence_and_nothing_of_it_is_shown(home: Path, look: Look) -> None:
    path = homes.write_history(home, homes.three_versions())
    whole = path.read_bytes()
    path.with_name("history.copy.jsonl").write_bytes(whole)
    assert "version 2" in found_in(look("/")).said
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:4]))
    said = found_in(look("/")).said
    assert "The serving history is not whole, so nothing of it is shown" in said and "--restore-history" in said
    assert "version 2" not in said and "version 1" not in said


def test_half_a_result_is_a_notice(home: Path, look: Look) -> None:
    homes.whole_home(home)
    for step in ("gate", "evaluation", "prepare", "check", "validate"):
        (home / "runs" / "night-2" / f"{step}.json").write_text('{"sets": {"frozen"', encoding="utf-8")
    said = found_in(look("/versions/2")).said
    assert "5 notices" in said and "gate.json of version 2" in said
    assert "notices" in found_in(look("/")).said


def test_an_empty_home_and_a_home_that_is_a_file(home: Path, look: Look) -> None:
    assert "There is no stable version" in found_in(look("/")).said
    home.write_text("no folder", encoding="utf-8")
    assert "cannot be read" in found_in(look("/")).said


def test_a_wrong_setting_is_a_notice(home: Path, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    homes.whole_home(home)
    monkeypatch.setenv("SENTIMENT_CANARY_ROWS", "many")
    assert "SENTIMENT_CANARY_ROWS" in found_in(look("/")).said
    assert look("/versions/2").status_code == 404


def test_the_report_is_served_in_a_sandbox(home: Path, look: Look) -> None:
    homes.whole_home(home)
    homes.write_run(home, "night-2", homes.results(), report="<script>alert(1)</script>")
    page = look("/versions/2/report")
    assert f'<a href="{PAGE}/versions/2">← version 2</a>' in page.text and "alert" not in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    answer = look("/versions/2/report/whole")
    assert answer.text == "<script>alert(1)</script>" and answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "sandbox;" in policy and "default-src 'none'" in policy and "allow-scripts" not in policy


def test_what_changed_in_the_archive_is_served_in_a_sandbox(home: Path, look: Look) -> None:
    homes.whole_home(home)
    assert [look(f"/versions/2/scores{end}").status_code for end in ("", "/whole")] == [404, 404]
    (folder := home / "scores" / "version-2").mkdir(parents=True)
    summary = {"version": 2, "source": "/a", "output": "/s", "files": 1, "rows": 9, "rows_aside": 0}
    summary |= {"at": "2026-11-28T02:00:00+00:00", "complete": True}
    (folder / "scored.json").write_text(json.dumps(summary), encoding="utf-8")
    assert f"{PAGE}/versions/2/scores" not in found_in(look("/versions/2")).addresses
    (home / "scores" / "changed-1-2.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    assert f"{PAGE}/versions/2/scores" in found_in(look("/versions/2")).addresses
    page = look("/versions/2/scores")
    assert f'src="{PAGE}/versions/2/scores/whole"' in page.text and "alert" not in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    answer = look("/versions/2/scores/whole")
    policy = answer.headers["content-security-policy"]
    assert answer.text == "<script>alert(1)</script>" and "sandbox;" in policy and "allow-scripts" not in policy
    assert [look(f"/versions/1/scores{end}").status_code for end in ("", "/whole")] == [404, 404]


@pytest.mark.parametrize(("language", "said"), [("en", "posts that both scored"), ("zh-TW", "兩者都評分的貼文")])
def test_what_changed_is_drawn_in_the_readers_language(home: Path, ann: httpx.Client, language: str, said: str) -> None:
    homes.whole_home(home)
    (home / "scores").mkdir()
    (home / "scores" / "changed-1-2.html").write_text("in the language of the step", encoding="utf-8")
    found = {"at": "2026-11-28T02:00:00+00:00", "before": 1, "after": 2, "labels": ["a", "b"], "posts": 1}
    found |= {"flipped": 0, "only_before": 0, "only_after": 0, "directions": [], "sources": [], "more_sources": 0}
    figures = json.dumps(found | {"months": [], "examples": []})
    (home / "scores" / "changed-1-2.json").write_text(figures, encoding="utf-8")
    ann.cookies.set("sentiment_language", language)
    answer = ann.get(f"{PAGE}/versions/2/scores/whole")
    assert said in answer.text and "sandbox;" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("run", ["../../secret", "/secret", "..", "night-2/../night-3", ""])
def test_no_other_file_is_served_as_a_report(home: Path, look: Look, run: str) -> None:
    homes.write_history(home, [homes.published(1, run=run)])
    for folder in (home / "secret", home.parent / "secret"):
        (folder / "model").mkdir(parents=True)
        (folder / "model" / "report.html").write_text("secret", encoding="utf-8")
    assert [look(f"/versions/1/report{end}").status_code for end in ("", "/whole")] == [404, 404]


def least(work: Callable[[], None]) -> float:
    """Returns the processor seconds of five tries' quickest; what else the machine does is not in them."""

    def seconds() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(seconds() for _ in range(5))


def test_a_page_of_a_thousand_versions_costs_less_than_reading_all_of_them(home: Path, look: Look) -> None:
    path = homes.write_history(home, homes.long_history(1000))
    for version in (1000, 999):
        homes.write_run(home, f"night-{version}", homes.results())
    assert "6,000 events, page 1 of 120" in found_in(look("/")).said

    numbers = count(1001)

    def page(address: str) -> None:
        with path.open("a", encoding="utf-8") as history:  # as something happens between two looks at the page
            history.write(json.dumps(homes.published(next(numbers))) + "\n")
        assert look(address).status_code == 200

    def whole() -> None:
        assert len(parse(path.read_text(encoding="utf-8")).events) > 6000

    for address in ("/", "/?page=120", "/?who=ann&event=published", "/versions/1000"):
        taken = least(partial(page, address)), least(whole)
        assert taken[0] < taken[1], (address, taken)


def test_the_first_request_after_a_start_waits_for_nothing(
    home: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow asks the plugin for its application when it starts: compiling and reading are done by then."""
    from sentiment_airflow.web import pages
    from sentiment_models_page import ModelsPagePlugin

    assert look("/versions/1").status_code == 404  # Airflow's own first request is not the page's
    templates = pages._environment.cache
    assert templates is not None
    templates.clear()
    homes.write_history(home, homes.long_history())
    homes.write_run(home, "night-1000", homes.results())
    assert [found["name"] for found in ModelsPagePlugin().fastapi_apps] == ["Sentiment models"]
    for place, name in ((pages._environment, "compile"), (ledger, "parse")):
        monkeypatch.setattr(place, name, lambda *_args, name=name, **_options: pytest.fail(f"{name} while one waits"))
    assert [look(address).status_code for address in ("/", "/versions/1000")] == [200, 200]


def test_a_version_has_a_model_card_and_charts_of_its_new_posts(home: Path, look: Look) -> None:
    homes.whole_home(home, homes.EVIL)
    page = found_in(look("/versions/2"))
    assert f"{PAGE}/versions/2/card" in page.addresses and "beside stable's training data" in page.said
    card = look("/versions/2/card")
    assert card.text.startswith("# Sentiment model, version 2") and card.headers["Content-Type"].startswith(
        "text/plain"
    )
    assert look("/versions/9/card").status_code == 404


def test_refused_runs_with_their_reasons_report_and_suspects(home: Path, look: Look) -> None:
    homes.whole_home(home)
    gate = homes.results()["gate"] | {"passed": False, "reasons": [homes.EVIL, "Below the floor."]}
    homes.write_run(home, "night-4", {"gate": gate, "prepare": homes.results()["prepare"]}, "<p>its curves</p>")
    (home / "runs" / "night-4" / "suspects.json").write_text("[]")
    found = found_in(look("/"))
    assert "Refused runs" in found.said and "Below the floor." in found.said and "night-4" in found.said
    assert {f"{PAGE}/runs/night-4/report", f"{PAGE}/runs/night-4/suspects.json"} <= found.addresses
    report = look("/runs/night-4/report")
    assert report.text == "<p>its curves</p>" and "sandbox" in report.headers["Content-Security-Policy"]
    suspects = look("/runs/night-4/suspects.json")
    assert suspects.text == "[]" and "attachment" in suspects.headers["Content-Disposition"]
    assert [look(f"/runs/night-9/{what}").status_code for what in ("report", "suspects.json")] == [404, 404]


def test_any_two_versions_have_an_address_to_share(home: Path, look: Look) -> None:
    homes.whole_home(home)
    page = look("/compare?a=1&b=3")
    assert page.status_code == 200 and "Versions 1 and 3" in page.text and "<h2>On the same rows</h2>" in page.text
    assert f'<form class="filters" method="get" action="{PAGE}/compare">' in look("/versions/3").text
    assert [look(f"/compare?{query}").status_code for query in ("a=1&b=1", "a=1&b=99", "a=x&b=1", "")] == [404] * 4
