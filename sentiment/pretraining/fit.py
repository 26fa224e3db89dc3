"""The whole course of a pretraining: passes over the corpus, part by part, and what the held-out posts say of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import InputError
from sentiment.model.batches import BUCKETS
from sentiment.pretraining.devices import Together
from sentiment.pretraining.filled import Filled, filled
from sentiment.pretraining.kept import Kept, Place
from sentiment.pretraining.masking import hide
from sentiment.pretraining.schedule import parts_of_a_step, rate
from sentiment.pretraining.tokens import Tokens
from sentiment.progress import progress
from sentiment.results.pretraining import Judged

HELD_OUT_PASS = 2**31  # the number of the pass whose masks the held-out posts have, the same each time
SECONDS_BETWEEN_STATES = 300.0

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Options:
    """The options of `sentiment pretrain` that decide what is learnt; see `sentiment.options.pretraining`."""

    passes: float
    length: int
    hidden_share: float
    learning_rate: float
    warm_up_share: float
    weight_decay: float
    part_tokens: int
    parts: int
    growing_share: float
    seed: int
    precision: str


@dataclass(frozen=True)
class Signs:
    """Ids of the special pieces, and how many pieces there are."""

    pad: int
    unknown: int
    classify: int
    separator: int
    mask: int
    pieces: int

    @property
    def special(self) -> NDArray[np.int32]:
        return np.array([self.pad, self.unknown, self.classify, self.separator, self.mask], np.int32)


def rows_at_once(most_tokens: int, width: int) -> int:
    """Returns how many rows of a width a part has."""
    return max(1, most_tokens // width)


def parts(lengths: NDArray[np.int64], most_tokens: int, longest: int, draw: np.random.Generator) -> list[Rows]:
    """Returns the rows of each part of a pass, in random order: of like length, padded to at most so many tokens."""
    rows = draw.permutation(len(lengths))
    widths = np.minimum(np.array(BUCKETS)[np.searchsorted(BUCKETS, lengths[rows])], longest)
    found: list[Rows] = []
    for width in np.unique(widths):
        some = rows[widths == width]
        at_once = rows_at_once(most_tokens, int(width))
        found += [some[start : start + at_once] for start in range(0, len(some), at_once)]
    return [found[place] for place in draw.permutation(len(found))]


class Course:
    """One pretraining: what it learns from, and how."""

    def __init__(self, learning: Together, learnt: Tokens, held_out: Tokens, signs: Signs, options: Options) -> None:
        self._learning, self._learnt, self._held_out = learning, learnt, held_out
        self._signs, self._options = signs, options
        self._total = max(1, int(options.passes * int(learnt.lengths.sum())))

    def run(
        self,
        kept: Kept,
        state: Any,
        judge_at: list[float],
        reached: Callable[[float, Place], None],
        *,
        knows: bool = False,
    ) -> Place:
        """Learns to the end, from the kept state if there is one; `reached` is called at each share of `judge_at`.

        An encoder that `knows` something already is judged before it learns, too.
        """
        place = kept.find(state) or Place()
        if knows and not place.steps:
            place.judged.append(asdict_of(self.judge(place)))
        due = [share for share in sorted(judge_at) if share > place.tokens / self._total]
        begin, before, saved = time.monotonic(), place.seconds, time.monotonic()
        with progress(self._total, "pretrain", "tokens", place.tokens) as line:
            for tokens, loss in self._steps(place):
                place.tokens, place.seconds = place.tokens + tokens, before + time.monotonic() - begin
                line.update(min(tokens, self._total - line.n))
                line.set_postfix_str(f"loss {loss:.3f}", refresh=False)
                while due and place.tokens >= due[0] * self._total:
                    place.judged.append(asdict_of(self.judge(place)))
                    reached(due.pop(0), place)
                if time.monotonic() - saved > SECONDS_BETWEEN_STATES:
                    kept.keep(state, place)
                    saved = time.monotonic()
        kept.keep(state, place)  # what cannot be written now, for want of room, needs not be learnt again
        place.judged.append(asdict_of(self.judge(place)))
        reached(1.0, place)
        return place

    def _steps(self, place: Place) -> Iterator[tuple[int, float]]:
        """Yields the tokens and the mean loss of each step until all are done, and advances the place."""
        while place.tokens < self._total:
            order = np.random.default_rng([self._options.seed, place.passes])
            todo = parts(self._learnt.lengths, self._options.part_tokens, self._options.length, order)
            while place.part < len(todo) and place.tokens < self._total:
                done = place.tokens / self._total
                count = parts_of_a_step(done, self._options.parts, self._options.growing_share)
                some = todo[place.part : place.part + count]
                yield self._step(some, place, done)
            if place.part >= len(todo):
                place.passes, place.part = place.passes + 1, 0

    def _step(self, some: list[Rows], place: Place, done: float) -> tuple[int, float]:
        options, hidden = self._options, []
        for rows in some:
            draw = np.random.default_rng([options.seed, place.passes, place.part])
            hidden.append(self._hidden(self._learnt, rows, draw))
            place.part += 1
        asked, tokens = sum(part.asked for part in hidden), int(self._learnt.lengths[np.concatenate(some)].sum())
        loss = self._learning.add(hidden)
        self._learning.step(np.float32(rate(done, options.learning_rate, options.warm_up_share)), np.float32(asked))
        place.steps += 1
        return tokens, loss / asked

    def _hidden(self, tokens: Tokens, rows: Rows, draw: np.random.Generator) -> Filled:
        signs = self._signs
        longest = int(tokens.lengths[rows].max())
        width = min(next(bucket for bucket in BUCKETS if bucket >= longest), self._options.length)
        ids, begins = tokens.batch(rows, (signs.classify, signs.separator), width)
        share, special = self._options.hidden_share, signs.special
        hidden = hide(ids, begins, share, draw, mask=signs.mask, special=special, pieces=signs.pieces)
        return filled(hidden, ids != signs.pad, rows_at_once(self._options.part_tokens, width))

    def judge(self, place: Place) -> Judged:
        """Returns how well hidden pieces of the held-out posts are said; the same pieces each time.

        Raises: InputError when the weights have become no numbers.
        """
        loss = right = asked = 0.0
        order = np.random.default_rng([self._options.seed, HELD_OUT_PASS])
        for number, rows in enumerate(
            parts(self._held_out.lengths, self._options.part_tokens, self._options.length, order)
        ):
            draw = np.random.default_rng([self._options.seed, HELD_OUT_PASS, number])
            part = self._hidden(self._held_out, rows, draw)
            found = self._learning.ask(part)
            loss, right, asked = loss + float(found[0]), right + float(found[1]), asked + part.asked
        mean = loss / asked
        if not math.isfinite(mean):
            raise InputError(
                "a pretraining must end with a loss that is a number",
                found=f"{mean} after {place.steps:,} steps",
                do="Give a lower --learning-rate, or a longer warm-up.",
            )
        passes = round(place.tokens / max(1, int(self._learnt.lengths.sum())), 3)
        return Judged(passes, place.steps, round(mean, 4), round(math.exp(min(mean, 50)), 3), round(right / asked, 4))


def asdict_of(judged: Judged) -> dict[str, Any]:
    """Returns it as JSON has it."""
    return {name: getattr(judged, name) for name in judged.__struct_fields__}
