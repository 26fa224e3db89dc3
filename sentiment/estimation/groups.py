"""Estimates by source or night: the same model's sets, and each group's own posts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sentiment.estimation.gaps import estimate
from sentiment.results.estimate import Estimate, Gap

MOST_GROUPS = 20


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


def estimates(groups: dict[str, Group], sets: Sequence[Gap], most: int = MOST_GROUPS) -> list[Estimate]:
    """Returns an estimate a group; those beyond the first `most` are one, without a name."""
    listed, rest = list(groups.items())[:most], list(groups.values())[most:]
    found = [group.estimate(sets, name) for name, group in listed]
    return found + ([together(rest).estimate(sets, None)] if rest else [])


def together(groups: Iterable[Group]) -> Group:
    """Returns all posts of some groups."""
    whole = Group()
    for group in groups:
        whole.confidence += group.confidence
        whole.right += group.right
    return whole
