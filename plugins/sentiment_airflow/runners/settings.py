"""What a step is given of its runner's settings."""

from __future__ import annotations

import re

from sentiment.settings.runner import ALL, RunnerSettings

# The verbs that a GPU speeds up.
GPU_VERBS = frozenset(
    {"refresh-encoder", "train", "test", "evaluate", "export", "validate", "bench", "experiment-train", "score"}
)
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def gpus_for(settings: RunnerSettings, verb: str) -> int:
    """Returns how many GPUs a step gets; -1 means all."""
    if verb not in GPU_VERBS or not settings.gpus:
        return 0
    return -1 if settings.gpus == ALL else int(settings.gpus)


def size_in_bytes(text: str) -> int | None:
    """Returns a size such as 8g in bytes, None for "". The units are powers of 1024, as in Docker."""
    if not text.strip():
        return None
    found = re.fullmatch(r"(\d+)([kmgt]?)i?b?", text.strip().lower())
    assert found, text
    return int(found[1]) * UNITS[found[2]]
