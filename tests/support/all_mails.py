"""Every mail that is made of results, small, and with a recorded sentence wherever a step records one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sentiment.mail.approval import (
    NO_ANSWER,
    NOBODY,
    Asking,
    decided_mail,
    four_eyes_mail,
    reminder_mail,
    unreasoned_mail,
    waiting_mail,
)
from sentiment.mail.checks import check_mail
from sentiment.mail.experiment import experiment_mail
from sentiment.mail.failure import NO_CAUSE, Failure, failure_mail, validation_mail
from sentiment.mail.fall import fall_mail
from sentiment.mail.letter import Mail
from sentiment.mail.quiet_nights import quiet_mail
from sentiment.mail.rollback import rollback_mail
from sentiment.mail.served import differs_mail, over_mail
from sentiment.mail.withdrawal import withdrawn_mail
from sentiment.results.deliveries import Check
from sentiment.results.experiment import ExperimentTable
from sentiment.results.probe import Watch
from sentiment.results.served import Finding, Occurrence, Served
from sentiment.results.serving import Outcome, Question
from sentiment.results.validation import Validation
from support.estimates import estimate_of, fallen, night_of
from support.results import whole

# Stands for every sentence that a step records in English; the catalogue knows it whatever else it knows.
RECORDED = "The new posts were not checked: this run has no result of `check`."
SAID = "新貼文未經檢查：這次執行沒有 `check` 的結果。"
RUN, WHO, WHY, POST = "night-1", "Ann Lee", "it is better", "so good"
WRITTEN = (RUN, WHO, WHY, POST)
LINKS: dict[str, str] = {}
UNTIL = datetime(2026, 11, 27, 23, 25, tzinfo=UTC)
QUESTION = Question(
    version=3, run=RUN, body="", verdict=RECORDED, warnings=[RECORDED], cautions=[RECORDED], year=[RECORDED]
)
ASKING = Asking(QUESTION, UNTIL, LINKS)


def outcome(changed: bool, stable: int | None, previous: int | None = 2) -> Outcome:
    return whole(Outcome, version=3, changed=changed, stable=stable, previous=previous, sentence=RECORDED)


def decided(result: Outcome, who: str = WHO) -> Mail:
    return decided_mail(result, {"who": who, "reason": WHY if who == WHO else NO_ANSWER}, RUN, LINKS)


def failed_check(*deliveries: int) -> Check:
    finding = {"sentence": RECORDED, "examples": [POST]}
    levels = [{**finding, "level": level} for level in ("failed", "warning")]
    return whole(
        Check,
        passed=False,
        sentence=RECORDED,
        checks=levels,
        deliveries=list(deliveries),
        suspects_file="/home/x/suspects.json",
    )


def table(*why: str) -> ExperimentTable:
    rows = [{"model": "tiny", "lr": "5e-5", "test_acc": "" if why else "0.75", "why": list(why)}]
    return whole(ExperimentTable, rows=rows, table="/x/table", plot="/x/plot", sentence=RECORDED)


def validation() -> Validation:
    checks = [{"passed": False, "sentence": RECORDED}, {"passed": True, "sentence": "it loads"}]
    return whole(Validation, passed=False, sentence=RECORDED, checks=checks)


def fell() -> Mail:
    sources = [estimate_of(name="ptt"), estimate_of(None, name=None), estimate_of()]
    mail = fall_mail(night_of(RUN, fall=fallen(), by_source=sources), LINKS)
    assert mail
    return mail


def served(agrees: bool, since: str = "2026", held_back: tuple[str, ...] = ()) -> Served:
    kinds: tuple[Any, ...] = ("agrees", "agrees") if agrees else ("refuses", "agrees")
    findings = [
        Finding(server=f"http://10.0.0.{at}", label="", kind=kind, sentence=RECORDED) for at, kind in enumerate(kinds)
    ]
    until = (datetime.now(UTC) - timedelta(minutes=5)).isoformat() if agrees else None
    last = Occurrence(since=since, until=until, differences=[findings[0].told])
    return Served(agrees=agrees, sentence="", findings=findings, last=last, held_back=list(held_back))


def over() -> Mail:
    mail = over_mail(served(True), RUN, LINKS)
    assert mail
    return mail


def watch(**more: Any) -> Watch:
    side = {"accuracy": 0.8, "interval": [0.7, 0.9], "answers": 10, "p50_ms": 4.0, "p95_ms": 9.0, "p99_ms": 9.0}
    pairs = {"rows": 12, "disagreements": 3}
    servers = {
        "http://10.0.0.1": {"asked": 12, "stable": side, "canary": {"accuracy": None, "errors": 12}, "pairs": pairs},
        "http://10.0.0.2": {"unreachable": WHY},
    }
    probe = {"at": "2026", "canary": 4, "stable": 2, "reasons": [RECORDED], "servers": servers}
    example = {"text": POST, "true": 0, "stable": 0, "canary": 1, "confidence": 0.9}
    found = {"withdrawn": True, "version": 4, "stable": 2, "why": RECORDED, "sentence": RECORDED, "bad_probes": [probe]}
    return whole(Watch, {**found, "probe": {**probe, "examples": [example]}, **more})


def withdrawn(**more: Any) -> Mail:
    return withdrawn_mail(watch(**more), RUN, LINKS, ["正面", "負面", "中立"])


MAILS: dict[str, Callable[[], Mail]] = {
    "a question waits": lambda: waiting_mail(ASKING),
    "a reminder, hours before": lambda: reminder_mail(ASKING, 6, RECORDED),
    "a reminder, minutes before": lambda: reminder_mail(ASKING, 1.5, RECORDED),
    "no reason": lambda: unreasoned_mail(ASKING, WHO, "核准"),
    "four eyes": lambda: four_eyes_mail(ASKING, WHO),
    "approved": lambda: decided(outcome(True, 3)),
    "approved, the first version": lambda: decided(outcome(True, 3, None)),
    "rejected": lambda: decided(outcome(True, 2)),
    "nobody answered": lambda: decided(outcome(True, 2), NOBODY),
    "nothing changed": lambda: decided(outcome(False, 2)),
    "a check failed": lambda: check_mail(failed_check(12), RUN, LINKS, [12]),
    "a check failed, many deliveries": lambda: check_mail(failed_check(*range(1, 9)), RUN, LINKS, range(1, 9)),
    "an experiment failed": lambda: experiment_mail(table(WHY), RUN, LINKS),
    "an experiment failed in part": lambda: experiment_mail(table(), RUN, LINKS),
    "an export failed": lambda: validation_mail(validation(), RUN, LINKS),
    "stable fell": fell,
    "quiet nights": lambda: quiet_mail([date(2026, 11, 20), date(2026, 11, 18)], "/home/inbox", RUN, LINKS),
    "one quiet night": lambda: quiet_mail([date(2026, 11, 18)], "/home/inbox", RUN, LINKS),
    "a server differs": lambda: differs_mail(served(False), RUN, LINKS),
    "a server differs, since when is lost": lambda: differs_mail(served(False, ""), RUN, LINKS),
    "a server differs, and holds back": lambda: differs_mail(served(False, held_back=(RECORDED,)), RUN, LINKS),
    "servers agree again": over,
    "a canary was withdrawn": withdrawn,
    "a canary was withdrawn, the record is lost": lambda: withdrawn(bad_probes=[], stable=None),
    "a rollback": lambda: rollback_mail(outcome(True, 2, None), WHO, WHY, RUN, LINKS),
    "a step failed": lambda: failure_mail(Failure("sentiment_retrain", RUN, "gate", 3, WHY), LINKS),
    "a step failed without a word": lambda: failure_mail(Failure("sentiment_retrain", RUN, "gate", 3, NO_CAUSE), LINKS),
}
