"""The mails about servers that serve something else: one for each occurrence, one when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from sentiment.mail.served import differs_mail, over_mail
from sentiment.results.served import Finding, Occurrence, Served

HOSTILE = "label stable refuses: <script>alert(1)</script>"
DIFFERS = Finding(server="http://10.0.0.5:8501", label="stable", kind="refuses", sentence=HOSTILE)
GOOD = Finding(server="http://10.0.0.6:8501", label="stable", kind="agrees", sentence="label stable answers")


def ago(**parts: float) -> str:
    return (datetime.now(UTC) - timedelta(**parts)).isoformat(timespec="seconds")


def served(agrees: bool, since: str, until: str | None = None) -> Served:
    findings = [GOOD] if agrees else [DIFFERS, GOOD]
    last = Occurrence(since=since, until=until, differences=[DIFFERS.told])
    return Served(agrees=agrees, sentence="s", findings=findings, last=last)


def test_it_names_the_server_and_what_to_do() -> None:
    mail = differs_mail(served(False, "2026"), "run", {"Log": "https://airflow/log"})
    assert mail.subject.startswith("Sentiment: what answers is not what the history says. hxxp[:")
    for told in ("since 2026", "10[.]0[.]0[.]6", "reload RPC", "sentiment status", "page on serving"):
        assert told in mail.text
    assert "<script>" not in mail.html


def test_a_server_that_holds_models_config_back_is_the_cause_that_is_named() -> None:
    held = structs.replace(served(False, "2026"), held_back=["Server one holds it back. Withdraw the canary."])
    text = differs_mail(held, "run", {}).text
    assert "Server one holds it back. Withdraw the canary." in text and "reload RPC (whoever" not in text


def test_an_occurrence_has_one_cause_whatever_is_found_in_it() -> None:
    causes = [differs_mail(served(False, since), "run", {}).cause for since in ("2026-1", "2026-1", "2026-2")]
    assert causes[0] == causes[1] != causes[2]


def test_its_end_is_mailed_for_an_hour_and_never_without_a_beginning() -> None:
    since = ago(hours=3)
    mail = over_mail(served(True, since, ago(minutes=5)), "run", {})
    assert mail and since in mail.text and "had differed" in mail.text and mail.cause != f"served {since}"
    assert over_mail(served(True, since, ago(hours=2)), "run", {}) is None
    assert over_mail(served(True, since), "run", {}) is None
    assert over_mail(served(False, since), "run", {}) is None
    assert over_mail(Served(agrees=True, sentence="s", findings=[]), "run", {}) is None


def test_there_is_no_mail_about_servers_that_agree() -> None:
    with pytest.raises(ValueError, match="nothing to mail about"):
        differs_mail(served(True, "2026"), "run", {})
