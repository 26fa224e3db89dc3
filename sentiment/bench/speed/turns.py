"""Who is asked when, and what comes of it: rates, ratios within one repetition, medians with their spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sentiment.bench.speed.asked import Asked, Turn, asked
from sentiment.errors import SentimentError
from sentiment.experiments import child
from sentiment.step import say
from sentiment.text.units import counted

Question = Callable[[int], Mapping[str, Any]]  # of a repetition
Rate = Callable[[Turn], float]  # rows a second


@dataclass(frozen=True)
class Way:
    """One way to do the work: its name, the command of its process, and the job that this is given."""

    name: str
    command: Sequence[str]
    job: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and the smallest and the largest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass
class Done:
    """What a way did: a turn for each repetition that it was asked in, and why it stopped."""

    way: Way
    turns: dict[int, Turn] = field(default_factory=dict)
    why: str = ""


def orders(ways: Sequence[Way], repetitions: int) -> Iterator[tuple[int, list[Way]]]:
    """Yields each repetition with the ways in their order: each begins with another, so that none is always first."""
    for number in range(repetitions):
        first = number % len(ways)
        yield number, [*ways[first:], *ways[:first]]


def in_turn(
    what: str, ways: Sequence[Way], repetitions: int, question: Question, *, kept: bool, warm: bool = False
) -> list[Done]:
    """Has the ways do their work in turn; returns what each did.

    With `kept`, a way's process stays and works again; otherwise each repetition has a new one, with the memory of that
    work alone. With `warm`, each first does the work once without being measured. Raises: SentimentError when the
    first way, ours, fails; another one is left out from then on.
    """
    found = {way.name: Done(way) for way in ways}
    with ExitStack() as stack:
        processes: dict[str, Asked] = {}

        def process_of(way: Way) -> AbstractContextManager[Asked]:
            return _kept(stack, processes, way, question(0) if warm else None) if kept else asked(way.command, way.job)

        for number, order in orders(ways, repetitions):
            for way in order:
                done = found[way.name]
                if done.why:
                    continue
                try:
                    with process_of(way) as process:
                        turn = done.turns[number] = process.ask(question(number))
                except child.Failed as error:
                    if way is ways[0]:
                        raise SentimentError(f"{what}: {way.name} failed: {error}") from None
                    done.why = str(error)
                    say(f"{what}: {way.name}: failed: {error}")
                    continue
                say(f"{what}: {number + 1} of {counted(repetitions, 'repetition')}: {way.name}: {turn.seconds:.1f} s")
    return [found[way.name] for way in ways]


@contextmanager
def _kept(stack: ExitStack, processes: dict[str, Asked], way: Way, first: Mapping[str, Any] | None) -> Iterator[Asked]:
    if way.name not in processes:
        processes[way.name] = stack.enter_context(asked(way.command, way.job))
        if first is not None:
            processes[way.name].ask(first)
    yield processes[way.name]


@dataclass(frozen=True)
class Compared:
    """A way beside ours: the first is ours. `ratio` is ours ÷ this one, by repetition; None for ours itself."""

    name: str
    rate: Spread
    ratio: Spread | None
    accuracy: Spread
    processor: float  # seconds a repetition, the median
    peak_bytes: int
    changed: float | None = None  # share of its answers that are not ours
    why: str = ""


def compare(done: Sequence[Done], rate: Rate) -> list[Compared]:
    """Returns a row for each way that did its work at least once. The first is ours."""
    ours = done[0]
    return [_compared(one, None if one is ours else ours, rate) for one in done if one.turns]


def _compared(one: Done, ours: Done | None, rate: Rate) -> Compared:
    turns = list(one.turns.values())
    both = [number for number in one.turns if ours and number in ours.turns]
    ratios = [rate(ours.turns[number]) / rate(one.turns[number]) for number in both] if ours else []
    return Compared(
        name=one.way.name,
        rate=Spread.of([rate(turn) for turn in turns]),
        ratio=Spread.of(ratios) if ratios else None,
        accuracy=Spread.of([turn.said["accuracy"] for turn in turns]),
        processor=median(turn.processor for turn in turns),
        peak_bytes=max(turn.peak_bytes for turn in turns),
        changed=_changed(turns[-1], list(ours.turns.values())[-1]) if ours and both else None,
        why=one.why,
    )


def _changed(turn: Turn, ours: Turn) -> float | None:
    given, own = turn.said.get("answers"), ours.said.get("answers")
    if not given or not own:
        return None
    different = [bool(one != other) for one, other in zip(given, own, strict=True)]
    return sum(different) / len(different)
