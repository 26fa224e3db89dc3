"""`sentiment ARGUMENTS` on a terminal of its own: what its person sees."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def screen_of(arguments: list[str], columns: int = 100, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Runs the command with a terminal as stdin, stdout and stderr; returns its exit code and what it printed."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sentiment", *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**kept, "LC_ALL": "C.UTF-8", **(environment or {})},
    )
    os.close(terminal)
    screen = b""
    while True:
        try:
            screen += os.read(controller, 65536)
        except OSError:  # the process ended and closed its terminal
            break
    os.close(controller)
    return process.wait(30), screen.decode("utf-8", errors="replace").replace("\r\n", "\n")
