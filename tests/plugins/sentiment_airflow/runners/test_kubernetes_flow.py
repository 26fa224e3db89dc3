"""A step from its pod's creation to its deletion, against a stand-in for the part of a cluster's API that it asks."""

from __future__ import annotations

import gc
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from sentiment_airflow.steps import StepOperator, runner_of
from support.waiting import terminated

RUN = "manual__2026-11-22T02:00:00+08:00"
POD = re.compile(r"^/api/v1/namespaces/nightly/pods/([a-z0-9-]+)(/log)?(\?|$)")


def now() -> str:
    return datetime.now(UTC).isoformat()


class Cluster(ThreadingHTTPServer):
    """Runs no pod: each ends at once, with what the test says it said and left; or when it is deleted."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.pods: dict[str, Any] = {}
        self.created: list[dict[str, Any]] = []
        self.lines, self.code, self.reason = ["loss 0.3"], 0, "Completed"
        self.result: dict[str, Any] | None = {"rows": 3}
        self.goes_on, self.heard, self.deleted = False, threading.Event(), list[dict[str, list[str]]]()

    def create(self, pod: dict[str, Any]) -> dict[str, Any]:
        self.created.append(pod)
        ended = {"terminated": {"exitCode": self.code, "reason": self.reason, "startedAt": now(), "finishedAt": now()}}
        state = {"running": {"startedAt": now()}} if self.goes_on else ended
        facts = {"name": "base", "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}
        phase = "Running" if self.goes_on else "Failed" if self.code else "Succeeded"
        pod["status"] = {"phase": phase, "containerStatuses": [facts]}
        pod["metadata"]["namespace"] = "nightly"
        self.pods[pod["metadata"]["name"]] = pod
        if self.result is not None:
            path = next(Path(text[9:]) for text in pod["spec"]["containers"][0]["args"] if text.startswith("--result="))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self.result), encoding="utf-8")
        return pod


class Requests(BaseHTTPRequestHandler):
    server: Cluster

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self._answer(self.server.create(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.server.pods[POD.match(self.path)[1]])  # type: ignore[index]

    def do_DELETE(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = parse_qs(urlsplit(self.path).query) | json.loads(self.rfile.read(length) or b"{}")
        self.server.deleted.append(asked)
        self._answer(self.server.pods.pop(POD.match(self.path)[1], {}))  # type: ignore[index]

    def do_GET(self) -> None:
        found = POD.match(self.path)
        if not found:
            kind = "PodList" if "/pods" in self.path else "EventList"
            self._answer({"kind": kind, "items": list(self.server.pods.values()) if kind == "PodList" else []})
        elif found[2] and self.server.goes_on:
            self.server.heard.set()
            self._answer(f"{now()} loss 0.3\n".encode())
        elif found[2]:
            text = "".join(f"{now()} {line}\n" for line in [*self.server.lines, json.dumps(self.server.result)])
            self._answer(text.encode())
        elif found[1] in self.server.pods:
            self._answer(self.server.pods[found[1]])
        else:
            self._answer({"kind": "Status", "code": 404}, 404)

    def _answer(self, content: Any, status: int = 200) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def cluster(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    server = Cluster()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    (tmp_path / "kube.json").write_text(json.dumps(config), encoding="utf-8")
    extra = json.dumps({"kube_config_path": str(tmp_path / "kube.json"), "in_cluster": False})
    monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", json.dumps({"conn_type": "kubernetes", "extra": extra}))
    for name, value in {"": "kubernetes", "_CLAIM": "home", "_NAMESPACE": "nightly"}.items():
        monkeypatch.setenv(f"SENTIMENT_RUNNER{name}", value)
    yield server
    server.shutdown()
    server.server_close()


def run(**options: Any) -> Any:
    return execute(StepOperator(task_id="train", verb="train", run=RUN, **options))


def execute(step: StepOperator) -> Any:
    ti = SimpleNamespace(
        dag_id="sentiment_retrain", task_id="train", run_id=RUN, map_index=-1, try_number=1, xcom_push=lambda **_: None
    )
    context: Any = {"params": {}, "ti": ti, "run_id": RUN, "dag": SimpleNamespace(parent_dag=None)}
    return step.execute(context)


def test_a_pod_is_started_heard_and_deleted(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    cluster.lines.append("http://evil.example is not read")
    with caplog.at_level("INFO"):
        assert run() == {"rows": 3}
    [pod] = cluster.created
    assert pod["spec"]["containers"][0]["args"][:2] == ["train", f"--run={RUN}"]
    assert cluster.pods == {}
    said = capsys.readouterr().out + caplog.text
    assert "loss 0.3" in said and '{"rows": 3}' not in said
    assert "hxxp[://]evil.example is not read" in said and "http://evil" not in said


def test_a_refused_input_fails_for_good_with_its_line(cluster: Cluster) -> None:
    cluster.code, cluster.reason, cluster.result = 2, "Error", {"error": "the file must have a header; found none."}
    with pytest.raises(AirflowFailException, match=r"^the file must have a header; found none\.$"):
        run()
    assert cluster.pods == {}


def test_a_pod_without_memory_says_so_and_shows_no_environment(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "s3cret")
    cluster.code, cluster.reason = 137, "OOMKilled"
    with pytest.raises(
        AirflowException, match=r"train was killed by signal 9, out of memory \(.*: loss 0\.3$"
    ) as raised:
        run()
    assert "s3cret" not in capsys.readouterr().out + str(raised.value)


# The kill comes in the middle of a call of the Kubernetes library, which leaves the connection to the collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_killed_step_deletes_its_pod(cluster: Cluster) -> None:
    """As Airflow does it: a signal, whose handler calls `on_kill` in the middle of everything."""
    cluster.goes_on, cluster.result = True, None
    step = StepOperator(task_id="train", verb="train", run=RUN)
    began = time.monotonic()
    try:
        with (
            terminated(step.on_kill, lambda: cluster.heard.wait(30)),
            pytest.raises(AirflowException, match=r"^train was stopped$"),
        ):
            execute(step)
    finally:
        gc.collect()  # here, where what it says is not an error
    assert len(cluster.created) == 1 and cluster.pods == {} and time.monotonic() - began < 30
    assert cluster.deleted[0] == {"gracePeriodSeconds": ["2"]}


def test_a_step_that_is_killed_before_its_pod_is_there_says_so(cluster: Cluster, home: Path) -> None:
    step = StepOperator(task_id="train", verb="train", run=RUN)
    made = step.step({"params": {}})
    runner = runner_of(made, os.environ, {})
    with pytest.raises(AirflowException, match="train was stopped before its pod existed"):
        runner.stop()
    assert cluster.deleted == []
