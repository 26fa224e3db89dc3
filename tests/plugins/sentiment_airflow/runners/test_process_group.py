from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sentiment_airflow.runners.process_group import ProcessGroup
from support.waiting import wait_until

Alive = Callable[[int], bool]
# A parent, a child and a grandchild; the last two ignore TERM, as a busy TensorFlow does. Each writes its id.
FAMILY = """
import os, pathlib, signal, subprocess, sys, time
level = int(sys.argv[2])
if level < 3:
    subprocess.Popen([sys.executable, "-c", sys.argv[3], sys.argv[1], str(level + 1), sys.argv[3]])
if level > 1:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1], str(level)).write_text(str(os.getpid()))
print("level", level, flush=True)
time.sleep(60)
"""
FAMILY_SIZE = 3


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", source, *arguments]


def family(folder: Path) -> list[str]:
    return python(FAMILY, str(folder), "1", FAMILY)


def members(folder: Path) -> list[int]:
    assert wait_until(lambda: len([path for path in folder.iterdir() if path.read_text()]) == FAMILY_SIZE)
    return [int(path.read_text()) for path in folder.iterdir()]


def run(command: Sequence[str]) -> tuple[int, list[str]]:
    group = ProcessGroup(command, os.environ)
    try:
        lines = list(group.lines())
        return group.wait(), lines
    finally:
        group.close()


def test_both_streams_come_line_by_line() -> None:
    code, lines = run(python("import sys; print('one', flush=True); print('two\\n\\n', file=sys.stderr); sys.exit(5)"))
    assert (code, lines) == (5, ["one", "two"])


def test_a_line_comes_when_it_is_written_and_not_at_the_end() -> None:
    group = ProcessGroup(python("import time; print('now', flush=True); time.sleep(60)"), os.environ)
    start = time.monotonic()
    assert next(group.lines()) == "now"
    group.close()
    assert time.monotonic() - start < 10


def test_a_progress_bar_is_lines_and_junk_is_readable() -> None:
    source = r"import sys; sys.stdout.buffer.write('10%\r20%\r\n正'.encode() + b'\xff\x00 end')"
    assert run(python(source))[1] == ["10%", "20%", "正\ufffd\x00 end"]


def test_a_signal_is_an_exit_code_above_128() -> None:
    assert run(python("import os; os.kill(os.getpid(), 9)"))[0] == 128 + signal.SIGKILL


def test_stopping_kills_the_whole_family(tmp_path: Path, alive: Alive) -> None:
    group = ProcessGroup(family(tmp_path), os.environ, grace=0.3)
    pids = members(tmp_path)
    assert all(map(alive, pids))
    group.stop()
    group.stop()  # twice is once
    assert group.wait() == 128 + signal.SIGTERM
    assert not any(map(alive, pids))
    group.close()


def test_a_command_that_ends_at_term_is_not_waited_for(tmp_path: Path) -> None:
    group = ProcessGroup(python("import time; print('up', flush=True); time.sleep(60)"), os.environ, grace=30)
    assert next(group.lines()) == "up"
    start = time.monotonic()
    group.close()
    assert time.monotonic() - start < 5


def test_what_a_command_leaves_running_does_not_stay(tmp_path: Path, alive: Alive) -> None:
    source = FAMILY.replace("time.sleep(60)", "time.sleep(60 if level > 1 else 1)")
    group = ProcessGroup(python(source, str(tmp_path), "1", source), os.environ)
    pids = members(tmp_path)
    assert group.wait() == 0
    assert not any(map(alive, pids))
    group.close()


def test_a_daemon_that_holds_the_pipe_does_not_hold_the_reader(tmp_path: Path) -> None:
    daemon = "import os, subprocess, sys; print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid)"
    code, lines = run(python(daemon))
    os.kill(int(lines[0]), signal.SIGKILL)
    assert code == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_killed_starter(tmp_path: Path, alive: Alive, how: signal.Signals) -> None:
    source = "import json, sys; from sentiment_airflow.runners.process_group import ProcessGroup as Group; "
    source += "list(Group(json.loads(sys.argv[1]), {}, 0.2).lines())"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    starter = subprocess.Popen(python(source, json.dumps(family(tmp_path))), env=environment)
    pids = members(tmp_path)
    starter.send_signal(how)
    assert starter.wait() == -how
    assert wait_until(lambda: not any(map(alive, pids)))


def test_nothing_outlives_the_killed_parent_of_the_starter(tmp_path: Path, alive: Alive) -> None:
    source = "import json, sys; from sentiment_airflow.runners.process_group import ProcessGroup as Group; "
    source += "list(Group(json.loads(sys.argv[1]), {}, 0.2).lines())"
    supervisor = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(python(supervisor, source, json.dumps(family(tmp_path))), env=environment)
    pids = members(tmp_path)
    parent.kill()
    assert parent.wait() == -signal.SIGKILL
    assert wait_until(lambda: not any(map(alive, pids)))
