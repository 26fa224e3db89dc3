"""`serving/probes.jsonl`: every probe's figures, one a line, the newest last; no post is quoted in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sentiment import atomic, json_lines
from sentiment.settings import Settings

LARGEST = 4 << 20  # bytes; then the older ones go
KEPT = 1000  # lines that stay: three days, every five minutes


def probes_file(settings: Settings) -> Path:
    """Returns where the probes are kept."""
    return settings.serving / "probes.jsonl"


def read_probes(path: Path) -> list[dict[str, Any]]:
    """Returns the probes, oldest first. Lines that are no probes are passed over."""
    return [line.value for line in json_lines.read(path) if line.value]


def append(path: Path, probe: dict[str, Any]) -> None:
    """Adds a probe, on disk when this returns. One process at a time: hold `probing`'s lock."""
    if path.is_file() and path.stat().st_size > LARGEST:
        newest = b"".join(map(json_lines.written, read_probes(path)[-KEPT:]))
        atomic.write_text(path, newest.decode("utf-8"))
    json_lines.append(path, probe)
