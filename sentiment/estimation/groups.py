"""Estimates by source or night: each group's own posts, by the model's sets or, of a source that is known, its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from sentiment.estimation.gaps import chosen, estimate
from sentiment.results.estimate import Estimate, Gap, Night

MOST_GROUPS = 20
ENOUGH = 100  # labelled rows of a source: fewer say less of it than all sources do
NOTHING: Mapping[str, Sequence[Gap]] = {}


@dataclass
class Group:
    """Posts that are estimated together: how sure the model is of each, and whether it is right, if that is known."""

    confidence: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)  # of the posts that have a label

    def add(self, sure: float, is_right: bool | None) -> None:
        self.confidence.append(sure)
        if is_right is not None:
            self.right.append(is_right)

    @property
    def correct(self) -> int | None:
        """How many posts are right; None unless every one has a label."""
        return sum(self.right) if len(self.right) == len(self.confidence) else None

    def estimate(self, sets: Sequence[Gap], name: str | None = "") -> Estimate:
        return estimate(self.confidence, sets, name, self.correct)


def grouped(rows: Iterable[tuple[str, float, bool | None]]) -> dict[str, Group]:
    """Returns the groups of (name, confidence, whether right), the largest first."""
    groups: dict[str, Group] = {}
    for name, sure, is_right in rows:
        groups.setdefault(name, Group()).add(sure, is_right)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1].confidence), item[0])))


def estimates(
    groups: dict[str, Group], sets: Sequence[Gap], most: int = MOST_GROUPS, own: Mapping[str, Sequence[Gap]] = NOTHING
) -> list[Estimate]:
    """Returns an estimate a group; those beyond the first `most` are one, without a name.

    A group that has labelled sets of its `own`, by name, with enough rows, is estimated from those.
    """
    listed, rest = list(groups.items())[:most], list(groups.values())[most:]
    enough = {name for name, known in own.items() if sum(one.rows for one in known) >= ENOUGH}
    found = [group.estimate(own[name] if name in enough else sets, name) for name, group in listed]
    return found + ([together(rest).estimate(sets, None)] if rest else [])


def sets_by_source(nights: Iterable[Night]) -> dict[str, list[Gap]]:
    """Returns the labelled posts of each source in the nights' record, a set a night, the oldest first."""
    found: dict[str, list[Gap]] = {}
    for night in nights:
        for one in night.by_source:
            if one.name is not None and one.measured is not None:
                own = structs.replace(night.gap, rows=one.rows, confidence=one.confidence, accuracy=one.measured)
                found.setdefault(one.name, []).append(own)
    return {name: chosen(None, sets) for name, sets in found.items()}


def together(groups: Iterable[Group]) -> Group:
    """Returns all posts of some groups."""
    whole = Group()
    for group in groups:
        whole.confidence += group.confidence
        whole.right += group.right
    return whole
