"""`serving/probes.jsonl`: the figures of each probe, one per line, the newest last; it quotes no posts."""

from __future__ import annotations

from pathlib import Path

from sentiment.results.probe import Probe
from sentiment.serving.typed_lines import append_within, readable_lines
from sentiment.settings import Settings

KEPT = 1000  # lines that stay of a large file: three days of a probe every five minutes


def probes_file(settings: Settings) -> Path:
    """Returns the file that holds the probes."""
    return settings.serving / "probes.jsonl"


def read_probes(path: Path) -> list[Probe]:
    """Returns the probes, oldest first, without lines that are not probes."""
    return readable_lines(path, Probe)


def append(path: Path, probe: Probe) -> None:
    """Adds a probe, which is on disk when this returns. Hold `probing`'s lock: one process at a time.

    Raises: OSError, which names the file, when it cannot be written.
    """
    append_within(path, probe, lambda: read_probes(path), KEPT)
