"""The engine's proxy before a real engine: what running a step takes goes through it, and nothing else does."""

# ruff: noqa: F811 - the fixtures are imported by their names

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow", reason="needs Airflow's environment")
from support import airflow_home

# isort: split
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from docker.api.client import APIClient  # type: ignore[import-not-found]
from docker.errors import APIError  # type: ignore[import-not-found]
from docker.types import HostConfig, Mount  # type: ignore[import-not-found]
from sentiment_airflow.engine_proxy.rules import Steps, host_configs
from sentiment_airflow.engine_proxy.serve import EngineProxy
from support.step_containers import (  # noqa: F401 - with the fixtures
    IMAGE,
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

from sentiment.settings import read_runner_settings

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(300),
    # The Docker library leaves it to the garbage collector to close the connection that a container's lines come by.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture
def proxy(home: Path, scripted: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineProxy]:
    """A proxy for the scripted steps of the home; from here on, Airflow's side knows no other engine."""
    monkeypatch.setenv("SENTIMENT_RUNNER_MEMORY", "512m")
    monkeypatch.setenv("SENTIMENT_RUNNER_MOUNTS", str(SAMPLE))
    user = f"{os.getuid()}:{os.getgid()}"
    with EngineProxy(("127.0.0.1", 0), Steps(home, user, read_runner_settings(os.environ))) as proxy:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{proxy.server_port}")
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@pytest.fixture
def client(proxy: EngineProxy) -> Iterator[Any]:
    client = APIClient(base_url=f"tcp://127.0.0.1:{proxy.server_port}")
    yield client
    client.close()


def test_a_step_runs_through_it_with_its_lines_and_its_result(
    home: Path, proxy: EngineProxy, scripted: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scripted("print('one 一半', flush=True); result({'rows': 3})") == {"rows": 3}
    assert "one 一半" in capsys.readouterr().out
    with pytest.raises(AirflowException, match=r"train ended with exit code 1: ValueError: no$"):
        scripted("raise ValueError('no')")


def test_a_night_begins_through_it(home: Path, proxy: EngineProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_RUNNER_IMAGE", IMAGE)
    proxy.steps = Steps(home, proxy.steps.user, read_runner_settings(os.environ))
    shutil.copy(SAMPLE / "arrivals" / "night-1.tsv", home / "datasets" / "inbox")
    assert run("ingest")["accepted"] > 100


def test_a_killed_step_and_what_a_killed_worker_left_are_removed_through_it(
    home: Path, proxy: EngineProxy, scripted: Any
) -> None:
    operator = step("train", options={"source": "print('up', flush=True); time.sleep(120)"})

    def is_up() -> bool:
        return bool(wait_until(lambda: [id for id in containers(home) if "up" in docker("logs", id)], 30))

    with terminated(operator.on_kill, is_up), pytest.raises(AirflowException, match=r"^train was stopped$"):
        execute(operator)
    assert containers(home) == []
    kill_the_worker_of(step("train", options={"source": UP}), home)
    assert scripted("result({'tried': 'again'})") == {"tried": "again"}
    assert containers(home) == []


def test_a_step_of_another_image_is_refused_in_one_line(
    home: Path, proxy: EngineProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_RUNNER_IMAGE", IMAGE)
    with pytest.raises(AirflowFailException, match=r"engine proxy: a step's container must have Image '.*-scripted'"):
        run("ingest")


def made(client: Any, proxy: EngineProxy, **changes: Any) -> str:
    """Returns the id of a container that is like a step's but for `changes` of its host configuration."""
    [like_a_step] = host_configs(proxy.steps)
    return str(
        client.create_container(
            image=proxy.steps.settings.image,
            command=["--source=pass"],
            user=proxy.steps.user,
            working_dir=str(proxy.steps.home),
            labels={"sentiment.home": proxy.steps.label},
            name="sentiment-train-0123456789ab",
            host_config={**like_a_step, **changes},
        )["Id"]
    )


WHOLE_MACHINE = HostConfig("1.41", mounts=[Mount("/machine", "/", "bind")])


@pytest.mark.parametrize(
    "changes",
    [
        {"Privileged": True},
        {"Binds": ["/:/machine"]},
        {"Mounts": WHOLE_MACHINE["Mounts"]},
        {"Binds": ["/var/run/docker.sock:/var/run/docker.sock"]},
        {"PidMode": "host"},
        {"NetworkMode": "container:postgres"},
        {"CapAdd": ["SYS_ADMIN"]},
        {"CapDrop": []},
        {"SecurityOpt": ["seccomp=unconfined"]},
        {"ReadonlyRootfs": False},
        {"Devices": [{"PathOnHost": "/dev/vda", "PathInContainer": "/dev/vda", "CgroupPermissions": "rwm"}]},
        {"privileged": True},
        {"VolumesFrom": ["postgres"]},
        {"Memory": 0},
    ],
    ids=str,
)
def test_a_container_that_could_do_more_than_a_step_is_not_made(
    home: Path, proxy: EngineProxy, client: Any, changes: dict[str, Any]
) -> None:
    with pytest.raises(APIError, match="a step's container must have another"):
        made(client, proxy, **changes)
    assert containers(home) == []


def test_a_container_that_is_like_a_steps_is_made_with_nothing_undone(
    home: Path, proxy: EngineProxy, client: Any
) -> None:
    """To the engine, names in any case are the same, and the last one counts."""
    container = made(client, proxy, capdrop=[], readonlyrootfs=False, privileged=False)
    try:
        found = client.inspect_container(container)["HostConfig"]
        assert (found["CapDrop"], found["ReadonlyRootfs"], found["Privileged"]) == (["ALL"], True, False)
    finally:
        client.remove_container(container, force=True)


def test_a_container_of_others_can_be_neither_seen_nor_touched(home: Path, proxy: EngineProxy, client: Any) -> None:
    other = docker("create", "--env", "PASSWORD=s3cret", IMAGE).strip()
    try:
        for attempt in (client.inspect_container, client.start, client.stop, client.remove_container, client.wait):
            with pytest.raises(APIError, match="must be one of this home's steps"):
                attempt(other)
        with pytest.raises(APIError, match=r"must be listed by the label sentiment\.home="):
            client.containers(all=True)
        assert client.containers(all=True, filters={"label": f"sentiment.home={proxy.steps.label}"}) == []
    finally:
        docker("rm", "--force", other)


def test_nothing_else_is_let_through(home: Path, proxy: EngineProxy, client: Any) -> None:
    container = made(client, proxy)
    try:
        attempts: list[Callable[[], Any]] = [
            lambda: client.exec_create(container, ["id"]),
            lambda: client.put_archive(container, "/", b""),
            lambda: client.commit(container),
            lambda: client.rename(container, "serving"),
            lambda: client.connect_container_to_network(container, "bridge"),
            lambda: client.volumes(),
            lambda: client.info(),
            lambda: client.pull("python:3.11-slim-bookworm"),
            lambda: client.remove_image(IMAGE),
        ]
        for attempt in attempts:
            with pytest.raises(APIError, match="403 Client Error"):
                attempt()
    finally:
        client.remove_container(container, force=True)


def test_nothing_reaches_the_engine_behind_a_request_that_is_let_through(home: Path, proxy: EngineProxy) -> None:
    behind = b"GET /info HTTP/1.1\r\nHost: docker\r\n\r\n"
    for first in (b"GET /_ping HTTP/1.1", f"POST /containers/{'0' * 64}/attach HTTP/1.1".encode()):
        with socket.create_connection(("127.0.0.1", proxy.server_port), 10) as connection:
            connection.sendall(first + b"\r\nHost: docker\r\n\r\n" + behind)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.count(b"HTTP/1.1 ") == 1 and b"ServerVersion" not in answer


def test_its_start_is_refused_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sentiment_airflow.engine_proxy.serve"]
    paths = os.pathsep.join([str(airflow_home.CHECKOUT), str(airflow_home.CHECKOUT / "plugins")])
    environment = {**os.environ, "PYTHONPATH": paths, "SENTIMENT_RUNNER_IMAGE": "a b"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and done.stderr.startswith("engine proxy: SENTIMENT_RUNNER_IMAGE must be")
    assert done.stderr.count("\n") == 1
