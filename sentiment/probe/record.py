"""`serving/probes.jsonl`: the figures of each probe, one per line, the newest last; it quotes no posts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from sentiment import atomic
from sentiment.settings import Settings

LARGEST = 4 << 20  # bytes; beyond this size, older lines are dropped
KEPT = 1000  # lines that stay: three days of a probe every five minutes


def probes_file(settings: Settings) -> Path:
    """Returns the file that holds the probes."""
    return settings.serving / "probes.jsonl"


def read_probes(path: Path) -> list[dict[str, Any]]:
    """Returns the probes, oldest first, without broken lines (such as the torn end that a killed process leaves)."""
    if not path.is_file():
        return []
    probes = (_parsed(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return [probe for probe in probes if probe]


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def append(path: Path, probe: dict[str, Any]) -> None:
    """Adds a probe, which is on disk when this returns. Hold `probing`'s lock: one process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size > LARGEST:
        newest = [json.dumps(kept, ensure_ascii=False) for kept in read_probes(path)[-KEPT:]]
        atomic.write_text(path, "\n".join(newest) + "\n")
    line = json.dumps(probe, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with path.open("ab+") as handle:
        handle.write(line if _ends_with_a_line(handle) else b"\n" + line)
        handle.flush()
        os.fsync(handle.fileno())


def _ends_with_a_line(handle: BinaryIO) -> bool:
    """Tells whether the file ends with a whole line: a killed process may have left half a line."""
    size = handle.seek(0, os.SEEK_END)
    handle.seek(max(0, size - 1))
    return handle.read(1) in (b"", b"\n")
