"""Steps in containers, on a real engine: what a StepOperator with the docker runner does, from start to clean-up."""

# ruff: noqa: F811 - the fixtures are imported by their names

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow", reason="needs Airflow's environment")
from support import airflow_home  # noqa: F401 - sets Airflow's home and where its plugins are

# isort: split
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from sentiment_airflow.steps import StepOperator
from support.step_containers import (  # noqa: F401 - with the fixtures
    IMAGE,
    RUN,
    SAMPLE,
    UP,
    containers,
    docker,
    execute,
    home,
    images,
    kill_the_worker_of,
    run,
    scripted,
    step,
)
from support.waiting import terminated, wait_until

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(300),
    # The Docker library leaves it to the garbage collector to close the connection that a container's lines come by.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def test_a_night_begins_in_containers(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrivals = next(SAMPLE.parent.glob("**/arrivals/*.tsv"), SAMPLE / "train.tsv")
    shutil.copy(arrivals, home / "datasets" / "inbox" / "night.tsv")
    ingested = run("ingest", reads_bucket=True)
    prepared = run("prepare", skip_when="nothing_new", options={"minimum_content_length": "5"})
    folder = next(path for path in (home / "runs").iterdir())
    assert ingested["accepted"] > 100 and not prepared["nothing_new"]
    assert {"prepare.json", "train.tsv", "test.tsv"} <= {path.name for path in folder.iterdir()}
    assert not list(folder.glob(".*-task*.json"))
    assert {path.stat().st_uid for path in folder.rglob("*")} == {os.getuid()}
    said = capsys.readouterr().out
    assert f"In a container of {IMAGE}: sentiment prepare --run={RUN}" in said
    assert '"nothing_new"' not in said, "the result is not repeated"


