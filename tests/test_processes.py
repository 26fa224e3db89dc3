from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.waiting import wait_until

from sentiment import processes

STARTER = """
import subprocess, time
from sentiment import processes
process = processes.start_module("timeit", ["-n1", "-r1", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
print(process.pid, flush=True)
time.sleep(60)
"""
# A process and its child; both ignore TERM when told so. The child's id is the second line.
PAIR = """
import signal, subprocess, sys, time
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def gone(pid: int) -> bool:
    return bool(wait_until(lambda: not processes.is_running(pid)))


def test_a_process_ends_with_a_starter_that_is_killed() -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    process = int(starter.stdout.readline())
    assert processes.is_running(process)
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate()
    assert gone(process)


def test_a_running_process_is_killed_when_its_context_ends_by_an_error() -> None:
    with (
        pytest.raises(KeyError),
        processes.running("timeit", ["-n1", "-r1", "import time; time.sleep(60)"], stdin=subprocess.PIPE) as process,
    ):
        raise KeyError
    assert process.returncode == -signal.SIGKILL
    assert process.stdin and process.stdin.closed


def test_what_an_ended_process_did_not_read_is_no_error() -> None:
    process = processes.start([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    assert process.stdin
    assert gone(process.pid)
    process.stdin.write(b"a question")
    processes.end(process)
    assert process.returncode == 0


@pytest.mark.parametrize("hearing", ["hearing", "deaf"])
def test_a_guard_ends_a_command_and_its_child_when_stdin_is_closed(hearing: str) -> None:
    command = [sys.executable, "-c", PAIR, hearing]
    with processes.guarded(command, 0.3, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as guard:
        assert guard.stdin and guard.stdout and guard.stderr
        leader = int(guard.stdout.readline())
        assert guard.stderr.readline() == b"up\n"
        child = int(guard.stderr.readline())
        assert processes.is_running(leader) and processes.is_running(child)
        guard.stdin.close()
        assert guard.wait() == 128 + (signal.SIGTERM if hearing == "hearing" else signal.SIGKILL)
        assert not processes.is_running(leader)
        assert gone(child)


def test_a_guards_folder_stays_until_its_starter_has_read_what_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    with processes.guarded(command, 0, folder, stdout=subprocess.PIPE) as guard:
        assert guard.stdin and guard.stdout
        assert gone(int(guard.stdout.readline()))
        assert guard.poll() is None and folder.is_dir()
        guard.stdin.close()
        assert guard.wait() == 3
    assert not folder.exists()


def test_all_that_is_found_is_asked_first_and_then_killed() -> None:
    deaf = [sys.executable, "-c", "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint(flush=True)\nsignal.pause()"]
    started = [subprocess.Popen(SLEEP), subprocess.Popen(deaf, stdout=subprocess.PIPE)]
    with started[1] as second:
        assert second.stdout and second.stdout.readline() == b"\n"
        processes.end_all(lambda: [one.pid for one in started if one.poll() is None], 0.2)
        assert [one.wait() for one in started] == [-signal.SIGTERM, -signal.SIGKILL]


def test_a_process_that_ended_but_was_not_waited_for_does_not_run() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert gone(process.pid)
        assert Path(f"/proc/{process.pid}").exists()
    assert not processes.is_running(2**31)


def test_memory_and_processor_time_are_read_from_the_kernel() -> None:
    assert processes.memory_bytes("self") > 10_000_000
    assert processes.memory_bytes("self", "VmHWM") >= processes.memory_bytes("self") * 0.9
    assert processes.memory_bytes(2**31) == 0
    assert processes.processor_seconds(os.getpid()) == pytest.approx(time.process_time(), abs=0.1)


def test_a_signal_is_named() -> None:
    assert processes.why_ended(-signal.SIGKILL, []) == "killed by SIGKILL (out of memory?)"
    assert processes.why_ended(-signal.SIGSEGV, ["noise"]) == "killed by SIGSEGV"
    assert processes.why_ended(-(signal.SIGRTMIN + 6), []) == f"killed by signal {signal.SIGRTMIN + 6}"
    assert processes.why_ended(3, []) == "exit code 3"
    assert processes.why_ended(1, ["first", "last", ""]) == "last"


def test_the_machines_free_memory_is_read_from_the_kernel() -> None:
    assert processes.available_memory() > 100_000_000
