"""The serving state: which versions exist, which of them are served, and under which labels.

A version is served when it is stable, canary or being loaded, or when it was stable before the last promotion: it stays
loaded so that going back takes no time. After a rollback no earlier version is loaded: going back further loads one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sentiment.results.model_card import TrainedOn
from sentiment.serving.chain import Tip


class Version(NamedTuple):
    """One published version. `condition` says what became of it; labels are the State's."""

    number: int
    condition: str = "published"  # published, served, failed, withdrawn, replaced, retired, rolled back, pruned
    run: str = ""
    digest: str = ""
    size: int | None = None  # bytes of what is served, as published; None in a history that is older than this field
    published_at: str = ""
    data: TrainedOn = TrainedOn()
    metrics: Mapping[str, float] = {}  # accuracy by test set
    error: str = ""
    records: Mapping[str, str] = {}  # sha256 of the kept results of its run, by file; none in an older history
    pins: bool = False  # it was shown to be better than the reference before it


class State(NamedTuple):
    """What is served, and what could be."""

    versions: Mapping[int, Version] = {}
    stables: tuple[int, ...] = ()  # in order: the stable version is the last
    canary: int | None = None
    staged: int | None = None  # being loaded by the servers, without a label yet
    kept: int | None = None  # the previous stable version, still loaded
    newest: int = 0  # the highest number that was ever published
    last_move: str = ""  # the last event that said which version is stable
    tip: Tip = Tip()  # the last event of the history that this state follows from

    @property
    def stable(self) -> int | None:
        return self.stables[-1] if self.stables else None

    @property
    def previous(self) -> int | None:
        """The version that a rollback returns to."""
        return self.stables[-2] if len(self.stables) > 1 else None

    @property
    def reference(self) -> int | None:
        """The best stable version so far: the last that was shown to be better than the reference before it.

        It stays where it is while later versions are promoted that are only as good, so that small losses cannot add
        up. In a history without such a version it is the earliest stable one whose files are there.
        """
        shown = [number for number in self.stables if self.versions[number].pins]
        return shown[-1] if shown else next(iter(self.stables), None)

    @property
    def served(self) -> tuple[int, ...]:
        """The versions that every server has loaded or is loading."""
        return tuple(sorted({v for v in (self.stable, self.canary, self.kept, self.staged) if v is not None}))

    @property
    def labels(self) -> dict[str, int]:
        named = {"stable": self.stable, "canary": self.canary}
        return {label: version for label, version in named.items() if version is not None}

    @property
    def next_number(self) -> int:
        return self.newest + 1
