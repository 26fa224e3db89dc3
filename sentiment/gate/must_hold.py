"""The gate's rule of the cases that must hold, and the lines that tell people about them: pure functions.

A case that may not change ("fixed") refuses a candidate by itself, when stable holds it and the candidate does not. The
others are a sample, on which two models that are equally good differ by chance too: of those that stable holds, the
candidate may break a share. The same goes for those that the reference, the best version so far, holds: small steps
must not add up. Without a stable model the cases are told, and decide nothing.
"""

from __future__ import annotations

from math import floor

from sentiment.errors import InputError
from sentiment.gate.evidence import AGAIN, NAME
from sentiment.gate.rows import label_name, stable_name, version_name
from sentiment.gate.wording import shortened
from sentiment.results.decision import Gate, GateCheck
from sentiment.results.evaluation import Evaluation
from sentiment.results.must_hold import CaseAnswers, Held, MustHold
from sentiment.text.harmless import titled

LEAST = 20  # of the other cases: with fewer that stable holds, chance alone breaks too large a share
SHOWN = 10  # cases either way, to people
REFERENCE = "must_hold_reference"
ROUNDING = 1e-9  # 0.29 × 100 is 28.999…


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
        *_reference(found, f"{best} (the best so far)", most_broken),
    ]


def _fixed(kind: Held, stable: str) -> list[GateCheck]:
    if not kind.stable:
        return []
    held = f"the {cases(kind.stable)} that may not change and that {stable} holds"
    sentence = f"The candidate breaks {kind.broken or 'none'} of {held}."
    return [GateCheck("must_hold_fixed", not kind.broken, True, kind.broken, 0, sentence)]


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
    aside = "" if decides else f" (does not decide: {model} holds {held}, {LEAST} are needed)"
    which = f"the {cases(held, 'must-hold')} that {model} holds"
    sentence = f"The candidate breaks {broken or 'none'} of {which}, the limit is {allowed}{aside}."
    return [GateCheck(name, passed, decides, broken, allowed, sentence)]


def cases(number: int, kind: str = "") -> str:
    """Returns `1 case` or `3 must-hold cases`."""
    return f"{number:,} {f'{kind} ' if kind else ''}case{'' if number == 1 else 's'}"


def told(gate: Gate) -> list[str]:
    """Returns how both models answer the cases, one sentence a line; [] when there are none."""
    if not gate.must_hold:
        return []
    found, both = gate.must_hold, (gate.must_hold.fixed, gate.must_hold.others)
    number, now = sum(kind.cases for kind in both), sum(kind.candidate for kind in both)
    if found.fixed.stable is None or found.others.stable is None:
        return [f"The candidate holds {now:,} of {cases(number)}; there is no stable model to compare it with."]
    before, broken, mended = (sum(counts) for counts in _columns(found.fixed, found.others))
    lines = [
        f"Of {cases(number)}, {stable_name(gate)} holds {before:,} and the candidate {now:,}: "
        f"it breaks {broken:,} and mends {mended:,}."
    ]
    if neither := found.fixed.cases - found.fixed.stable - found.fixed.mended:
        lines.append(f"Neither holds {cases(neither)} that may not change.")
    lines += [check.sentence for check in gate.checks if check.name == REFERENCE]
    for word, listed, of in (("Broken", found.broken, broken), ("Mended", found.mended, mended)):
        lines += [_line(gate, word, case) for case in listed[:SHOWN]]
        more = of - min(SHOWN, len(listed))
        lines += [f"{word}: {more:,} more."] * (more > 0)
    return lines


def _columns(*kinds: Held) -> list[tuple[int, ...]]:
    return list(zip(*((kind.stable or 0, kind.broken, kind.mended) for kind in kinds), strict=True))


def _line(gate: Gate, word: str, case: CaseAnswers) -> str:
    true, before, now = (label_name(gate, label) for label in (case.true, case.stable, case.candidate))
    kind = " (may not change)" if case.fixed else ""
    why = f" (why it must hold: {shortened(case.why)})" if case.why else ""
    post = titled(case.title, case.text)
    return f"{word}{kind}: true {true}, {stable_name(gate)} said {before}, the candidate {now}{why}: {post}"


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
