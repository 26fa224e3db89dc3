"""The older tool's own instrument, if it is installed: siege (https://www.joedog.org/siege-home).

This was checked with siege 4.0.7, whose report is JSON; older ones print the same figures as lines. Each request is
posted from a file of its own, so that no text can confuse siege's list of addresses. siege counts lost connections and
HTTP 5xx as failed; HTTP 4xx is neither failed nor successful there, so it is counted as the rest.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sentiment.experiments.child import Failed

NAME = "siege"
# A connection for each request, as is siege's default. Requests that we did not ask for must not be in the figures.
SETTINGS = """\
verbose = false
quiet = false
logging = false
show-logfile = false
color = off
parser = false
cache = false
benchmark = true
json_output = true
url-escaping = false
connection = close
accept-encoding = identity
failures = 1000000000
timeout = 60
limit = {limit}
"""
# siege's name of a figure → ours. In lines, the names have spaces and capitals.
FIGURES = {
    "elapsed_time": "elapsed",
    "data_transferred": "megabytes",
    "response_time": "response",
    "transaction_rate": "rate",
    "throughput": "throughput",
    "concurrency": "concurrent",
    "transactions": "answered",
    "successful_transactions": "okay",
    "failed_transactions": "failed",
    "longest_transaction": "longest",
}
_FIGURE = re.compile(r'^[\s{"]*([A-Za-z][A-Za-z_ ]*?)"?\s*:\s*(-?\d+(?:\.\d+)?)', re.MULTILINE)


def version(work: Path) -> str | None:
    """Returns the installed version of siege; None when it is not installed."""
    if not (command := shutil.which(NAME)):
        return None
    said = _run([command, "--version"], work)
    found = re.search(r"SIEGE\s+(\S+)", said, re.IGNORECASE)
    return f"{NAME} {found[1]}" if found else NAME


def repetitions(count: int, concurrency: int) -> int:
    """Returns how often each user asks: all equally often, at least once, and otherwise at most `count` in all."""
    return max(1, count // concurrency)


def load(url: str, bodies: Sequence[bytes], count: int, concurrency: int, work: Path) -> dict[str, float]:
    """Posts about `count` requests to `url` and returns the figures of the report. Raises: Failed."""
    work.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, body in enumerate(bodies):
        file = work / f"request-{number}.json"
        file.write_bytes(body)
        lines.append(f"{url} POST <{file.absolute()}\n")
    urls, settings = work / "urls.txt", work / "siege.conf"
    urls.write_text("".join(lines), encoding="utf-8")
    settings.write_text(SETTINGS.format(limit=max(255, concurrency)), encoding="utf-8")
    users = [f"--concurrent={concurrency}", f"--reps={repetitions(count, concurrency)}"]
    files = [f"--rc={settings.absolute()}", f"--file={urls.absolute()}"]
    return parse(_run([NAME, *files, *users, "--benchmark", "--content-type=application/json"], work))


def parse(said: str) -> dict[str, float]:
    """Returns the figures of siege's report, JSON or lines. Raises: Failed when a figure is missing."""
    found = {name.strip().lower().replace(" ", "_"): float(value) for name, value in _FIGURE.findall(said)}
    if missing := sorted(set(FIGURES) - set(found)):
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "nothing")
        raise Failed(f"siege's report has no {missing[0]}; it said: {last[:200]}")
    return {ours: found[name] for name, ours in FIGURES.items()}


def _run(command: list[str], work: Path) -> str:
    """Returns everything that siege prints. Its home is the work folder, because it makes a `.siege` there."""
    environment = {**os.environ, "HOME": str(work.absolute())}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
    )
    return f"{ended.stderr}\n{ended.stdout}"
