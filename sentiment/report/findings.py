"""What the curves, the mistakes and the slices say, in sentences for readers who do not know such figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentiment.language import tr, tr_many
from sentiment.report.slices import told_name
from sentiment.report.wording import posts_in_words
from sentiment.text.units import percent

WORTH_TELLING = 1.02  # a rise of the validation loss by this factor is worth mentioning


def told_curves(result: Mapping[str, Any]) -> str:
    """Returns what the validation loss says about the number of epochs; "" after a single epoch."""
    losses: Sequence[float] = result.get("val_loss") or []
    if not losses:
        return tr("No rows were held out, so there are no validation figures.")
    if len(losses) == 1:
        return ""
    last, best = len(losses), min(range(len(losses)), key=lambda epoch: losses[epoch])
    kept = result.get("kept_epoch") or last
    if kept < last:
        return tr(
            "Training stopped after epoch {last}; the model has the weights of epoch {kept}, the best.",
            last=last,
            kept=kept,
        )
    if best == last - 1:
        return tr("The validation loss was lowest in the last epoch: more epochs may still help.")
    if losses[-1] > losses[best] * WORTH_TELLING:
        return tr(
            "The validation loss was lowest after epoch {best} of {last} and rose after that: the model then only "
            "memorized its training posts.",
            best=best + 1,
            last=last,
        )
    return tr("The validation loss levelled off after epoch {best} of {last}.", best=best + 1, last=last)


def told_mistakes(analysis: Mapping[str, Any]) -> str:
    """Returns a sentence: how many mistakes there are, and which are listed."""
    total, shown = analysis["mistakes_total"], len(analysis["mistakes"])
    counts = {"mistakes": mistakes_in_words(total), "posts": posts_in_words(analysis["rows"])}
    if total == shown:
        return tr(
            "{mistakes} on {posts}. All are listed, the surest first: in each, the model has something to learn, or "
            "the label is wrong.",
            **counts,
        )
    return tr(
        "{mistakes} on {posts}. Listed are the {shown} that the model was surest of, the surest first: in each, the "
        "model has something to learn, or the label is wrong.",
        shown=shown,
        **counts,
    )


def mistakes_in_words(number: int) -> str:
    return tr_many("{number:,} mistake", "{number:,} mistakes", number)


def told_slices(analysis: Mapping[str, Any]) -> str:
    """Returns a sentence: which slices stand out."""
    worse, better = (_standing_out(analysis, how) for how in ("worse", "better"))
    told_worse = tr("Worse than the whole: {slices}.", slices=worse)
    told_better = tr("Better than the whole: {slices}.", slices=better)
    if worse and better:
        return tr("{first} {then}", first=told_worse, then=told_better)
    if worse or better:
        return told_worse if worse else told_better
    return tr("No slice differs notably from the whole.")


def _standing_out(analysis: Mapping[str, Any], how: str) -> str:
    found = [
        tr("{slice} ({share})", slice=told_name(group, item), share=percent(item["accuracy"]))
        for group in analysis["slices"]
        for item in group["slices"]
        if item["notable"] == how
    ]
    return tr(", ").join(found)
