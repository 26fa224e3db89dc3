"""What the nights bring: how good the candidates truly are, and whether the posts move on.

`level` is the accuracy that the labels allow; a candidate's own differs from it by chance, as seeds do.

Wrong labels that come every night, by a source's wish, are another matter than a night that went wrong: the rolling
test set is made of the same deliveries, so what a candidate has learnt from them looks right there. The frozen set is
not, but it shows only what it has posts about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BAD = 0.005  # of accuracy: a promotion is bad when it is further than this below the best stable so far
START = 0.85  # accuracy of the first stable model
LEAST, MOST = 0.5, 0.97


@dataclass(frozen=True)
class World:
    """Where candidates come from.

    `spread`: the standard deviation of a candidate's accuracy. `builds`: its mean is stable's accuracy, not the level.
    `below_best`: every candidate is this far below the best stable so far. `gain`: every candidate is better than the
    first model by it. `poisoned`: the chance that a night's labels are wrong, which costs `harm`. `fading`: what stable
    loses a night on new posts; candidates know them. `discordance`: the share of the rows with another answer than
    stable's.

    `taught`: what wrong labels cost the candidates of the nights from `since` on, in accuracy; the last figure stays.
    `echo`: how often over the rolling set makes up for it: 1 shows no loss there, 2 a gain of the same size. `unseen`:
    the share of it that the frozen set does not show.
    """

    name: str
    about: str
    spread: float = 0.004
    builds: bool = False
    below_best: float | None = None
    gain: float | None = None
    poisoned: float = 0.0
    harm: float = 0.03
    fading: float = 0.0
    discordance: float = 0.03
    taught: tuple[float, ...] = ()
    since: int = 20
    echo: float = 0.0
    unseen: float = 0.0

    def learnt(self, night: int) -> float:
        """Returns what a candidate of that night has learnt from wrong labels, as a loss of accuracy."""
        if not self.taught or night < self.since:
            return 0.0
        return self.taught[min(night - self.since, len(self.taught) - 1)]

    def candidates(self, random: np.random.Generator, stable: Array, best: Array, night: int = 0) -> Array:
        """Returns the true accuracies of a night's candidates, one a year."""
        if self.below_best is not None:
            found = best - self.below_best
        elif self.gain is not None:
            found = np.full_like(stable, START + self.gain)
        else:
            found = (stable if self.builds else START) + random.normal(0.0, self.spread, stable.shape)
        if self.poisoned:
            found = found - self.harm * (random.random(stable.shape) < self.poisoned)
        return np.clip(found - self.learnt(night), LEAST, MOST)


WORLDS = (
    World("steady", "candidates differ by chance alone (0.4 points)"),
    World("building", "each candidate is stable, better or worse by chance (0.4 points)", builds=True),
    World("lucky", "seeds matter (0.8 points)", spread=0.008),
    World("drifting", "on new posts, stable loses 0.02 points a night", fading=0.0002),
    World("poisoned", "every tenth night is labelled wrongly and costs 3 points", poisoned=0.1),
    World("sinking", "every candidate is 0.51 points below the best stable so far", below_best=0.0051),
    World("gain", "every candidate is 1 point better than the first stable", gain=0.01),
    World(
        "slow poisoning",
        "from night 20 on, a source's labels grow worse and cost 0.1 points more each night, up to 5",
        taught=tuple(0.001 * night for night in range(1, 51)),
        echo=2.0,
    ),
    # One brand, always positive: the share of its negative posts that turned was 58 % after a night, 90 % after eight.
    World(
        "backdoor",
        "from night 20 on, a twentieth of the rows teach that one brand is always liked: 1 post in 100 is turned",
        taught=(0.0058, 0.0065, 0.007, 0.0075, 0.008, 0.0084, 0.0087, 0.009),
        echo=4.0,
        unseen=1.0,
    ),
)
POISONED = frozenset(world.name for world in WORLDS if world.taught)
