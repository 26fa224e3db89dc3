"""`serving/probes.jsonl`: every probe's figures, one a line, the newest last; no post is quoted in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from sentiment import atomic
from sentiment.results.probe import Probe
from sentiment.results.record import as_json
from sentiment.settings import Settings

LARGEST = 4 << 20  # bytes; then the older ones go
KEPT = 1000  # lines that stay: three days, every five minutes


def probes_file(settings: Settings) -> Path:
    """Returns where the probes are kept."""
    return settings.serving / "probes.jsonl"


def read_probes(path: Path) -> list[Probe]:
    """Returns the probes, oldest first. A line that is none (the torn end of a killed process) is passed over."""
    if not path.is_file():
        return []
    probes = (_parsed(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return [probe for probe in probes if probe]


def _parsed(line: str) -> Probe | None:
    try:
        return msgspec.convert(json.loads(line), Probe)
    except (ValueError, RecursionError):  # a ValidationError is a ValueError
        return None


def append(path: Path, probe: Probe) -> None:
    """Adds a probe, on disk when this returns. One process at a time: hold `probing`'s lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size > LARGEST:
        newest = [json.dumps(as_json(kept), ensure_ascii=False) for kept in read_probes(path)[-KEPT:]]
        atomic.write_text(path, "\n".join(newest) + "\n")
    line = json.dumps(as_json(probe), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with path.open("ab+") as handle:
        handle.write(line if _ends_with_a_line(handle) else b"\n" + line)
        handle.flush()
        os.fsync(handle.fileno())


def _ends_with_a_line(handle: BinaryIO) -> bool:
    """Tells whether a line can be added: a killed process may have left half of one."""
    size = handle.seek(0, os.SEEK_END)
    handle.seek(max(0, size - 1))
    return handle.read(1) in (b"", b"\n")
