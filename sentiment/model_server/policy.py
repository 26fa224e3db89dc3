"""Decides which versions a model should serve, what to load or unload next, and which labels may be given.

Pure: no disk, no threads.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sentiment.model_server.config import ModelConfig, VersionPolicy
from sentiment.model_server.refusal import Code, Refusal

LARGEST_VERSION = 2**63 - 1
_NUMBER = re.compile(r"\s*-?[0-9]+\s*", re.ASCII)

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
    """Returns the version in a folder's name, or None when it is not a version (such as a temporary name).

    Zeros and a minus in front, and white space around it, are allowed.
    Source: `file_system_storage_path_source.cc:ParseVersionNumber`.
    """
    if not _NUMBER.fullmatch(folder):
        return None
    number = int(folder)
    return number if -LARGEST_VERSION - 1 <= number <= LARGEST_VERSION else None


def wanted_folders(policy: VersionPolicy, folders: Iterable[str]) -> dict[int, str]:
    """Returns version → folder's name for the versions, of the `folders` in a base path, that the policy serves.

    Of two names of one version (`1` and `01`) `specific` takes the plain one, if everything that it names has one;
    otherwise `all` takes the first in order, and the others the last.
    Source: `file_system_storage_path_source.cc:PollFileSystemForServable`.
    """
    names = set(folders)
    if policy.kind == "specific" and names.issuperset(map(str, policy.specific)):
        return {version: str(version) for version in sorted(policy.specific)}
    in_order = sorted(names, reverse=policy.kind == "all")
    named = {number: name for name in in_order if (number := version_number(name)) is not None}
    return {version: named[version] for version in sorted(_wanted(policy, named))}


def _wanted(policy: VersionPolicy, present: Collection[int]) -> Collection[int]:
    if policy.kind == "specific":
        return set(policy.specific).intersection(present)
    if policy.kind == "all":
        return present
    return sorted(present)[-policy.latest :]


def next_steps(wanted: Collection[int], states: Mapping[int, VersionState]) -> Steps:
    """Returns what to begin now, in order, so that a version is available all the time.

    The highest version is loaded first. While nothing that is wanted is available, the highest of the others keeps
    serving; the rest of them are unloaded at once, which makes room for what loads.
    Source: `availability_preserving_policy.cc:GetNextAction`.
    """
    ready = sorted(version for version, entry in states.items() if entry.state is State.AVAILABLE)
    unwanted = [version for version in ready if version not in wanted]
    covered = not wanted or len(unwanted) < len(ready)
    return Steps(
        load=tuple(sorted((version for version in wanted if _may_load(states.get(version))), reverse=True)),
        unload=tuple(unwanted if covered else unwanted[:-1]),
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
