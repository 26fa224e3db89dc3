"""Decides which versions a model should serve, what to load or unload next, and which labels may be given.

Pure: no disk, no threads.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sentiment.model_server.config import ModelConfig, VersionPolicy
from sentiment.model_server.refusal import Code, Refusal

LARGEST_VERSION = 2**63 - 1

LabelMap = Mapping[str, Mapping[str, int]]  # model → label → version


class State(enum.Enum):
    """The life of a version; the numbers are ModelVersionStatus.State's."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionState:
    """Where a version is in its life. `gave_up`: its load failed, and is not tried again while the version is wanted.

    `load_seconds`: how long it took to become available; 0 before that.
    """

    state: State
    code: Code = Code.OK
    message: str = ""
    gave_up: bool = False
    load_seconds: float = 0.0


@dataclass(frozen=True)
class Steps:
    """What to begin now."""

    load: tuple[int, ...] = ()
    unload: tuple[int, ...] = ()
    forgive: tuple[int, ...] = ()  # failed versions that nobody wants any more: they may be tried again if wanted later


def version_number(folder: str) -> int | None:
    """Returns the version in a folder's name, or None when it is not a version (such as a temporary name)."""
    if not (folder.isascii() and folder.isdigit()):
        return None
    number = int(folder)
    return number if number <= LARGEST_VERSION else None


def wanted_versions(policy: VersionPolicy, present: Iterable[int]) -> set[int]:
    """Returns the versions, of those `present` on the disk, that the policy serves."""
    versions = set(present)
    if policy.kind == "specific":
        return versions.intersection(policy.specific)
    if policy.kind == "all":
        return versions
    return set(sorted(versions)[-policy.latest :])


def next_steps(wanted: Collection[int], states: Mapping[int, VersionState]) -> Steps:
    """Returns what to begin now, so that a version is available all the time.

    A version that is no longer wanted keeps serving until a wanted one is available, or nothing is wanted. This is the
    real server's AvailabilityPreservingPolicy.
    """
    covered = not wanted or any(
        version in wanted and entry.state is State.AVAILABLE for version, entry in states.items()
    )
    return Steps(
        load=tuple(sorted(version for version in wanted if _may_load(states.get(version)))),
        unload=tuple(
            sorted(v for v, e in states.items() if e.state is State.AVAILABLE and v not in wanted and covered)
        ),
        forgive=tuple(sorted(v for v, e in states.items() if e.gave_up and v not in wanted)),
    )


def _may_load(entry: VersionState | None) -> bool:
    return entry is None or (entry.state is State.END and not entry.gave_up)


def assign_labels(
    models: Iterable[ModelConfig],
    states: Mapping[str, Mapping[int, VersionState]],
    current: LabelMap,
    *,
    allow_unavailable: bool,
) -> dict[str, dict[str, int]]:
    """Returns model → label → version as `models` ask for it, judged by the states before any new load.

    A label may go to an AVAILABLE version. With `allow_unavailable`, a label that is new, or stays where it is, may
    also go to a version that is not (yet) available; moving an existing label there is still refused.
    Source: `ServerCore::UpdateModelVersionLabelMap`.

    Raises:
        Refusal: FAILED_PRECONDITION, naming the first label's version that is not available.
    """
    assigned: dict[str, dict[str, int]] = {}
    for model in models:
        for label, version in model.labels.items():
            entry = states.get(model.name, {}).get(version)
            available = entry is not None and entry.state is State.AVAILABLE
            moves = current.get(model.name, {}).get(label, version) != version
            if not available and (moves or not allow_unavailable):
                raise Refusal(
                    Code.FAILED_PRECONDITION,
                    f"Request to assign label to version {version} of model {model.name}, "
                    "which is not currently available for inference",
                )
            assigned.setdefault(model.name, {})[label] = version
    return assigned
