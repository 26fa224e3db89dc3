"""A mail server that keeps what it receives, and the runs and failed tasks that the notifiers mail about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from sentiment.results.decision import Gate
from sentiment.results.deliveries import Prepare
from sentiment.run_folder import safe_name
from sentiment.validation.throwaway import free_ports
from support.results import whole_json

RUN = "manual__2026-11-22T02:00:00+08:00"
HOSTILE = "店員很好 <script>alert(1)</script> {{ 7*7 }}\r\nBcc: x@example.com"
GATE: dict[str, Any] = {
    "passed": False,
    "verdict": "worse",
    "sentence": "Worse than version 2: accuracy on the frozen set fell by 11.7 percentage points.",
    "reasons": ["Accuracy on the frozen set fell by 11.7 percentage points, allowed is 1.0."],
    "labels": ["正面", "負面", "中立"],
    "stable_version": 2,
    "sets": {
        "frozen": {"rows": 300, "candidate_accuracy": 0.817, "stable_accuracy": 0.933, "difference": -0.117}
        | {"lower_bound": -0.154, "mcnemar_p": 0.0001, "decides": True}
    },
    "regressions": [{"set": "frozen", "text": HOSTILE, "true": 0, "stable": 0, "candidate": 1, "confidence": 0.93}],
    "improvements": [],
    "overridden": None,
}
PREPARE: dict[str, Any] = {
    "new": {"per_label": [1, 2, 3], "rows": 6},
    "mix": None,
    "train_rows": 6,
    "warm_from": 2,
    "excluded_leaks": 0,
    "deliveries": [2],
}


CHECK: dict[str, Any] = {
    "passed": False,
    "sentence": "The new posts failed a check. Near test texts: 40.0%, up to 20.0% is expected.",
    "warnings": ["Doubtful labels: 67.0%, up to 20.0% is expected."],
    "checks": [
        {"level": "failed", "sentence": "Near test texts: 40.0%, up to 20.0% is expected.", "examples": [HOSTILE]},
        {"level": "warning", "sentence": "Doubtful labels: 67.0%, up to 20.0% is expected.", "examples": []},
    ],
    "suspects_file": None,
}


VALIDATION: dict[str, Any] = {
    "passed": False,
    "sentence": "It must not be served: text answers 3 posts otherwise than the trained model.",
    "checks": [
        {"name": "loads", "passed": True, "sentence": "the server loads it"},
        {"name": "parity of text", "passed": False, "sentence": HOSTILE},
    ],
    "latency": [
        {"batch": 1, "p95_ms": 13.9},
        {"batch": 1, "p95_ms": 8.0},
        {"batch": 32, "p95_ms": 125.7},
    ],
    "export_bytes": 6_440_296,
    "load_seconds": 5.672,
    "peak_memory_bytes": 780_177_408,
}


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.mails.append((envelope.rcpt_tos, BytesParser(policy=policy.default).parsebytes(envelope.content)))
        return "250 OK"


def connection(port: int) -> str:
    return f"smtp://127.0.0.1:{port}/?from_email=sentiment%40example.com&disable_ssl=true&disable_tls=true&timeout=2"


@pytest.fixture
def mailbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    found = Mailbox()
    server = Controller(found, hostname="127.0.0.1", port=free_ports(1)[0])
    server.start()
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(server.port))
    monkeypatch.setenv("SENTIMENT_MAIL_TO", "ann@example.com, bob@example.com,")
    yield found
    server.stop()


def failed(exception: BaseException | str | None, task: str = "train") -> Any:
    facts = SimpleNamespace(
        dag_id="sentiment_retrain", run_id=RUN, task_id=task, try_number=3, log_url="http://127.0.0.1:8080/log?a=1&b=2"
    )
    return {"ti": facts, "run_id": RUN, "exception": exception}


@pytest.fixture
def refused_run(home: Path) -> Path:
    folder = home / "runs" / safe_name(RUN)
    folder.mkdir(parents=True)
    (folder / "gate.json").write_text(json.dumps(whole_json(Gate, GATE)), encoding="utf-8")
    (folder / "prepare.json").write_text(json.dumps(whole_json(Prepare, PREPARE)), encoding="utf-8")
    return folder


def parts(mail: EmailMessage) -> tuple[str, str]:
    found = [mail.get_body((kind,)) for kind in ("plain", "html")]
    assert all(found) and mail.get_content_type() == "multipart/alternative"
    plain, html = (str(part.get_content()) for part in found if part)
    return plain, html
