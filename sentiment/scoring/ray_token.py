"""The token by which the parts of a Ray cluster know each other: Ray keeps it in its user's own folder.

Ray makes it when it first starts. A process that computes a stranger's encoder may read it, and not write there: what
that wrote would open clusters to come.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sentiment import disk, processes
from sentiment.scoring.engine import RAY, Engine

FILE = Path("~/.ray/auth_token")
NAMED_ELSEWHERE = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
ONLY_FOR_ITS_USER = 0o077


def make_ready(engine: Engine) -> None:
    """Lets Ray make its token, if a cluster of this machine's own will need one and there is none yet."""
    if engine.name != RAY or engine.address or not _is_wanted() or disk.expanded(FILE).exists():
        return
    command = processes.python_module("ray.scripts.scripts", "get-auth-token", "--generate")
    subprocess.run(  # what fails here is said by Ray itself, when it starts
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        umask=ONLY_FOR_ITS_USER, check=False,
    )  # fmt: skip


def _is_wanted() -> bool:
    mode = os.environ.get("RAY_AUTH_MODE", "token")
    return mode.lower() == "token" and not any(map(os.environ.get, NAMED_ELSEWHERE))
