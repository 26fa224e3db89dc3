from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentiment.demo.processes import ProcessDied, Processes, reserve_port, stop_leftovers

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# A child that leaves its group, as Airflow's steps do: only its environment still says whose it is.
GRANDCHILD = [
    sys.executable,
    "-c",
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
    "time.sleep(60)",
]


def test_stop_ends_every_process_that_carries_the_home(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "home", tmp_path / "logs")
    processes.start("parent", GRANDCHILD, dict(os.environ))
    time.sleep(1)
    processes.check()
    processes.stop()
    assert stop_leftovers(tmp_path / "home") == 0


def test_leftovers_of_a_killed_demo_are_found_and_others_are_left_alone(tmp_path: Path) -> None:
    mine = subprocess.Popen(SLEEP, env={**os.environ, "SENTIMENT_HOME": str(tmp_path / "home")})
    other = subprocess.Popen(SLEEP, env={**os.environ, "SENTIMENT_HOME": str(tmp_path / "home2")})
    time.sleep(0.5)
    try:
        assert stop_leftovers(tmp_path / "home") == 1
        assert mine.wait(timeout=10) < 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


# As Airflow's api-server does: its title is written over its environment.
RENAMED = [
    sys.executable,
    "-c",
    "import ctypes, time\n"
    "start = int(open('/proc/self/stat').read().rpartition(')')[2].split()[47])\n"
    "ctypes.memset(start, 0, 2000)\n"
    "print('renamed', flush=True)\n"
    "time.sleep(60)",
]


def test_a_process_that_lost_its_environment_is_stopped_too(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "home", tmp_path / "logs")
    processes.start("renamed", RENAMED, {**os.environ, "AAA": "x" * 3000})
    while processes.log("renamed").read_text() != "renamed\n":
        time.sleep(0.05)
    processes.check()
    assert stop_leftovers(tmp_path / "home") == 1
    processes.stop()


def test_a_process_that_ends_early_is_named_with_its_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "home", tmp_path / "logs")
    with pytest.raises(ProcessDied, match=r"exit code 3; its log is .*short\.log"):
        processes.run("short", [sys.executable, "-c", "print('why'); raise SystemExit(3)"], dict(os.environ))
    assert processes.log("short").read_text() == "why\n"


def test_a_busy_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with reserve_port(port) as another:
            assert another.getsockname()[1] not in (port, 0)


def test_of_two_that_are_being_started_one_takes_another_port() -> None:
    with reserve_port(0) as first:
        port = first.getsockname()[1]
        with reserve_port(port) as second, socket.create_server(("127.0.0.1", port)):
            assert second.getsockname()[1] != port, "and the port is free for the first one's server"
    with reserve_port(port) as later:
        assert later.getsockname()[1] == port
