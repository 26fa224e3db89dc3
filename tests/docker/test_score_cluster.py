"""docker-compose.score.yml for real: an archive scored by two workers, one of which is killed in the middle.

The command of the Job in docker/kuberay/score.yaml then scores it with another version, on the same cluster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from scoring.conftest import delimited, ids, rows_of, scores_of
from support.compose_stack import CONTAINERS_USER, compose_version, inspect, run
from support.small_homes import release
from support.toy_data import data, trained  # noqa: F401

from sentiment.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
FILES, ROWS = 6, 300
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(1800)]


class Cluster:
    """A Ray cluster of Compose, its archive and its scores."""

    def __init__(self, folder: Path, image: str) -> None:
        self.home, self.archive, self.scores = (folder / name for name in ("home", "archive", "scores"))
        self.name, self.file = f"score-{uuid4().hex[:8]}", folder / ".env"
        run([sys.executable, str(CHECKOUT / "docker" / "environment.py"), f"--file={self.file}", str(self.home)])
        with self.file.open("a") as lines:
            lines.write(f"SCORE_ARCHIVE={self.archive}\nSCORE_OUTPUT={self.scores}\nSCORE_IMAGE={image}\n")
        self.env = dict(line.split("=", 1) for line in self.file.read_text().splitlines())

    def compose(self, *arguments: str) -> list[str]:
        version = ["docker", "compose"] if compose_version() else ["docker-compose"]
        file, project = f"--file={CHECKOUT / 'docker-compose.score.yml'}", f"--project-name={self.name}"
        return [*version, file, project, f"--env-file={self.file}", *arguments]

    def containers(self, service: str) -> list[dict[str, Any]]:
        label = f"--filter=label=com.docker.compose.project={self.name}"
        found = run(["docker", "ps", "--quiet", label, f"--filter=label=com.docker.compose.service={service}"])
        return inspect(found.split())

    def written(self, version: int) -> dict[str, int]:
        found = (self.scores / f"version-{version}" / "data").glob("*.parquet")
        return {path.name: path.stat().st_mtime_ns for path in found}


@pytest.fixture(scope="module")
def cluster(images: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:  # noqa: F811
    folder, image = tmp_path_factory.mktemp("cluster"), f"{images.trainer}-score"
    for name in ("home", "archive", "scores"):
        (folder / name).mkdir()
    for version in (1, 2):
        release(Settings(home=folder / "home", serving_urls=""), version, trained)
    for number in range(FILES):
        (folder / "archive" / f"{number}.tsv").write_bytes(delimited(rows_of(ROWS, str(number)), "\t"))
    if os.getuid() == 0:
        run(["chown", "--recursive", f"{CONTAINERS_USER}:{CONTAINERS_USER}", str(folder)])
    run(["make", "score-image", f"IMAGE={images.trainer}", f"SCORE_IMAGE={image}"])
    found = Cluster(folder, image)
    try:
        run(found.compose("up", "--detach", "--scale", "worker=2"))
        yield found
    finally:
        run(found.compose("down", "--volumes"))


def wait_until(condition: Callable[[], Any], seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.1)
    return found


def require_each_once(cluster: Cluster, version: int, before: dict[str, int]) -> None:
    found = ids(scores_of(cluster.scores, version))
    assert len(found) == len(set(found)) == FILES * ROWS
    assert before.items() <= cluster.written(version).items(), "no finished shard is computed again"


def test_a_worker_is_killed_and_each_post_is_scored_once(cluster: Cluster) -> None:
    score = ["sentiment", "score", "--address", "auto", "--threads", "1", "--shard-rows", "50"]
    driver = subprocess.Popen(
        cluster.compose("exec", "-T", "head", *score), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: len(cluster.written(2)) >= 2 or driver.poll() is not None)
    before, [worker, _] = cluster.written(2), cluster.containers("worker")
    run(["docker", "kill", worker["Id"]])
    said, complained = driver.communicate(timeout=600)
    assert driver.returncode == 0, complained[-3000:]
    result = json.loads(said.splitlines()[-1])
    assert (result["rows"], result["complete"], result["current"]) == (FILES * ROWS, True, 2)
    require_each_once(cluster, 2, before)


def test_no_node_has_a_capability_or_a_port_of_this_machine(cluster: Cluster) -> None:
    nodes = [*cluster.containers("head"), *cluster.containers("worker")]
    assert len(nodes) >= 2
    for node in nodes:
        host = node["HostConfig"]
        assert (host["CapDrop"], host["ReadonlyRootfs"], host["PortBindings"]) == (["ALL"], True, {})
        assert "no-new-privileges:true" in host["SecurityOpt"]
    [head] = cluster.containers("head")
    home = [mount for mount in head["Mounts"] if mount["Destination"] == str(cluster.home / "serving")]
    assert [mount["RW"] for mount in home] == [False]


def test_the_command_of_the_job_on_kubernetes_joins_the_cluster_and_scores(cluster: Cluster) -> None:
    text = (CHECKOUT / "docker" / "kuberay" / "score.yaml").read_text(encoding="utf-8")
    [job] = [each for each in yaml.safe_load_all(text) if each["kind"] == "Job"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    [line] = container["args"]
    line = line.replace("sentiment-scores-head-svc", "head").replace("--version stable", "--version 1")
    [head] = cluster.containers("head")
    owner = f"{cluster.env['STACK_UID']}:{cluster.env['STACK_GID']}"
    given = {
        "SENTIMENT_HOME": cluster.home, "SENTIMENT_ARCHIVE": cluster.archive, "SENTIMENT_SCORES": cluster.scores,
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": cluster.env["SCORE_SECRET"], "HOME": "/tmp", "USER": "sentiment",
    }  # fmt: skip
    folders = {cluster.home / "serving": ":ro", cluster.archive: ":ro", cluster.scores: ""}
    [network] = head["NetworkSettings"]["Networks"]
    said = run([
        "docker", "run", "--rm", "--init", "--read-only", "--tmpfs", "/tmp:mode=1777", "--shm-size", "1g",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", owner, "--network", network,
        *(f"--env={name}={value}" for name, value in given.items()),
        *(f"--volume={path}:{path}{mode}" for path, mode in folders.items()),
        "--entrypoint", container["command"][0], cluster.env["SCORE_IMAGE"], *container["command"][1:], line,
    ])  # fmt: skip
    result = json.loads(said.splitlines()[-1])
    assert (result["version"], result["rows"], result["complete"]) == (1, FILES * ROWS, True)
    require_each_once(cluster, 1, {})
