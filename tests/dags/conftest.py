from __future__ import annotations

from support import airflow_home  # sets Airflow's home before anything of Airflow is imported

# isort: split
import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
from jsonschema import Draft202012Validator


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Airflow's tables, in the SQLite file of the tests' home."""
    initdb()


@pytest.fixture(scope="session", autouse=True)
def schemas_checked_once() -> Iterator[None]:
    """Airflow checks the schema of each param whenever it looks at a workflow: a quarter of the time of these tests."""
    checked, check = set(), Draft202012Validator.check_schema

    def once(schema: object) -> None:
        if (text := repr(schema)) not in checked:
            check(schema)
            checked.add(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draft202012Validator, "check_schema", once)
        yield


@pytest.fixture
def workflows() -> dict[str, Any]:
    """The workflows by name, as Airflow reads them; anew for each test, since `dag.test()` fills in their forms."""
    bag = DagBag(str(airflow_home.CHECKOUT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.fixture(autouse=True)
def stoppable() -> Iterator[None]:
    """Takes SIGTERM back from the tasks that `dag.test()` ran in this process: they would swallow it."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty SENTIMENT_HOME."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Callable[[], list[list[str]]]]:
    """A `sentiment` command that agrees to everything; returns the arguments of every call of it so far.

    The backup, which runs beside the other steps of a night, is in `backups` instead.
    """
    command, log = tmp_path / "sentiment", tmp_path / "calls.jsonl"
    command.write_text(f"#!{sys.executable} -IS\n{AGREEABLE.format(log=str(log))}", encoding="utf-8")
    command.chmod(0o755)
    log.touch()
    monkeypatch.setenv("SENTIMENT_COMMAND", str(command))
    yield lambda: [call for call in called(log) if call[0] != "backup"]


@pytest.fixture
def backups(tmp_path: Path, calls: Callable[[], list[list[str]]]) -> Callable[[], list[list[str]]]:
    """Returns the arguments of every backup so far."""
    return lambda: [call for call in called(tmp_path / "calls.jsonl") if call[0] == "backup"]


def called(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


AGREEABLE = """
import json, pathlib, sys
result = next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result="))
result.parent.mkdir(parents=True, exist_ok=True)
passed = sys.argv[1] != ""
version = next((int(text[10:]) for text in sys.argv if text[:10] == "--version=" and text[10:].isdecimal()), 7)
found = {{"nothing_new": False, "passed": passed, "sentence": "Worse.", "version": version}}
found |= {{"changed": True, "stable": version if sys.argv[1] == "promote" else 2, "previous": 1, "canary": None}}
found |= {{"not_set": False, "agrees": True, "findings": [], "last": None}}
found |= {{"not_scored": False, "nothing_to_compare": False}}
found |= {{"withdrawn": False, "healthy": True, "probe": None}}
result.write_text(json.dumps(found))
with open({log!r}, "a") as file:
    print(json.dumps([text for text in sys.argv[1:] if not text.startswith("--result=")]), file=file)
"""


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EmailMessage]]:
    """The mails that a real SMTP server received so far."""
    from sentiment_airflow.workflows import DEFAULT_ARGS

    # One notifier for all workflows; it keeps its connection, which a task's process of its own uses once.
    vars(DEFAULT_ARGS["on_failure_callback"]).pop("hook", None)
    received: list[EmailMessage] = []

    class Mailbox:
        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
            received.append(BytesParser(policy=policy.default).parsebytes(envelope.content))
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(Mailbox(), hostname="127.0.0.1", port=port)
    server.start()
    options = "from_email=sentiment%40example.com&disable_ssl=true&disable_tls=true&timeout=5"
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", f"smtp://127.0.0.1:{port}/?{options}")
    monkeypatch.setenv("SENTIMENT_MAIL_TO", "ann@example.com")
    yield received
    server.stop()


@pytest.fixture
def history(home: Path) -> Callable[..., None]:
    """Writes the events that are given, as (event, version) or (event, version, more), into the home's history."""

    def write(*events: tuple[Any, ...]) -> None:
        entries = [
            {"event": name, "version": version, "at": "2026-11-22T02:00:00+00:00", "who": "x"} | dict(*more)
            for name, version, *more in events
        ]
        (home / "serving").mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        (home / "serving" / "history.jsonl").write_text(text, encoding="utf-8")

    return write
