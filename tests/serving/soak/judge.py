"""What a soak says, as pure functions: who may have answered when, and whether the server's memory is flat.

`stable` must be answered at all times. Outside a verb only by the version that the history says; from the moment that
a verb begins until it has returned (it waits for the servers), by the one before it or the one after it. For `canary`
the same, and "no such label" where there may be none; the withdrawal does not wait for the servers' next look at their
configuration, so what was true may still be so for a moment after it.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LABELS = ["正面", "負面", "中立"]
UNKNOWN_LABEL = "Unrecognized servable version label"
POLL_SECONDS = 5.0  # after which a server has looked at its configuration and loaded what is there
SHOWN = 20  # violations


@dataclass(frozen=True)
class Meaning:
    """What a label meant from `begin` to `end`: a version, or None where there was no such label."""

    begin: float
    end: float
    version: int | None


@dataclass(frozen=True)
class Timeline:
    """What one label meant, one after the other and overlapping; the answers' labels by version."""

    meanings: Sequence[Meaning]
    answers: dict[int, str]

    def allowed(self, begin: float, end: float) -> set[int | None]:
        """Returns the versions (None: no such label) that a request from `begin` to `end` may have met."""
        first = bisect.bisect_left(self.meanings, begin, key=lambda meaning: meaning.end)
        last = bisect.bisect_right(self.meanings, end, key=lambda meaning: meaning.begin)
        return {meaning.version for meaning in self.meanings[first:last]}


def timeline(changes: Sequence[dict[str, Any]], label: str, grace: float = 0.0) -> Timeline:
    """Returns what `label` meant, from the operators' lines: where nothing came after it, `grace` seconds longer."""
    meanings, begin, current = [], -math.inf, None
    for change in changes:
        if change[label] != current:
            late = grace if change[label] is None else 0.0
            meanings.append(Meaning(begin, change["end"] + late, current))
            begin, current = change["begin"], change[label]
    meanings.append(Meaning(begin, math.inf, current))
    answers = {int(version): LABELS[toy - 1] for change in changes for version, toy in change["toys"].items() if toy}
    return Timeline(meanings, answers)


def fault(line: Sequence[Any], times: Timeline, *, may_be_unknown: bool) -> str:
    """Returns what is wrong with an answer, or ""."""
    begin, end, _, _, _, version, answered, error = line
    allowed = times.allowed(begin, end)
    if error:
        gone = may_be_unknown and None in allowed and UNKNOWN_LABEL in error
        return "" if gone else f"failed ({error}) where {_names(allowed)} had to answer"
    if version is not None and version not in allowed:
        return f"version {version} answered where {_names(allowed)} had to"
    possible = {times.answers[number] for number in allowed if number is not None}
    if version is not None:
        possible = {times.answers[version]}
    return "" if answered in possible else f"answered {answered} where {_names(allowed)} had to ({sorted(possible)})"


def _names(allowed: set[int | None]) -> str:
    return " or ".join("nobody" if number is None else f"version {number}" for number in sorted(allowed, key=str))


def judge(lines: Sequence[Sequence[Any]], changes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns counts by label and every kind of fault, of the answers since there was a stable version."""
    began = next((change["end"] for change in changes if change["stable"] is not None), math.inf)
    times = {"stable": timeline(changes, "stable"), "canary": timeline(changes, "canary", POLL_SECONDS)}
    counts: Counter[str] = Counter()
    faults: list[str] = []
    documented = 0
    for line in lines:
        if line[0] < began:
            continue
        label = line[2] or "none"
        counts[label] += 1
        if label in times:
            found = fault(line, times[label], may_be_unknown=label == "canary")
            documented += bool(line[-1]) and not found
        else:  # no label: whichever version is newest; hostile: refused
            found = line[-1]
        if found:
            faults.append(f"{label} over {line[3]}, at {line[0] - began:.1f} s: {found}")
    return {
        "answers": dict(counts),
        "faults": len(faults),
        "shown": faults[:SHOWN],
        "canary_unknown": documented,
        "verbs": dict(Counter(change["verb"] for change in changes)),
        "verb_errors": [f"{change['verb']}: {change['error']}" for change in changes if change["error"]],
        "latency_ms": {label: latencies([line for line in lines if line[2] == label]) for label in times},
    }


def latencies(lines: Sequence[Sequence[Any]]) -> dict[str, float]:
    """Returns percentiles in milliseconds, of all answers."""
    taken = sorted(1000 * (line[1] - line[0]) for line in lines)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(taken[math.ceil(share * len(taken)) - 1], 2) for name, share in shares.items()} if taken else {}


def growth(samples: Sequence[dict[str, Any]], field: str) -> dict[str, float]:
    """Returns how a figure of the server grew after its warm-up, the first third.

    `from` and `to` are medians of the first and the last fifth of what is left; `per_minute` is the median of the
    slopes between its halves (Theil's), which single peaks do not move.
    """
    kept = samples[len(samples) // 3 :]
    values = [float(sample[field]) for sample in kept]
    fifth = max(1, len(values) // 5)
    half = len(kept) // 2
    slopes = [
        60 * (after[field] - before[field]) / (after["at"] - before["at"])
        for before, after in zip(kept[:half], kept[-half:], strict=True)
    ]
    return {
        "from": median(values[:fifth]),
        "to": median(values[-fifth:]),
        "highest": max(values),
        "per_minute": median(slopes) if slopes else 0.0,
    }


def median(values: Sequence[float]) -> float:
    """Returns the median; of an even number of values, the upper one."""
    return sorted(values)[len(values) // 2]
