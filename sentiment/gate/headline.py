"""The gate's decision in one sentence, behind what people allowed the candidate. It is recorded, and so in English."""

from __future__ import annotations

from sentiment.gate.rows import version_name
from sentiment.gate.wording import BELOW_FLOOR, NOT_RULED_OUT, Comparison, told_change, told_difference
from sentiment.language import marked, tr, tr_many
from sentiment.results.decision import Loosened, Overridden

LONGEST_ASIDE = 400  # characters of what a person wrote: what follows it must stay in sight
# What `Loosened.told` and `Gate.exceptions` record, alone and before a decision's sentence.
EXCEPTIONS = (
    marked("The gate was loosened: {changes}."),
    marked("The gate was loosened: {changes}. {sentence}"),
    marked("The gate was loosened: {changes}. Reason: {reason}"),
    marked("The gate was loosened: {changes}. Reason: {reason} {sentence}"),
    marked("The gate was loosened by {who}: {changes}."),
    marked("The gate was loosened by {who}: {changes}. {sentence}"),
    marked("The gate was loosened by {who}: {changes}. Reason: {reason}"),
    marked("The gate was loosened by {who}: {changes}. Reason: {reason} {sentence}"),
    marked("gate overridden by {who}: {reason}"),
    marked("floor {asked:g} instead of {configured:g}"),
    marked("margin {asked:g} instead of {configured:g}"),
    marked("recall drop {asked:g} instead of {configured:g}"),
    marked("minimum rolling {asked:g} instead of {configured:g}"),
)


def headline(verdict: str, failed: list[str], compared: list[Comparison], stable_version: int | None) -> str:
    """Returns the decision in one sentence; `failed` are the sentences of the checks that refuse, worst first."""
    frozen, stable = compared[0], version_name(stable_version)
    if failed:
        return _with_others(_refusal(failed[0], stable), len(failed) - 1)
    if verdict == "first":
        return tr(
            "First model: accuracy on the frozen set is {accuracy:.3f}, and there is no stable model yet.",
            accuracy=frozen.candidate,
        )
    if verdict == "better":
        gained = next(
            item for item in compared if item.decides and item.lower_bound is not None and item.lower_bound > 0
        )
        return tr("Better than {stable}: {sentence}.", stable=stable, sentence=_inside(told_change(gained)))
    return tr("As good as {stable}: {sentence}", stable=stable, sentence=_inside(told_difference(frozen, passed=True)))


def with_exceptions(sentence: str, overridden: Overridden | None, loosened: Loosened | None) -> str:
    """Returns a decision's sentence behind who overrode the gate, and who loosened it."""
    if overridden:
        who, reason = overridden.who, shortened(overridden.reason)
        sentence = tr("{who} overrode the gate ({reason}). {sentence}", who=who, reason=reason, sentence=sentence)
    return f"{shortened(loosened.told)} {sentence}" if loosened else sentence


def _refusal(failed: str, stable: str) -> str:
    sentence = _inside(failed)
    if BELOW_FLOOR in failed:
        return tr("Not good enough: {sentence}", sentence=sentence)
    if NOT_RULED_OUT in failed:
        return tr("Not shown to be as good as {stable}: {sentence}", stable=stable, sentence=sentence)
    return tr("Worse than {stable}: {sentence}", stable=stable, sentence=sentence)


def _with_others(sentence: str, others: int) -> str:
    if not others:
        return sentence
    return tr_many(
        "{sentence} {number} other check failed too.",
        "{sentence} {number} other checks failed too.",
        others,
        sentence=sentence,
    )


def _inside(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def shortened(aside: str) -> str:
    """Returns what a person wrote, cut if it is long."""
    return aside if len(aside) <= LONGEST_ASIDE else aside[: LONGEST_ASIDE - 1] + "…"
