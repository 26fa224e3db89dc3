"""The engine Ray Data, in an environment of its own: the same scores, whoever is killed meanwhile."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.waiting import wait_until

from sentiment.settings import CHECKOUT, Settings

from .conftest import delimited, fill, ids, rows_of, scores_of

TOKEN = secrets.token_hex(16)
PYTHON = CHECKOUT / ".venv-score" / "bin" / "python"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-score: `make score-environment` makes it"),
]
# Not `ray start --block`: it ends all as soon as any process of its own ends, as one may that starts too slowly.
A_HEAD = """
import time
from ray.cluster_utils import Cluster
print("answers at", Cluster(initialize_head=True, head_node_args={"num_cpus": 1}).address, flush=True)
while True:
    time.sleep(1)
"""
TWO_NODES = """
import sys, threading, time
from pathlib import Path
from ray.cluster_utils import Cluster
from sentiment import cli
data = Path(sys.argv[1])
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
other = cluster.add_node(num_cpus=1)
def lose():
    while len(list(data.glob("*.parquet"))) < 3:
        time.sleep(0.05)
    cluster.remove_node(other, allow_graceful=False)  # SIGKILL for all of it
    print("lost a node", flush=True)
threading.Thread(target=lose, daemon=True).start()
code = cli.run([*sys.argv[2:], "--address", cluster.address])
cluster.shutdown()
sys.exit(code)
"""
# Every Python that is started imports it: a model ends its process at one post, as TensorFlow does.
CRASHING = """
import os
from sentiment.scoring import scorer
def answers_of(*given):
    return lambda posts: os.abort() if any(post.text == "crash" for post in posts) else [[0.2, 0.3, 0.5]] * len(posts)
scorer.answers_of = answers_of
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    fill(folder)
    for number in range(6):
        (folder / f"more-{number}.tsv").write_bytes(delimited(rows_of(300, f"more-{number}"), "\t"))
    return folder


@pytest.fixture
def command(home: Settings, archive: Path, tmp_path: Path) -> list[str]:
    places = ["--source", str(archive), "--output", str(tmp_path / "scores"), "--result", str(tmp_path / "result.json")]
    return ["score", *places, "--engine", "ray", "--threads", "1", "--shard-rows", "50"]


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program in .venv-score; whatever it started ends with the test."""
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        environment = dict(os.environ) | {
            "PYTHONPATH": f"{tmp_path / 'modules'}:{CHECKOUT}",
            "HOME": str(tmp_path),  # where Ray keeps a token
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",  # or else whatever runs beside the test is served first
            "RAY_agent_register_timeout_ms": "300000",  # a node whose helpers start later ends itself
            "RAY_gcs_rpc_server_reconnect_timeout_s": "5",  # instead of a minute
            "RAY_AUTH_MODE": "token",  # as `ray start` has it by itself
            "RAY_AUTH_TOKEN": TOKEN,
        }
        with (tmp_path / f"log-{len(begun)}.txt").open("w") as log:
            child = subprocess.Popen(
                [str(PYTHON), *arguments], stdout=log, stderr=log, text=True, env=environment, start_new_session=True
            )
        begun.append(child)
        return child

    yield run
    for child in begun:
        kill_all(child)


def kill_all(child: subprocess.Popen[str]) -> None:
    """Kills a program and whatever it started, as a machine dies that loses its power."""
    for process in [*descendants(child.pid), child.pid]:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    child.wait()


def descendants(parent: int) -> list[int]:
    """Returns the processes below a process, while it lives."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = list[int](), [parent]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def working(parent: int) -> list[int]:
    """Returns the processes that have a copy of the model and are scoring at the moment, as Ray names them."""
    named = []
    for process in descendants(parent):
        try:
            named += [process] * ("(Scoring)).submit" in Path(f"/proc/{process}/cmdline").read_text())
        except OSError:
            continue
    return named


def written(tmp_path: Path) -> dict[str, int]:
    """Returns when each file of scores was written."""
    return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "scores/version-2/data").glob("*.parquet")}


def require_all(tmp_path: Path, before: dict[str, int]) -> None:
    """Requires each post once, and that no shard of `before` was computed again."""
    found = ids(scores_of(tmp_path / "scores"))
    assert len(found) == len(set(found)) == 88 + 6 * 300
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert (result["rows"], result["complete"], result["current"]) == (1888, True, 2)
    assert before and before.items() <= written(tmp_path).items()


def test_driver_and_worker_are_killed(command: list[str], start: Start, tmp_path: Path) -> None:
    first = start("-m", "sentiment", *command, "--actors", "2")
    wait_until(lambda: len(written(tmp_path)) >= 2 or first.poll() is not None, 300)
    first.kill()
    assert first.wait() == -signal.SIGKILL
    before = written(tmp_path)
    second = start("-m", "sentiment", *command, "--actors", "2")
    os.kill(wait_until(lambda: working(second.pid), 300)[0], signal.SIGKILL)
    assert second.wait(400) == 0
    require_all(tmp_path, before)


def test_a_node_is_lost(command: list[str], start: Start, tmp_path: Path) -> None:
    data = str(tmp_path / "scores/version-2/data")
    child = start("-c", TWO_NODES, data, *command, "--actors", "2")
    before = wait_until(lambda: written(tmp_path), 300)
    assert child.wait(500) == 0
    assert "lost a node" in (tmp_path / "log-0.txt").read_text()
    require_all(tmp_path, before)


def test_the_head_is_lost_and_another_engine_goes_on(command: list[str], start: Start, tmp_path: Path) -> None:
    head = start("-c", A_HEAD)
    found = wait_until(lambda: re.search(r"answers at (\S+)\n", (tmp_path / "log-0.txt").read_text()), 120)
    assert found, (tmp_path / "log-0.txt").read_text()
    driver = start("-m", "sentiment", *command, "--address", found[1])
    wait_until(lambda: len(written(tmp_path)) >= 2 or driver.poll() is not None, 300)
    assert driver.poll() is None, "".join(log.read_text() for log in sorted(tmp_path.glob("log-*.txt")))
    kill_all(head)
    before = written(tmp_path)
    assert driver.wait(120) not in (0, None)
    assert not (tmp_path / "scores/current.json").exists()
    again = start("-m", "sentiment", *command, "--engine", "local")
    assert again.wait(300) == 0
    require_all(tmp_path, before)


def test_a_part_at_which_each_worker_dies_ends_the_run(
    command: list[str], start: Start, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "sitecustomize.py").write_text(CRASHING)
    (archive / "another.tsv").write_text("text\ncrash\n")
    child = start("-m", "sentiment", *command, "--actors", "1")
    assert child.wait(300) == 1
    said = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["error"]
    assert "a worker must get through another.tsv; found 4 that died there" in said
    assert "Traceback" not in (tmp_path / "log-0.txt").read_text()


def test_a_cluster_that_does_not_answer_is_one_line(command: list[str], start: Start, tmp_path: Path) -> None:
    child = start("-m", "sentiment", *command, "--address", "127.0.0.1:1")
    assert child.wait(300) == 1
    said = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["error"]
    assert said.startswith("the Ray cluster at 127.0.0.1:1 must answer")
    assert "Traceback" not in (tmp_path / "log-0.txt").read_text()


def test_a_copy_that_fits_on_no_node_is_one_line(command: list[str], start: Start, tmp_path: Path) -> None:
    child = start("-m", "sentiment", *command, "--threads", "4096")
    assert child.wait(300) == 2
    said = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["error"]
    assert said.startswith("a node of Ray must have 4,096 processors")
    assert "Traceback" not in (tmp_path / "log-0.txt").read_text()
