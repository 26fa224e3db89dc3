"""Child processes that end with their starter and leave nothing behind, and the reasons why they ended.

`start` and `running` are for one process of ours: the kernel kills it when its starter dies.
`guarded` is for a command that may start others: a guard between them ends the command with all its descendants.

    starter ── guard (a session of its own) ── command (another session: the process group that is killed)

The guard waits for the command's end and for the end of a pipe that only the starter holds open. The pipe ends when the
starter closes it, and also when the starter is killed by a signal that nobody can catch.

Ending is the same everywhere: TERM, a grace period, KILL. Needs Linux (`pidfd_open`, `prctl`, /proc). This file is also
the guard's script and runs without any other package, so it imports the standard library only.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

KILL_SECONDS = 1.0  # the wait for killed processes to disappear; where nobody reaps orphans, they never do
SECONDS_BETWEEN_LOOKS = 0.02
LONGEST_REASON = 300  # characters
PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>


def start(command: Sequence[str], **pipes: Any) -> subprocess.Popen[Any]:
    """Starts `command`, which the kernel kills when this process dies.

    Call it from the main thread: the kernel looks at the thread that started the process. `pipes` are Popen's options.
    """
    return subprocess.Popen(command, preexec_fn=dying_with(os.getpid()), **pipes)


def dying_with(parent: int) -> Callable[[], None]:
    """Returns what a child of `parent` calls, so that the kernel kills it when its parent dies."""
    library = ctypes.CDLL(None, use_errno=True)

    def die_with_parent() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before prctl was called
            os.kill(os.getpid(), signal.SIGKILL)

    return die_with_parent


def python_module(module: str, *arguments: str) -> list[str]:
    """Returns the command `python -m module arguments`; the folder that the user stands in is not among its modules.

    Without `-P` it is the first: a delivered `json.py` there would be run instead of Python's own.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def start_module(module: str, arguments: Sequence[str], **pipes: Any) -> subprocess.Popen[str]:
    """Starts `python -m module arguments` with pipes of text; it ends with this process, see `start`."""
    return start(python_module(module, *arguments), text=True, encoding="utf-8", errors="replace", **pipes)


@contextmanager
def running(module: str, arguments: Sequence[str], **pipes: Any) -> Iterator[subprocess.Popen[str]]:
    """Yields the process of `start_module` and kills it when the context ends; inside, wait for one that should end."""
    process = start_module(module, arguments, **pipes)
    try:
        yield process
    finally:
        end(process)


def bound_this_process(memory: int, seconds: int) -> None:
    """Bounds the bytes of data and the seconds of processor time of this process, which leaves no core."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def held_data() -> int:
    """Returns the bytes of data that this process has already, as `bound_this_process` counts them."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()


def end(process: subprocess.Popen[Any]) -> None:
    """Kills a process, closes its pipes and waits until it is gone."""
    process.kill()
    with suppress(BrokenPipeError), process:  # input that it has not read
        pass


def guarded(command: Sequence[str], grace: float, folder: Path | None = None, **pipes: Any) -> subprocess.Popen[bytes]:
    """Starts a guard that runs `command`; closing the guard's stdin ends the command and its descendants.

    The guard prints the command's process id to stdout; the command's stdout and stderr go to stderr. The guard ends
    with the command's exit code, 128 + n after signal n, and leaves nothing of the command's group behind. `grace` is
    the number of seconds between TERM and KILL. `folder` is deleted at the end, but not before stdin is closed.
    """
    script = [sys.executable, "-I", "-S", __file__, str(grace), str(folder or ""), *command]
    return subprocess.Popen(script, stdin=subprocess.PIPE, start_new_session=True, **pipes)


def guard(grace: float, folder: str, command: Sequence[str]) -> int:
    """Does the guard's work in its own process and returns the command's exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True)
    with suppress(BrokenPipeError):
        print(child.pid, flush=True)
    child_ended = os.pidfd_open(child.pid)
    if child_ended not in select.select([sys.stdin.fileno(), child_ended], [], [])[0]:
        _signal_all(signal.SIGTERM, lambda: _group_of(child), grace)
    _signal_all(signal.SIGKILL, lambda: _group_of(child), KILL_SECONDS)
    if folder:
        sys.stdin.buffer.read()
        shutil.rmtree(folder, ignore_errors=True)
    return exit_code(child.wait())


def _group_of(leader: subprocess.Popen[bytes]) -> list[int]:
    leader.poll()  # a group leader that nobody waits for keeps its group alive
    try:
        os.killpg(leader.pid, 0)
    except ProcessLookupError:
        return []
    return [-leader.pid]


def end_all(living: Callable[[], Collection[int]], grace: float) -> None:
    """Ends the processes that `living` returns, now and later: TERM, then KILL for those left after `grace` seconds.

    `living` returns process ids; a negative one is a group, as for kill(2).
    """
    _signal_all(signal.SIGTERM, living, grace)
    _signal_all(signal.SIGKILL, living, KILL_SECONDS)


def _signal_all(number: signal.Signals, living: Callable[[], Collection[int]], seconds: float) -> None:
    """Sends a signal and returns when no process is left, or after `seconds`."""
    deadline = time.monotonic() + seconds
    for pid in living():
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    while time.monotonic() < deadline and living():
        time.sleep(SECONDS_BETWEEN_LOOKS)


def is_running(pid: int) -> bool:
    """Tells whether a process runs; a zombie does not."""
    try:
        return stat_fields(pid)[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def stat_fields(pid: int) -> list[str]:
    """Returns the fields of /proc/<pid>/stat after the name: state, parent, group, … Raises: OSError without one."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def memory_bytes(pid: int | str, field: str = "VmRSS") -> int:
    """Returns the bytes of memory that a process holds (VmRSS) or held at its peak (VmHWM); 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = [line.split() for line in lines if line.startswith(f"{field}:")]
    return int(found[0][1]) * 1024 if found else 0


def available_memory() -> int:
    """Returns the bytes that are available without swapping, or that this process's cgroup may still use."""
    found = _named_bytes(Path("/proc/meminfo"), "MemAvailable:") * 1024
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # without a group, or without a limit: "max"
        most = int((group / "memory.max").read_text(encoding="ascii"))
        held = int((group / "memory.current").read_text(encoding="ascii"))
        # What was read of files counts as held, and is given up when somebody wants the room.
        found = min(found, most - held + _named_bytes(group / "memory.stat", "inactive_file"))
    return found


def _named_bytes(path: Path, name: str) -> int:
    lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return next(int(line[1]) for line in lines if line[0] == name)


def processor_seconds(pid: int) -> float:
    """Returns the CPU seconds that a process has used so far. Raises: OSError when it is gone."""
    user, system = stat_fields(pid)[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def exit_code(returncode: int) -> int:
    """Returns the exit code as a shell shows it: 128 + n when signal n ended the process."""
    return returncode if returncode >= 0 else 128 - returncode


def why_ended(returncode: int, last: Sequence[str]) -> str:
    """Returns why a process ended that left no reason itself; `last` are the last lines of its output."""
    if returncode < 0:
        name = signal_name(-returncode)
        return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    said = [line for line in last if line.strip()]
    return said[-1][:LONGEST_REASON] if said else f"exit code {returncode}"


def signal_name(number: int) -> str:
    """Returns the name of a signal; of the real-time ones, only the first and the last have any."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


if __name__ == "__main__":
    sys.exit(guard(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
