"""The sentences of the gate's checks: numbers as people say them. They are recorded, and so in English."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.language import marked, tr

BELOW_FLOOR = "below the floor"
NOT_RULED_OUT = "cannot be ruled out"
TEST_SETS = {"frozen": marked("the frozen set"), "rolling": marked("the rolling set")}


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
    figures = {"accuracy": accuracy, "floor": floor}
    if passed:
        return tr("Accuracy on the frozen set is {accuracy:.3f}, the floor is {floor:.3f}.", **figures)
    return tr("Accuracy on the frozen set is {accuracy:.3f}, below the floor of {floor:.3f}.", **figures)


def told_difference(item: Comparison, passed: bool) -> str:
    """Returns a non-inferiority check as a sentence."""
    assert item.difference is not None and item.lower_bound is not None
    bound, limit = points(item.lower_bound, item.margin)
    parts = {"change": told_change(item), "bound": bound, "limit": limit, "aside": _does_not_decide(item)}
    if item.lower_bound > 0:
        return tr("{change}; the rise is at least {bound} points{aside}.", **parts)
    if passed:
        return tr("{change}; at worst it fell by {bound} points, the limit is {limit}{aside}.", **parts)
    if -item.difference > item.margin:
        _, limit = points(item.difference, item.margin)
        return tr("{change}, the limit is {limit}{aside}.", **parts | {"limit": limit})
    return tr(
        "{change}, but on {rows:,} rows a fall of {bound} points cannot be ruled out, the limit is {limit}{aside}.",
        rows=item.rows,
        **parts,
    )


def _does_not_decide(item: Comparison) -> str:
    if item.decides:
        return ""
    return tr(" (does not decide: {rows:,} rows, {needed:,} are needed)", rows=item.rows, needed=item.minimum_rows)


def told_change(item: Comparison) -> str:
    """Returns how the accuracy changed: `Accuracy on the frozen set rose by 1.2 percentage points (0.842 → 0.854)`."""
    assert item.stable is not None
    figures = _moved(item.stable, item.candidate, item.margin) | {"set": tr(TEST_SETS[item.name])}
    if item.candidate == item.stable:
        return tr("Accuracy on {set} stayed the same ({before:.3f} → {now:.3f})", **figures)
    if item.candidate < item.stable:
        return tr("Accuracy on {set} fell by {by} percentage points ({before:.3f} → {now:.3f})", **figures)
    return tr("Accuracy on {set} rose by {by} percentage points ({before:.3f} → {now:.3f})", **figures)


def told_recall(label: str, before: float, now: float, bound: float) -> str:
    """Returns a recall check as a sentence."""
    figures = _moved(before, now, bound) | {"label": label, "allowed": points(before - now, bound)[1]}
    if now == before:
        return tr(
            "Recall of {label} on the frozen set stayed the same ({before:.3f} → {now:.3f}), the limit is a fall of "
            "{allowed}.",
            **figures,
        )
    if now < before:
        return tr(
            "Recall of {label} on the frozen set fell by {by} percentage points ({before:.3f} → {now:.3f}), the limit "
            "is a fall of {allowed}.",
            **figures,
        )
    return tr(
        "Recall of {label} on the frozen set rose by {by} percentage points ({before:.3f} → {now:.3f}), the limit is a "
        "fall of {allowed}.",
        **figures,
    )


def _moved(before: float, now: float, beside: float) -> dict[str, object]:
    """Returns a change's figures, with enough digits to tell it from `beside`, the bound that it is compared with."""
    return {"by": points(now - before, beside)[0], "before": before, "now": now}
