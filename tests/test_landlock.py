"""What the kernel takes from a process; each test has a process of its own, for nothing of it can be given back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment import landlock
from sentiment.landlock import Rights

needs_landlock = pytest.mark.skipif(
    landlock.version() < landlock.FIRST_WITH_RENAMES, reason="this kernel has no Landlock, or keeps it from processes"
)
CONFINED = """
import os, socket, subprocess, sys
from pathlib import Path
from sentiment import landlock
base, pid, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
python = [sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/proc", "/nowhere"]
kept = [*map(Path, python), base / "readable", base / "one.txt"]
assert landlock.leave_only(landlock.Rights([base / "writable"], READS, empties=[base / "left"], alone=ALONE))
def tried(name, action):
    try:
        action()
    except OSError as error:
        name += " " + type(error).__name__
    print(name)
tried("read", (base / "readable/in/a.txt").read_text)
tried("read a file", (base / "one.txt").read_text)
tried("read elsewhere", (base / "elsewhere/a.txt").read_text)
tried("read by a link", (base / "readable/link").read_text)
tried("list elsewhere", lambda: os.listdir(base / "elsewhere"))
tried("write", lambda: (base / "writable/a.txt").write_text("a"))
tried("rename", lambda: os.rename(base / "writable/a.txt", base / "writable/in/b.txt"))
tried("remove", (base / "writable/in/b.txt").unlink)
tried("write elsewhere", lambda: (base / "readable/a.txt").write_text("a"))
tried("append elsewhere", lambda: open(base / "elsewhere/a.txt", "a").close())
tried("make a folder elsewhere", (base / "elsewhere/new").mkdir)
tried("make a link elsewhere", lambda: (base / "elsewhere/new").symlink_to("/"))
tried("remove elsewhere", (base / "elsewhere/a.txt").unlink)
tried("remove an empty folder", (base / "left/empty").rmdir)
tried("remove a file beside it", (base / "left/a.txt").unlink)
tried("start a program", lambda: subprocess.run(["/usr/bin/env", "true"], check=True))
tried("connect", lambda: socket.create_connection(("127.0.0.1", port), 5).close())
tried("listen", lambda: socket.create_server(("127.0.0.1", 0)).close())
tried("signal another", lambda: os.kill(pid, 0))
tried("see another", Path(f"/proc/{pid}/environ").read_bytes)
tried("see itself", Path("/proc/self/environ").read_bytes)
tried("signal itself", lambda: os.kill(os.getpid(), 0))
"""
NO_WRITES = [
    "write elsewhere PermissionError",
    "append elsewhere PermissionError",
    "make a folder elsewhere PermissionError",
    "make a link elsewhere PermissionError",
    "remove elsewhere PermissionError",
]
WRITES = ["write", "rename", "remove"]
LEFT = ["remove an empty folder", "remove a file beside it PermissionError"]


def confined(base: Path, *, reads: str, alone: bool) -> list[str]:
    """Returns what a process with these rights could do."""
    for folder in ("readable/in", "writable/in", "elsewhere", "left/empty"):
        (base / folder).mkdir(parents=True)
    for file in ("readable/in/a.txt", "elsewhere/a.txt", "left/a.txt", "one.txt"):
        (base / file).write_text("a", encoding="utf-8")
    (base / "readable/link").symlink_to(base / "elsewhere/a.txt")
    script = CONFINED.replace("READS", reads).replace("ALONE", str(alone))
    with socket.create_server(("127.0.0.1", 0)) as server, subprocess.Popen(["sleep", "60"]) as other:
        command = [sys.executable, "-c", script, str(base), str(other.pid), str(server.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        other.kill()
    assert done.returncode == 0, done.stderr
    assert (base / "elsewhere/a.txt").read_text(encoding="utf-8") == "a"
    return done.stdout.splitlines()


@needs_landlock
def test_a_process_that_is_alone_reads_and_writes_what_is_its_own(tmp_path: Path) -> None:
    newest = landlock.version() >= landlock.FIRST_WITH_SIGNALS
    assert confined(tmp_path, reads="kept", alone=True) == [
        *("read", "read a file", "read elsewhere PermissionError", "read by a link PermissionError"),
        *("list elsewhere PermissionError", *WRITES, *NO_WRITES, *LEFT, "start a program PermissionError"),
        *("connect PermissionError" if landlock.version() >= landlock.FIRST_WITH_NETWORK else "connect", "listen"),
        "signal another PermissionError" if newest else "signal another",
        *("see another PermissionError", "see itself", "signal itself"),
    ]


@needs_landlock
def test_a_process_that_may_read_all_writes_what_is_its_own(tmp_path: Path) -> None:
    assert confined(tmp_path, reads="None", alone=False) == [
        *("read", "read a file", "read elsewhere", "read by a link", "list elsewhere", *WRITES, *NO_WRITES, *LEFT),
        *("start a program", "connect", "listen", "signal another"),
        "see another" if os.geteuid() == 0 else "see another PermissionError",
        *("see itself", "signal itself"),
    ]


@pytest.mark.parametrize("found", [0, 1])
def test_a_kernel_that_cannot_takes_nothing(found: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: found)
    assert landlock.leave_only(Rights([])) is False
    (tmp_path / "still.txt").write_text("a", encoding="utf-8")


def test_the_kernel_says_its_version() -> None:
    lists = Path("/sys/kernel/security/lsm")
    listed = lists.is_file() and "landlock" in lists.read_text(encoding="ascii")
    assert landlock.version() >= (1 if listed else 0)
