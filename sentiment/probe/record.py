"""`serving/probes.jsonl`: the figures of each probe, one per line, the newest last; it quotes no posts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sentiment import atomic, json_lines
from sentiment.results.probe import Probe
from sentiment.results.record import as_json
from sentiment.settings import Settings

LARGEST = 4 << 20  # bytes; beyond this size, older lines are dropped
KEPT = 1000  # lines that stay: three days of a probe every five minutes


def probes_file(settings: Settings) -> Path:
    """Returns the file that holds the probes."""
    return settings.serving / "probes.jsonl"


def read_probes(path: Path) -> list[Probe]:
    """Returns the probes, oldest first, without lines that are not probes."""
    probes = (_probe(line.value) for line in json_lines.read(path))
    return [probe for probe in probes if probe]


def _probe(found: object) -> Probe | None:
    try:
        return msgspec.convert(found, Probe)
    except msgspec.ValidationError:
        return None


def append(path: Path, probe: Probe) -> None:
    """Adds a probe, which is on disk when this returns. Hold `probing`'s lock: one process at a time.

    Raises: OSError, which names the file, when it cannot be written.
    """
    if path.is_file() and path.stat().st_size > LARGEST:
        newest = b"".join(json_lines.written(as_json(kept)) for kept in read_probes(path)[-KEPT:])
        atomic.write_text(path, newest.decode("utf-8"))
    json_lines.append(path, as_json(probe))
