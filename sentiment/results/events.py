"""The lines of `serving/history.jsonl`: one event each, told apart by `event`."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.errors import InputError
from sentiment.results.model_card import TrainedOn
from sentiment.results.record import Count, Record, decoded

LARGEST = 2**63 - 1  # TensorFlow Serving's versions are int64
MEND = "Correct that line of the history file, or restore the file from a backup."
Number = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]  # of a version


class Event(Record, frozen=True, kw_only=True, tag_field="event"):
    """What happened to a version, when (ISO 8601, UTC), and who did it.

    `after` is the digest of the event before it, with all before that (see `sentiment.serving.chain`).
    """

    version: Number
    at: str = ""
    who: str = ""
    after: str | UnsetType = UNSET

    @property
    def name(self) -> str:
        return str(self.__struct_config__.tag)

    @property
    def told(self) -> str:
        """The reason that the event keeps, or the error, or what was allowed at the gate."""
        found = (getattr(self, name, UNSET) for name in ("why", "error", "exceptions"))
        return " · ".join(str(text) for text in found if text)


class Published(Event, frozen=True, kw_only=True, tag="published"):
    """A version is on disk; `size` is in bytes, null in a history that is older than this field."""

    run: str = ""
    digest: str = ""  # of every byte that is served
    size: Count | None = None
    data: TrainedOn = TrainedOn()
    metrics: dict[str, float] = msgspec.field(default_factory=dict)  # accuracy by test set
    exceptions: str | UnsetType = UNSET  # that people made at the gate: looser limits, or failed checks overridden
    pins: bool = False  # whether it is the reference of later candidates, once it is promoted
    records: dict[str, str] | UnsetType = UNSET  # sha256 of the kept results of its run, by file


class Staged(Event, frozen=True, kw_only=True, tag="staged"):
    """The servers load a version that has no label yet."""


class Unstaged(Event, frozen=True, kw_only=True, tag="unstaged"):
    """A version was not loaded: `error` when it cannot be, `why` when it may be another time."""

    why: str | UnsetType = UNSET
    error: str | UnsetType = UNSET


class Moved(Event, frozen=True, kw_only=True):
    """A label came from one version to another; null: none."""

    from_: Number | None = msgspec.field(default=None, name="from")
    to: Number | None = None
    why: str = ""


class Canary(Moved, frozen=True, kw_only=True, tag="canary"):
    """A loaded version got the canary label."""


class Promoted(Moved, frozen=True, kw_only=True, tag="promoted"):
    """The canary became stable."""


class Withdrawn(Moved, frozen=True, kw_only=True, tag="withdrawn"):
    """The canary lost its label."""


class RolledBack(Moved, frozen=True, kw_only=True, tag="rolled_back"):
    """An earlier stable version is stable again; `skipped` are servers that could not be reached."""

    skipped: list[str] | UnsetType = UNSET


class Labels(Record, frozen=True):
    """Which version is stable, which canary, and which earlier stable one stays loaded."""

    stable: Number | None = None
    canary: Number | None = None
    kept: Number | None = None


class Adopted(Event, frozen=True, kw_only=True, tag="adopted"):
    """The labels are as somebody set them by hand in models.config; `from` are those before."""

    stable: Number | None = None
    canary: Number | None = None
    kept: Number | None = None
    from_: Labels = msgspec.field(default=Labels(), name="from")
    why: str = ""


class Pruned(Event, frozen=True, kw_only=True, tag="pruned"):
    """The files of a version that nothing refers to are gone."""


AnyEvent = Published | Staged | Unstaged | Canary | Promoted | Withdrawn | RolledBack | Adopted | Pruned
NAMES = tuple(str(kind.__struct_config__.tag) for kind in AnyEvent.__args__)


def parsed_event(line: str) -> AnyEvent:
    """Returns a line of the history as an event. Raises: InputError when it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("an event must be a JSON object", found=f"no JSON object: {line[:80]!r}", do=MEND)
    return event_of(found)


def event_of(found: object) -> AnyEvent:
    """Returns parsed JSON as an event. Raises: InputError when it is none; it names the field."""
    name = found.get("event") if isinstance(found, dict) else None
    if not isinstance(name, str) or name not in NAMES:
        raise InputError(f"an event must be one of {', '.join(NAMES)}", found=repr(name)[:80], do=MEND)
    event: AnyEvent = decoded(found, AnyEvent, f"a {name!r} event", MEND)  # type: ignore[arg-type]
    return event
