"""The mails, received by a real SMTP server."""

from __future__ import annotations

import importlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sentiment_airflow.notify.deadline import deadline, tell_late
from sentiment_airflow.notify.notifier import recipients
from sentiment_airflow.notify.steps import (
    CheckNotifier,
    FallNotifier,
    QuietNightsNotifier,
    RegressionNotifier,
    StepFailureNotifier,
    ValidationNotifier,
    WithdrawalNotifier,
)
from sentiment_airflow.steps import StepRefused
from support.estimates import fallen, night_of
from support.mailboxes import CHECK, GATE, HOSTILE, RUN, VALIDATION, Mailbox, connection, failed, parts
from support.results import whole, whole_json

from sentiment.mail.repeats import mailed_file
from sentiment.probe.record import append
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.estimate import Confidence, Night
from sentiment.results.evaluation import Evaluation
from sentiment.results.probe import Probe
from sentiment.results.record import as_json
from sentiment.results.validation import Validation
from sentiment.run_folder import safe_name
from sentiment.settings import read_settings
from sentiment.validation.throwaway import free_ports


def test_a_regression_is_told_with_its_numbers_and_texts(mailbox: Mailbox, refused_run: Path) -> None:
    (refused_run / "model").mkdir()
    (refused_run / "model" / "report.html").write_text("curves")
    RegressionNotifier()(failed(StepRefused(GATE["sentence"]), "gate"))
    [(to, mail)] = mailbox.mails
    assert to == ["ann@example.com", "bob@example.com"]
    assert str(mail["subject"]).startswith("Sentiment: no new model. Worse than version 2")
    assert mail["from"] == "sentiment@example.com"
    for body in parts(mail):
        assert "11.7" in body and "0.933" in body and "店員很好" in body and "{{ 7*7 }}" in body
        assert f"/sentiment/models/runs/{refused_run.name}/report" in body and "/sentiment/models/#refused" in body
    assert "<script>" not in parts(mail)[1]
    assert mail["bcc"] is None


def test_another_failure_of_the_gate_is_told_as_that(mailbox: Mailbox, refused_run: Path) -> None:
    RegressionNotifier()(failed(RuntimeError("no evaluation"), "gate"))
    assert mailbox.mails[0][1]["subject"] == "Sentiment: step gate failed. no evaluation"


def test_a_failed_step_is_told_with_its_cause_and_its_log(mailbox: Mailbox) -> None:
    StepFailureNotifier()(failed(ValueError(HOSTILE)))
    [(_, mail)] = mailbox.mails
    plain, html = parts(mail)
    assert "Step: train" in plain and "Try: 3" in plain and f"Run: {RUN}" in plain
    assert '<a href="http://127.0.0.1:8080/log?a=1&amp;b=2">' in html and "<script>" not in html
    assert "\n" not in str(mail["subject"]) and mail["bcc"] is None


def test_the_same_notifier_serves_twice(mailbox: Mailbox) -> None:
    notifier = StepFailureNotifier()
    notifier(failed(ValueError("one")))
    notifier(failed("two"))
    assert [str(mail["subject"])[-3:] for _, mail in mailbox.mails] == ["one", "two"]


