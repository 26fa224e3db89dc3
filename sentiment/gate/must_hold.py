"""The gate's rule of the cases that must hold: pure functions.

A case that may not change ("fixed") refuses a candidate by itself, when stable holds it and the candidate does not. The
others are a sample, on which two models that are equally good differ by chance too: of those that stable holds, the
candidate may break a share. The same goes for those that the reference, the best version so far, holds: small steps
must not add up. Without a stable model the cases are told, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

from sentiment.errors import InputError
from sentiment.gate.evidence import AGAIN, NAME
from sentiment.gate.must_hold_told import REFERENCE, SHOWN, told
from sentiment.gate.rows import version_name
from sentiment.language import tr, tr_many
from sentiment.results.decision import GateCheck
from sentiment.results.evaluation import Evaluation
from sentiment.results.must_hold import Held, MustHold

LEAST = 20  # of the other cases: with fewer that stable holds, chance alone breaks too large a share
ROUNDING = 1e-9  # 0.29 × 100 is 28.999…

__all__ = ["LEAST", "SHOWN", "checks", "told"]


def checks(evaluation: Evaluation, most_broken: float) -> list[GateCheck]:
    """Returns the checks of the cases; `most_broken` is a share of the other cases that stable holds.

    Raises: InputError when the counts contradict.
    """
    found = evaluation.must_hold
    if not found:
        return []
    for name, kind in (("fixed", found.fixed), ("others", found.others)):
        _require_sound(f"must_hold.{name}", kind, evaluation.stable is not None)
    stable, best = version_name(evaluation.stable_version), version_name(evaluation.reference_version)
    return [
        *_fixed(found.fixed, stable),
        *_others("must_hold", found.others.stable or 0, found.others.broken, stable, most_broken),
        *_reference(found, tr("{model} (the best so far)", model=best), most_broken),
    ]


def _fixed(kind: Held, stable: str) -> list[GateCheck]:
    if not kind.stable:
        return []
    sentence = _fixed_told(kind.stable, kind.broken, stable)
    return [GateCheck("must_hold_fixed", not kind.broken, True, kind.broken, 0, sentence)]


def _fixed_told(held: int, broken: int, model: str) -> str:
    if not broken:
        return tr_many(
            "The candidate breaks none of the {number:,} case that may not change and that {model} holds.",
            "The candidate breaks none of the {number:,} cases that may not change and that {model} holds.",
            held,
            model=model,
        )
    return tr_many(
        "The candidate breaks {broken} of the {number:,} case that may not change and that {model} holds.",
        "The candidate breaks {broken} of the {number:,} cases that may not change and that {model} holds.",
        held,
        broken=broken,
        model=model,
    )


def _reference(found: MustHold, best: str, most_broken: float) -> list[GateCheck]:
    """Returns the same check beside the reference: many nights, each within the share of the night before, are none."""
    beside = found.reference
    if beside is None:
        return []
    if (
        beside.broken > min(beside.held, found.others.cases - found.others.candidate)
        or beside.held > found.others.cases
    ):
        counts = f"{beside.held} of {found.others.cases} cases held, {beside.broken} broken"
        raise _contradicted("must_hold.reference", counts)
    return _others(REFERENCE, beside.held, beside.broken, best, most_broken)


def _others(name: str, held: int, broken: int, model: str, most_broken: float) -> list[GateCheck]:
    if not held:
        return []
    allowed = floor(most_broken * held + ROUNDING)
    decides, passed = held >= LEAST, broken <= allowed
    sentence = _others_told(held, broken, {"model": model, "limit": allowed, "aside": _does_not_decide(model, held)})
    return [GateCheck(name, passed, decides, broken, allowed, sentence)]


def _others_told(held: int, broken: int, parts: Mapping[str, object]) -> str:
    if not broken:
        return tr_many(
            "The candidate breaks none of the {number:,} must-hold case that {model} holds, the limit is "
            "{limit}{aside}.",
            "The candidate breaks none of the {number:,} must-hold cases that {model} holds, the limit is "
            "{limit}{aside}.",
            held,
            **parts,
        )
    return tr_many(
        "The candidate breaks {broken} of the {number:,} must-hold case that {model} holds, the limit is "
        "{limit}{aside}.",
        "The candidate breaks {broken} of the {number:,} must-hold cases that {model} holds, the limit is "
        "{limit}{aside}.",
        held,
        broken=broken,
        **parts,
    )


def _does_not_decide(model: str, held: int) -> str:
    if held >= LEAST:
        return ""
    return tr(" (does not decide: {model} holds {held}, {least} are needed)", model=model, held=held, least=LEAST)


def _require_sound(where: str, kind: Held, has_stable: bool) -> None:
    """Raises: InputError unless the counts of one kind of cases belong together."""
    stable = kind.stable or 0
    both = kind.candidate - kind.mended
    sound = (
        has_stable == (kind.stable is not None)
        and max(kind.candidate, stable) <= kind.cases
        and both >= 0
        and (both == stable - kind.broken if has_stable else kind.broken == kind.mended == 0)
        and stable + kind.mended <= kind.cases
    )
    if not sound:
        found = f"{kind.cases} cases, {kind.candidate} and {kind.stable} right, {kind.broken} and {kind.mended} in one"
        raise _contradicted(where, found)


def _contradicted(where: str, found: str) -> InputError:
    return InputError(f"{NAME}'s {where} must be counts that belong together", found=found, do=AGAIN)