def test_lines_come_while_the_step_works(home: Path, scripted: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []
    stopped = threading.Event()

    def read() -> None:
        while not stopped.wait(0.1):
            shown.append(capsys.readouterr().out)
            if "one half" in "".join(shown):
                (home / "go on").touch()

    reader = threading.Thread(target=read)
    reader.start()
    until = f"go = pathlib.Path({str(home / 'go on')!r})\nfor _ in range(600): go.exists() or time.sleep(0.05)"
    lines = [
        "print('one', 'half', '一半', flush=True)",
        until,
        "print('10%\\r20%', file=sys.stderr)",
        "result({'rows': 3})",
    ]
    try:
        assert scripted("\n".join(lines)) == {"rows": 3}
    finally:
        stopped.set()
        reader.join()
    said = "".join(shown) + capsys.readouterr().out
    assert "one half 一半" in said and "20%" in said and '{"rows": 3}' not in said


def test_a_refused_input_fails_for_good_with_its_line(home: Path) -> None:
    (home / "datasets" / "old_sentiment" / "train.tsv").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(AirflowFailException, match=r"must.*; found "):
        run("prepare")
    with pytest.raises(AirflowFailException, match=r"No such option.*--nowhere"):
        run("ingest", options={"nowhere": "x"})


def test_another_exit_code_may_be_tried_again(home: Path, scripted: Any) -> None:
    with pytest.raises(AirflowException, match=r"train ended with exit code 1: ValueError: no$") as raised:
        scripted("raise ValueError('no')")
    assert not isinstance(raised.value, AirflowFailException)


def test_a_step_without_memory_says_so(home: Path, scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_RUNNER_MEMORY", "32m")
    with pytest.raises(AirflowException, match=r"train was killed by signal 9, out of memory \(raise SENT"):
        scripted("print('filling', flush=True); kept = [bytearray(1 << 20) for _ in range(1 << 12)]")


def test_a_killed_step_leaves_nothing(home: Path, scripted: Any) -> None:
    """As Airflow does it: a signal, whose handler calls `on_kill` in the middle of everything."""
    operator = step("train", options={"source": "print('up', flush=True); time.sleep(120)"})

    def is_up() -> bool:
        return bool(wait_until(lambda: [id for id in containers(home) if "up" in docker("logs", id)], 30))

    start = time.monotonic()
    with terminated(operator.on_kill, is_up), pytest.raises(AirflowException, match=r"^train was stopped$"):
        execute(operator)
    assert time.monotonic() - start < 30 and containers(home) == []


def test_what_a_killed_worker_left_is_removed_before_the_next_try(home: Path, scripted: Any) -> None:
    left = kill_the_worker_of(step("train", options={"source": UP}), home)
    other = StepOperator(task_id="other", verb="train", run=RUN, options={"source": "result({'other': 1})"})
    assert execute(other) == {"other": 1}
    assert containers(home) == left, "another task's container is not touched"
    assert scripted("result({'tried': 'again'})") == {"tried": "again"}
    assert containers(home) == []


@pytest.mark.parametrize(("runs_at_once", "stays"), [(1, False), (16, True)])
def test_what_the_last_try_left_is_removed_by_the_next_run_where_there_is_one_at_a_time(
    home: Path, scripted: Any, runs_at_once: int, stays: bool
) -> None:
    def train(run: str, source: str) -> StepOperator:
        with DAG(dag_id="nightly", schedule=None, max_active_runs=runs_at_once):
            return StepOperator(task_id="train", verb="train", run=run, options={"source": source})

    left = kill_the_worker_of(train("last night", UP), home)
    assert execute(train("tonight", "result({'rows': 3})")) == {"rows": 3}
    assert containers(home) == (left if stays else [])
    for container in containers(home):
        docker("rm", "--force", container)


def test_a_step_is_given_its_own_and_nothing_more(
    home: Path, scripted: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = {"conn_type": "aws", "login": "key", "password": "s/e+c%ret"}
    given = {
        "SENTIMENT_GATE_MARGIN": "0.02",
        "SENTIMENT_RUNNER_SHM": "256m",
        "SENTIMENT_BUCKET_CONNECTION": "labels",
        "AIRFLOW_CONN_LABELS": json.dumps(connection),
        "AIRFLOW__CORE__FERNET_KEY": "secret",
        "SENTIMENT_RUNNER_MOUNTS": f"{SAMPLE}:/sample",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    source = (
        "disk = os.statvfs('/dev/shm'); result({'env': dict(os.environ), 'id': [os.getuid(), os.getgid()], "
        "'shm': disk.f_blocks * disk.f_frsize, 'sample': sorted(os.listdir('/sample')), "
        "'read only': not os.access('/sample', os.W_OK) or bool(os.statvfs('/sample').f_flag & os.ST_RDONLY)})"
    )
    found = scripted(source, reads_bucket=True)
    environment = found.pop("env")
    assert found == {
        "id": [os.getuid(), os.getgid()],
        "shm": 256 << 20,
        "sample": sorted(path.name for path in SAMPLE.iterdir()),
        "read only": True,
    }
    assert environment["AWS_SECRET_ACCESS_KEY"] == "s/e+c%ret" and environment["SENTIMENT_GATE_MARGIN"] == "0.02"
    assert environment["SENTIMENT_HOME"] == str(home) and environment["HOME"] == "/tmp"
    assert not [name for name in environment if "AIRFLOW" in name or name.startswith("SENTIMENT_RUNNER")]
    assert "AWS_SECRET_ACCESS_KEY" not in scripted("result(dict(os.environ))")
    assert "s/e+c%ret" not in capsys.readouterr().out


CONFINED = """
def tried(path):
    try:
        pathlib.Path(path).write_text('x')
    except OSError as error:
        return errno.errorcode[error.errno]
    return 'written'

status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines())
limit = pathlib.Path('/sys/fs/cgroup/pids.max')
if not limit.exists():
    limit = pathlib.Path('/sys/fs/cgroup/pids/pids.max')
paths = {'root': '/x', 'usr': '/usr/x', 'tmp': '/tmp/x', 'home': os.environ['SENTIMENT_HOME'] + '/x'}
program = pathlib.Path('/tmp/program')
program.write_text('#!/bin/sh')
program.chmod(0o755)
result({
    'capabilities': [status[name].strip('0') for name in ('CapEff', 'CapPrm', 'CapBnd', 'CapInh')],
    'new privileges': status['NoNewPrivs'], 'filtered': status['Seccomp'], 'processes': limit.read_text().strip(),
    'runs from tmp': os.access('/tmp/program', os.X_OK), **{name: tried(path) for name, path in paths.items()},
})
"""


def test_a_step_can_compute_and_write_into_the_home_and_nothing_else(home: Path, scripted: Any) -> None:
    assert scripted("import errno" + CONFINED) == {
        "capabilities": ["", "", "", ""],
        "new privileges": "1",
        "filtered": "2",
        "processes": "4096",
        "runs from tmp": False,
        **{"root": "EROFS", "usr": "EROFS", "tmp": "written", "home": "written"},
    }


def test_a_step_reaches_what_listens_on_this_machine(home: Path, scripted: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5).close(); result({{'reached': 1}})"
        assert scripted(source) == {"reached": 1}


@pytest.mark.parametrize(
    "text", ["$(touch /tmp/x); `id`", "--who=root", "a\nb\t'\"\\", "正面 😀 {{ 7*7 }}", "$HOME $$"]
)
def test_a_hostile_value_arrives_as_it_was_written(home: Path, scripted: Any, text: str) -> None:
    operator = step("train", options={"source": "result({'found': sys.argv[-2]})", "reason": text})
    assert execute(operator) == {"found": f"--reason={text}"}


def test_an_engine_that_refuses_is_one_clear_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_HOST_HOME", "/nowhere/at/all")
    with pytest.raises(AirflowFailException, match=r"must run a container for ingest; it said: .*/nowhere/at/all"):
        run("ingest")
    monkeypatch.delenv("SENTIMENT_HOST_HOME")
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        with pytest.raises(AirflowException, match=r"a Docker engine must answer at unix:///nowhere\.sock"):
            run("ingest")


def test_an_image_that_is_nowhere_is_one_clear_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_RUNNER_IMAGE", "127.0.0.1:1/sentiment-never-built")
    with pytest.raises(AirflowException, match=r"sentiment-never-built, or find it in a registry.*make build_images"):
        run("ingest")


def test_gpus_are_asked_for_only_where_they_help(home: Path, scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """This engine has no GPU: it refuses what asks for one, and that is told."""
    monkeypatch.setenv("SENTIMENT_RUNNER_GPUS", "all")
    with pytest.raises(AirflowException, match=r"capabilities: \[\[gpu"):
        scripted("result({'rows': 3})")
    monkeypatch.setenv("SENTIMENT_RUNNER_IMAGE", IMAGE)
    assert run("ingest")["accepted"] == 0
