"""What a step is given of its runner's settings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sentiment.settings.runner import ALL, RunnerSettings

# The verbs that a GPU speeds up.
GPU_VERBS = frozenset(
    {"refresh-encoder", "train", "test", "evaluate", "export", "validate", "bench", "experiment-train", "score"}
)
WITHOUT_A_MODEL = frozenset({"--only-point"})  # options with which such a verb computes nothing
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def gpus_for(settings: RunnerSettings, arguments: Sequence[str]) -> int:
    """Returns how many GPUs a step with these arguments (first its verb) gets; -1 means all."""
    if arguments[0] not in GPU_VERBS or WITHOUT_A_MODEL & set(arguments) or not settings.gpus:
        return 0
    return -1 if settings.gpus == ALL else int(settings.gpus)


def size_in_bytes(text: str) -> int | None:
    """Returns a size such as 8g in bytes, None for "". The units are powers of 1024, as in Docker."""
    if not text.strip():
        return None
    found = re.fullmatch(r"(\d+)([kmgt]?)i?b?", text.strip().lower())
    assert found, text
    return int(found[1]) * UNITS[found[2]]
