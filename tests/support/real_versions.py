"""A small model of how TensorFlow Serving 2.17.1 keeps the versions of one model, written from its source alone.

Source, by name of the methods here: `aspired_versions_manager.cc:EnqueueAspiredVersionsRequest` (aspire),
`FlushServables`, `HandlePendingAspiredVersionsRequests`, `ProcessAspiredVersionsRequest` and
`InvokePolicyAndExecuteAction` (tick); `availability_preserving_policy.cc:GetNextAction` (next_action);
`loader_harness.cc:Load` (finish).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

NEW, LOADING, READY, UNLOADING, DISABLED, ERROR = "new", "loading", "ready", "unloading", "disabled", "error"
BUSY = (LOADING, UNLOADING)


@dataclass
class Harness:
    """A version that the manager knows. `cancelled`: it was let go while it loaded, so it will not become ready."""

    state: str = NEW
    aspired: bool = True
    cancelled: bool = False


@dataclass
class RealVersions:
    """The manager of one model, with one thread that loads and unloads; `broken` versions do not load."""

    broken: Collection[int] = ()
    managed: dict[int, Harness] = field(default_factory=dict)
    pending: frozenset[int] | None = None  # asked for, but not processed yet
    taken: list[tuple[str, int]] = field(default_factory=list)  # the actions, in order

    @property
    def available(self) -> set[int]:
        return {version for version, harness in self.managed.items() if harness.state == READY}

    def aspire(self, versions: Collection[int]) -> None:
        self.pending = frozenset(versions)

    def tick(self) -> None:
        """Does what the manager does every 0.1 seconds: at most one action."""
        for version, harness in list(self.managed.items()):
            if harness.state in (NEW, DISABLED, ERROR) and not harness.aspired:
                del self.managed[version]
        if self.pending is not None and not any(
            version in self.managed and not self.managed[version].aspired for version in self.pending
        ):
            self._process(self.pending)
            self.pending = None
        action = self.next_action()
        if action:
            self.taken.append(action)
            self.managed[action[1]].state = LOADING if action[0] == "load" else UNLOADING

    def _process(self, versions: frozenset[int]) -> None:
        for version, harness in self.managed.items():
            if version not in versions:
                harness.aspired = False
                harness.cancelled = True
        for version in versions.difference(self.managed):
            self.managed[version] = Harness()

    def next_action(self) -> tuple[str, int] | None:
        aspired = [harness for harness in self.managed.values() if harness.aspired]
        covered = any(harness.state == READY for harness in aspired)
        old = [v for v, harness in self.managed.items() if harness.state == READY and not harness.aspired]
        if old and (not aspired or covered or len(old) > 1):
            return "unload", min(old)
        new = [v for v, harness in self.managed.items() if harness.state == NEW and harness.aspired]
        return ("load", max(new)) if new else None

    def finish(self, version: int) -> None:
        """Ends the load or unload of `version`."""
        harness = self.managed[version]
        if harness.state == UNLOADING or (version not in self.broken and harness.cancelled):
            harness.state = DISABLED
        else:
            harness.state = ERROR if version in self.broken else READY

    def rest(self) -> None:
        """Goes on until nothing happens any more."""
        while True:
            before = (len(self.taken), self.pending, len(self.managed))
            self.tick()
            busy = [version for version, harness in self.managed.items() if harness.state in BUSY]
            for version in busy:
                self.finish(version)
            if not busy and before == (len(self.taken), self.pending, len(self.managed)):
                return
