"""The mail about new posts that failed a check."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec import structs
from support.results import whole

from sentiment.checks.verdict import Measured, judge, verdict
from sentiment.language import speaking
from sentiment.mail.checks import check_mail, warnings_of
from sentiment.results.deliveries import Check
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.settings import Limits, read_settings

HOSTILE = "<script>alert(1)</script> http://evil.example\r\nBcc: all@evil.example"
LIMITS = {"near_test": Limits(0.02, 0.2), "control": Limits(0.02, 0.5)}
FOUND = [Measured("near_test", "Near test texts", 0.4, examples=[HOSTILE]), Measured("control", "Controls", 0.1)]


def checked(found: list[Measured]) -> Check:
    """Returns what `sentiment check` leaves of these figures."""
    judged = [judge(each, LIMITS[each.name]) for each in found]
    passed, sentence = verdict(judged)
    warnings = [each.sentence for each in judged if each.level == "warning"]
    return whole(Check, passed=passed, sentence=sentence, warnings=warnings, checks=as_json(judged))


FAILED = checked(FOUND)
LINKS = {"Log": "http://localhost:8080/log", "Bad": "javascript:alert(1)"}


def test_it_says_what_failed_what_else_and_what_happens_now() -> None:
    mail = check_mail(structs.replace(FAILED, suspects_file="/home/x/suspects.json"), "night", LINKS)
    assert mail.subject.startswith(
        "Sentiment: nothing was trained. The new posts failed a check. Near test texts: 40.0%"
    )
    for told in (
        "Run: night",
        "- Near test texts: 40.0%, up to 20.0% is expected.",
        "- for example: ",
        "- Controls: 10.0%, up to 2.0% is expected.",
        "keeps serving",
        "the next night's batch contains them",
        "/home/x/suspects.json",
        "Log: http://localhost:8080/log",
    ):
        assert told in mail.text


def test_it_says_how_the_delivery_is_retracted() -> None:
    mail = check_mail(structs.replace(FAILED, deliveries=[12]), "night", LINKS)
    assert "- Delivery 12 brought the new rows. To look at one: sentiment ingest --report 12" in mail.text
    assert 'sentiment retract 12 --reason "why"' in mail.text
    many = check_mail(structs.replace(FAILED, deliveries=list(range(1, 9))), "night", LINKS)
    assert "Deliveries 8, 7, 6, 5, 4, … brought the new rows." in many.text
    assert "retract" not in check_mail(FAILED, "night", LINKS).text


def tags_of(page: str) -> list[str]:
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags.append(tag)

    Tags().feed(page)
    return tags


def test_a_post_cannot_become_a_tag_a_header_or_a_link() -> None:
    mail = check_mail(FAILED, "night", LINKS)
    tags = tags_of(mail.html)
    assert "script" not in tags and tags.count("a") == 1
    assert "\nBcc:" not in mail.text and "http://evil" not in mail.text and "javascript" not in mail.html
    assert "\n" not in mail.subject and len(mail.subject) <= 150


def test_there_is_no_mail_about_posts_that_passed() -> None:
    with pytest.raises(ValueError, match="passed"):
        check_mail(checked([]), "night", {})


def test_warnings_are_said_in_the_language_spoken(tmp_path: Path) -> None:
    run = RunFolder.named(read_settings({"SENTIMENT_HOME": str(tmp_path)}), "night")
    with speaking("zh-TW"):
        [told] = warnings_of(run)
        assert told == "新貼文未經檢查：這次執行沒有 `check` 的結果。"
        run.write(structs.replace(FAILED, sentence="no cause was given", warnings=["no cause was given"]))
        assert warnings_of(run) == ["新貼文未通過檢查：沒有說明原因", "沒有說明原因"]


def test_warnings_are_those_of_the_run(tmp_path: Path) -> None:
    run = RunFolder.named(read_settings({"SENTIMENT_HOME": str(tmp_path)}), "night")
    assert warnings_of(run) == ["The new posts were not checked: this run has no result of `check`."]
    run.write(FAILED)
    assert warnings_of(run) == [
        f"The new posts failed their check: {FAILED.sentence}",
        "Controls: 10.0%, up to 2.0% is expected.",
    ]
    run.write(structs.replace(FAILED, passed=True))
    assert warnings_of(run) == ["Controls: 10.0%, up to 2.0% is expected."]