def test_without_addresses_there_is_a_line_in_the_log(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_MAIL_TO", " , ")
    StepFailureNotifier()(failed(ValueError("no")))
    assert mailbox.mails == [] and recipients() == ([], [])
    assert (
        "No mail was sent, because SENTIMENT_MAIL_TO is empty: Sentiment: step train failed" in capsys.readouterr().out
    )


def test_one_address_that_cannot_be_keeps_the_mail_from_nobody_else(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it was, no mail went to anybody any more, and each was a line about an encoding."""
    monkeypatch.setenv("SENTIMENT_MAIL_TO", "陳@example.com, Ops <ops@example.com>, the team, 陳 <b@example.com>, a@b")
    StepFailureNotifier()(failed(ValueError("no")))
    [(to, _)] = mailbox.mails
    assert to == ["ops@example.com", "a@b"]
    assert (
        "is no mail address, and gets no mail: 陳@example.com, the team, 陳 <b@example.com>" in capsys.readouterr().out
    )


@pytest.mark.parametrize("notifier", [StepFailureNotifier(), RegressionNotifier()])
def test_a_mail_that_cannot_be_sent_is_one_line(
    mailbox: Mailbox,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    notifier: StepFailureNotifier,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(free_ports(1)[0]))
    notifier(failed(StepRefused("worse"), "gate"))
    said = [line for line in capsys.readouterr().out.splitlines() if "could not be sent" in line]
    assert len(said) == 1
    assert "ConnectionRefusedError" in said[0] or "step 'gate' of run" in said[0]


def test_a_server_that_names_no_sender_is_one_line(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://127.0.0.1:1/?disable_ssl=true&disable_tls=true")
    StepFailureNotifier()(failed("no"))
    assert capsys.readouterr().out.count("could not be sent") == 1


def test_failed_checks_are_told_with_their_figures_and_texts(mailbox: Mailbox, refused_run: Path) -> None:
    (refused_run / "check.json").write_text(json.dumps(whole_json(Check, CHECK)), encoding="utf-8")
    (refused_run / "suspects.json").write_text("[]")
    CheckNotifier()(failed(StepRefused(CHECK["sentence"]), "check"))
    [(_, mail)] = mailbox.mails
    assert str(mail["subject"]).startswith("Sentiment: nothing was trained. The new posts failed a check.")
    for body in parts(mail):
        assert "40.0%" in body and "67.0%" in body and "店員很好" in body
        assert "/sentiment/models/#refused" in body and "/runs/" in body and "suspects.json" in body
        assert "training report" not in body, "nothing was trained"
    assert "<script>" not in parts(mail)[1] and mail["bcc"] is None
    CheckNotifier()(failed(RuntimeError("no batch"), "check"))
    assert mailbox.mails[1][1]["subject"] == "Sentiment: step check failed. no batch"


def test_a_regression_is_told_with_the_warnings_about_its_data(mailbox: Mailbox, refused_run: Path) -> None:
    (refused_run / "check.json").write_text(json.dumps(whole_json(Check, CHECK)), encoding="utf-8")
    RegressionNotifier()(failed(StepRefused(GATE["sentence"]), "gate"))
    for body in parts(mailbox.mails[0][1]):
        assert "Warnings about the new posts" in body and "Doubtful labels: 67.0%" in body


def test_servers_that_do_not_answer_are_told_once(mailbox: Mailbox, home: Path) -> None:
    """Every try of a run leaves a line; the third one fails the run, and so does the next run's."""
    record = home / "serving" / "probes.jsonl"
    for tries in range(1, 7):
        append(record, whole(Probe, outcome="unreachable", reasons=["no route"]))
        if tries % 3 == 0:
            WithdrawalNotifier()(failed(RuntimeError("watch ended: found no route."), "watch"))
    assert [mail["subject"] for _, mail in mailbox.mails] == [
        "Sentiment: step watch failed. watch ended: found no route."
    ]
    WithdrawalNotifier()(failed(RuntimeError("the disk is full"), "watch"))
    assert len(mailbox.mails) == 2
    append(record, whole(Probe, outcome="good"))
    append(record, whole(Probe, outcome="unreachable", reasons=["no route"]))
    WithdrawalNotifier()(failed(RuntimeError("found no route."), "watch"))
    assert len(mailbox.mails) == 3


def test_the_same_cause_is_mailed_once_within_a_set_time(
    mailbox: Mailbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(3):
        WithdrawalNotifier()(failed(RuntimeError(f"no ledger after {minute}.5 s"), "watch"))
    StepFailureNotifier()(failed(RuntimeError("no ledger after 0.5 s"), "gate"))
    assert [mail["subject"] for _, mail in mailbox.mails] == [
        "Sentiment: step watch failed. no ledger after 0.5 s",
        "Sentiment: step gate failed. no ledger after 0.5 s",
    ]
    assert "no ledger" not in (home / "serving" / "mailed.json").read_text(encoding="utf-8")
    monkeypatch.setenv("SENTIMENT_MAIL_QUIET_HOURS", "0.0000001")
    WithdrawalNotifier()(failed(RuntimeError("no ledger after 9 s"), "watch"))
    for body in parts(mailbox.mails[2][1]):
        assert "2 mails about the same cause had been held back" in body
    WithdrawalNotifier()(failed(RuntimeError("no ledger after 9 s"), "watch"))
    assert "held back" not in parts(mailbox.mails[3][1])[0]


def test_a_mail_that_was_not_sent_is_no_mail(mailbox: Mailbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(free_ports(1)[0]))
    StepFailureNotifier()(failed("the disk is full"))
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", good)
    StepFailureNotifier()(failed("the disk is full"))
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("setting", ["SENTIMENT_NONSENSE", "SENTIMENT_MAIL_QUIET_HOURS"])
def test_with_a_wrong_setting_every_mail_goes_out(
    mailbox: Mailbox, home: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(setting, "soon")
    for _ in range(2):
        StepFailureNotifier()(failed(RuntimeError("no setting")))
    assert len(mailbox.mails) == 2


def test_a_refused_validation_is_told_with_its_findings(mailbox: Mailbox, refused_run: Path) -> None:
    (refused_run / "validate.json").write_text(json.dumps(whole_json(Validation, VALIDATION)), encoding="utf-8")
    ValidationNotifier()(failed(StepRefused(VALIDATION["sentence"]), "validate"))
    [(_, mail)] = mailbox.mails
    assert str(mail["subject"]).startswith("Sentiment: no new model. It must not be served: text answers 3")
    for body in parts(mail):
        assert "店員很好" in body and "14 ms for one post" in body and "6.4 MB" in body
    assert "<script>" not in parts(mail)[1] and mail["bcc"] is None
    ValidationNotifier()(failed(RuntimeError("no export"), "validate"))
    assert mailbox.mails[1][1]["subject"] == "Sentiment: step validate failed. no export"


def test_every_third_quiet_night_is_told(mailbox: Mailbox, home: Path) -> None:
    """A night with something new begins the count anew; two runs of one night are one night."""
    skipped = {**failed(None, "prepare"), "run_id": RUN}
    monday = datetime(2026, 11, 16, 2, tzinfo=ZoneInfo("Asia/Taipei"))
    for number, quiet in enumerate([True, False, True, True, True, True, True, True]):
        folder, at = home / "runs" / f"night-{number}", (monday + timedelta(days=number)).timestamp()
        for name in (folder, folder.with_name(f"again-{number}")):
            name.mkdir(parents=True)
            (name / "prepare.json").write_text(json.dumps(whole_json(Prepare, nothing_new=quiet)), encoding="utf-8")
            os.utime(name / "prepare.json", (at, at))
        QuietNightsNotifier()(skipped)
        told = {4: 1, 5: 1, 6: 1, 7: 1}.get(number, 0)
        assert len(mailbox.mails) == told
    plain, _ = parts(mailbox.mails[0][1])
    assert mailbox.mails[0][1]["subject"] == (
        "Sentiment: No new posts for 3 nights, since 2026-11-18: no model was trained."
    )
    assert str(home / "datasets" / "inbox") in plain


def nightly(home: Path, night: Night | None) -> None:
    """What `evaluate` left in the run, and its notifier."""
    confidence = as_json(Confidence(candidate={}, night=night))
    folder = home / "runs" / safe_name(RUN)
    folder.mkdir(parents=True, exist_ok=True)
    found = whole_json(Evaluation, confidence=confidence)
    (folder / "evaluation.json").write_text(json.dumps(found), encoding="utf-8")
    FallNotifier()({**failed(None, "evaluate"), "run_id": RUN})


def test_a_fall_of_stable_is_mailed_once_in_four_weeks(mailbox: Mailbox, home: Path) -> None:
    for found in (None, night_of(), night_of(fall=fallen(420))):
        nightly(home, found)
    assert mailbox.mails == []
    for _ in range(3):
        nightly(home, night_of(fall=fallen()))
    assert len(mailbox.mails) == 1
    path = mailed_file(read_settings())
    record = json.loads(path.read_text(encoding="utf-8"))
    for days, mails in ((27, 1), (29, 2)):
        for item in record.values():
            item["mailed"] = (datetime.now(ZoneInfo("UTC")) - timedelta(days=days)).isoformat()
        path.write_text(json.dumps(record), encoding="utf-8")
        nightly(home, night_of(fall=fallen()))
        assert len(mailbox.mails) == mails
    plain, _ = parts(mailbox.mails[1][1])
    assert "had been held back" in plain
    nightly(home, night_of(version=3, fall=fallen()))
    assert len(mailbox.mails) == 3


def test_a_run_is_late_after_six_hours_or_as_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTIMENT_DEADLINE_HOURS")
    alert = deadline()
    assert alert and alert.interval == timedelta(hours=6)
    assert alert.callback.path == "sentiment_airflow.notify.deadline.tell_late"
    monkeypatch.setenv("SENTIMENT_DEADLINE_HOURS", "off")
    assert deadline() is None


def test_a_deadline_that_an_earlier_version_set_is_still_told() -> None:
    """Airflow keeps the callback's path in its database until the run has ended."""
    assert importlib.import_module("sentiment_deadline").tell_late is tell_late


def test_a_late_run_is_mailed(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The context is what Airflow's scheduler hands to a deadline's callback."""
    monkeypatch.setenv("SENTIMENT_DEADLINE_HOURS", "5")
    context: Any = {"dag_run": {"dag_id": "sentiment_retrain", "dag_run_id": "night <b>"}, "deadline": {"id": "x"}}
    tell_late(context)
    [(_, mail)] = mailbox.mails
    assert mail["subject"] == "Sentiment: No new model yet: run night <b> has not ended after 5 hours."
    plain, html = parts(mail)
    assert "SENTIMENT_DEADLINE_HOURS" in plain and "<b>" not in html
