"""The gate's sentences: numbers as people say them."""

from __future__ import annotations

from dataclasses import dataclass

BELOW_FLOOR = "below the floor"
NOT_RULED_OUT = "cannot be ruled out"
LONGEST_ASIDE = 400  # characters of what a person wrote: what follows it must stay in sight


@dataclass(frozen=True)
class Comparison:
    """Candidate and stable on one set; `difference` and `lower_bound` are None without a stable model."""

    name: str
    rows: int
    candidate: float
    stable: float | None
    difference: float | None
    lower_bound: float | None
    margin: float
    decides: bool
    minimum_rows: int


def points(*shares: float) -> list[str]:
    """Returns differences in percentage points, with just enough digits to tell different ones apart."""
    values = [round(abs(share) * 100, 6) for share in shares]
    digits = next(
        (digits for digits in (1, 2, 3) if len({round(value, digits) for value in values}) == len(set(values))), 4
    )
    return [f"{value:.{digits}f}" for value in values]


def told_floor(accuracy: float, floor: float, passed: bool) -> str:
    """Returns the floor check as a sentence."""
    least = f"the floor is {floor:.3f}" if passed else f"{BELOW_FLOOR} of {floor:.3f}"
    return f"Accuracy on the frozen set is {accuracy:.3f}, {least}."


def told_difference(item: Comparison, passed: bool) -> str:
    """Returns a non-inferiority check as a sentence."""
    assert item.difference is not None and item.lower_bound is not None
    bound, margin = points(item.lower_bound, item.margin)
    if item.lower_bound > 0:
        rest = f"; the rise is at least {bound} points"
    elif passed:
        rest = f"; at worst it fell by {bound} points, the limit is {margin}"
    elif -item.difference > item.margin:
        _, margin = points(item.difference, item.margin)
        rest = f", the limit is {margin}"
    else:
        rest = f", but on {item.rows:,} rows a fall of {bound} points {NOT_RULED_OUT}, the limit is {margin}"
    aside = "" if item.decides else f" (does not decide: {item.rows:,} rows, {item.minimum_rows:,} are needed)"
    return f"{told_change(item)}{rest}{aside}."


def told_change(item: Comparison) -> str:
    """Returns how the accuracy changed: `Accuracy on the frozen set rose by 1.2 percentage points (0.842 → 0.854)`."""
    assert item.stable is not None
    return f"Accuracy on the {item.name} set {_moved(item.stable, item.candidate, item.margin)}"


def told_recall(label: str, before: float, now: float, bound: float) -> str:
    """Returns a recall check as a sentence."""
    _, allowed = points(before - now, bound)
    return f"Recall of {label} on the frozen set {_moved(before, now, bound)}, the limit is a fall of {allowed}."


def _moved(before: float, now: float, beside: float) -> str:
    """Returns the change in words, with enough digits to tell it from `beside`, the bound that it is compared with."""
    by, _ = points(now - before, beside)
    how = "stayed the same" if now == before else f"{'fell' if now < before else 'rose'} by {by} percentage points"
    return f"{how} ({before:.3f} → {now:.3f})"


def headline(verdict: str, failed: list[str], compared: list[Comparison], stable_version: int | None) -> str:
    """Returns the decision in one sentence; `failed` are the sentences of the checks that refuse, worst first."""
    frozen = compared[0]
    stable = f"version {stable_version}" if stable_version is not None else "the stable model"
    if failed:
        others = len(failed) - 1
        more = f" {others} other check{'s' if others > 1 else ''} failed too." if others else ""
        return f"{_refusal(failed[0], stable)}: {_inside(failed[0])}{more}"
    if verdict == "first":
        return f"First model: accuracy on the frozen set is {frozen.candidate:.3f}, and there is no stable model yet."
    if verdict == "better":
        gained = next(
            item for item in compared if item.decides and item.lower_bound is not None and item.lower_bound > 0
        )
        return f"Better than {stable}: {_inside(told_change(gained))}."
    return f"As good as {stable}: {_inside(told_difference(frozen, passed=True))}"


def _refusal(sentence: str, stable: str) -> str:
    if BELOW_FLOOR in sentence:
        return "Not good enough"
    return f"Not shown to be as good as {stable}" if NOT_RULED_OUT in sentence else f"Worse than {stable}"


def _inside(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def shortened(aside: str) -> str:
    """Returns what a person wrote, cut if it is long."""
    return aside if len(aside) <= LONGEST_ASIDE else aside[: LONGEST_ASIDE - 1] + "…"
