"""Runs years of nights: candidates come, a policy decides on counts, and what it did is judged by the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sentiment.bench.years import rows
from sentiment.bench.years.policies import NIGHTS, Evidence, Policy, Verdict
from sentiment.bench.years.rows import Array, Counts
from sentiment.bench.years.world import BAD, START, World

MOST_GROUPS = 40  # of the rolling set's rows, by age: more would only take longer


@dataclass(frozen=True)
class Sizes:
    """Rows of the two test sets, and how many new ones a night brings to the rolling one."""

    frozen: int
    rolling: int
    fresh: int = 84

    @property
    def group(self) -> tuple[int, int]:
        """The rows of a group of the same age, and after how many nights one leaves."""
        nights = max(1, round(self.rolling / self.fresh / MOST_GROUPS))
        return min(self.rolling, nights * self.fresh), nights


@dataclass
class Years:
    """What happened, by year. Losses are shares of accuracy; `live` is the night of the first promotion."""

    promotions: Array
    bad: Array
    refused_good: Array
    lost: Array
    live: Array


class Simulation:
    """The state of many years at once, under one policy."""

    def __init__(self, world: World, sizes: Sizes, years: int, seed: int) -> None:
        self._world, self._sizes = world, sizes
        self._random = np.random.default_rng(seed)
        self._stable, self._best = np.full(years, START), np.full(years, START)
        self._posts = np.tile([1 - START, 0.0, 0.0, START], (years, 1))  # what new posts look like, as shares by cell
        self._old_posts = self._posts.copy()  # what the frozen set was taken from
        self._old_stable, self._new_stable = self._stable.copy(), self._stable.copy()  # as the two sets show it
        self._frozen = self._random.multinomial(sizes.frozen, self._posts).astype(float)
        group, self._nights_a_group = sizes.group
        groups = max(1, sizes.rolling // group)
        self._rolling = np.stack([self._drawn(group) for _ in range(groups)], 1)
        self._age = np.full(years, 1_000.0)  # nights since the last promotion
        nothing = np.zeros(years)
        self.years = Years(nothing, nothing.copy(), nothing.copy(), nothing.copy(), live=np.full(years, np.inf))

    def night(self, number: int, policy: Policy) -> None:
        """Lets one night pass."""
        if number % self._nights_a_group == 0:
            self._rolling = np.concatenate([self._rolling[:, 1:], self._drawn(self._sizes.group[0])[:, None]], 1)
        true = self._world.candidates(self._random, self._stable, self._best, number)
        learnt = self._world.learnt(number)
        on_new, on_old = true + self._world.echo * learnt, true + self._world.unseen * learnt
        chances = rows.chances(self._new_stable, on_new - self._new_stable, self._world.discordance)
        # The old posts have not moved on: there, a candidate gains nothing by knowing the new ones.
        old_chances = rows.chances(self._old_stable, on_old - self._old_stable, self._world.discordance)
        frozen = self._random.binomial(self._frozen.astype(int), old_chances).astype(float)
        rolling = self._random.binomial(self._rolling.astype(int), chances[:, None]).astype(float)
        verdict = policy(self._evidence(number, frozen, rolling))
        self._judge(number, true, verdict)
        self._promote(verdict, (frozen, rolling, self._posts * chances, self._old_posts * old_chances))
        self._stable = np.where(verdict.promotes, true, self._stable)
        self._new_stable = np.where(verdict.promotes, on_new, self._new_stable)
        self._old_stable = np.where(verdict.promotes, on_old, self._old_stable)
        self._best = np.maximum(self._best, self._stable)
        self._fade()

    @property
    def frozen_right(self) -> Array:
        """How many rows of the frozen set the stable model has right, by year."""
        return np.asarray(self._frozen[:, rows.STABLE_RIGHT].sum(-1))

    @property
    def optimism(self) -> Array:
        """By how much stable's accuracy on the frozen set is above its true one on such posts, by year."""
        return np.asarray(self.frozen_right / self._sizes.frozen - self._old_stable)

    def _drawn(self, number: int) -> Array:
        return self._random.multinomial(number, self._posts / self._posts.sum(-1, keepdims=True)).astype(float)

    def _evidence(self, number: int, frozen: Array, rolling: Array) -> Evidence:
        groups = self._rolling.shape[1]
        since = np.minimum(self._age // self._nights_a_group + 1, groups)
        is_fresh = np.arange(groups)[None] >= groups - since[:, None]
        fresh = rows.against_stable(self._rolling * is_fresh[..., None], rolling * is_fresh[..., None])
        return Evidence(
            night=number,
            frozen=rows.against_stable(self._frozen, frozen),
            rolling=_together(rows.against_stable(self._rolling, rolling)),
            fresh=_together(fresh),
            frozen_to_reference=rows.against_reference(self._frozen, frozen),
            rolling_to_reference=_together(rows.against_reference(self._rolling, rolling)),
            promotions=self.years.promotions,
            nights=np.minimum(self._age + 1, NIGHTS),
        )

    def _judge(self, number: int, true: Array, verdict: Verdict) -> None:
        found = self.years
        found.bad += verdict.promotes & (true < self._best - BAD - 1e-12)
        found.refused_good += ~verdict.promotes & (true > self._best)
        found.promotions += verdict.promotes
        found.live = np.where(verdict.promotes & np.isinf(found.live), number + 1, found.live)
        served = np.where(verdict.promotes, true, self._stable)
        found.lost += np.maximum(self._best, served) - served

    def _promote(self, verdict: Verdict, changed: tuple[Array, Array, Array, Array]) -> None:
        states = (self._frozen, self._rolling, self._posts, self._old_posts)
        moved = []
        for state, difference in zip(states, changed, strict=True):
            promotes, pins = (each.reshape(-1, *[1] * (state.ndim - 1)) for each in verdict)
            state = np.where(promotes, rows.after_promotion(state, difference), state)
            moved.append(np.where(promotes & pins, rows.pinned(state), state))
        self._frozen, self._rolling, self._posts, self._old_posts = moved
        self._age = np.where(verdict.promotes, 0.0, self._age + 1)

    def _fade(self) -> None:
        if loss := self._world.fading:
            self._posts = rows.faded(self._posts, loss)
            self._stable, self._best = self._stable * (1 - loss), self._best * (1 - loss)
            self._new_stable = self._new_stable * (1 - loss)


def _together(counts: Counts) -> Counts:
    return Counts(*(each.sum(1) for each in counts))


def simulate(policy: Policy, world: World, sizes: Sizes, years: int, seed: int = 0, nights: int = NIGHTS) -> Years:
    """Returns what happened in that many years; the same seed gives the same years."""
    simulation = Simulation(world, sizes, years, seed)
    for number in range(nights):
        simulation.night(number, policy)
    return simulation.years
