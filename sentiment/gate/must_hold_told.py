"""The lines that tell people about the cases that must hold, in the language spoken: pure functions."""

from __future__ import annotations

from sentiment.gate.headline import shortened
from sentiment.gate.rows import label_name, stable_name
from sentiment.language import recorded, tr, tr_many
from sentiment.results.decision import Gate
from sentiment.results.must_hold import CaseAnswers, Held
from sentiment.text.harmless import titled

SHOWN = 10  # cases either way, to people
REFERENCE = "must_hold_reference"  # the check beside the best version so far


def told(gate: Gate) -> list[str]:
    """Returns how both models answer the cases, one sentence a line; [] when there are none."""
    if not gate.must_hold:
        return []
    found, both = gate.must_hold, (gate.must_hold.fixed, gate.must_hold.others)
    number, now = sum(kind.cases for kind in both), sum(kind.candidate for kind in both)
    if found.fixed.stable is None or found.others.stable is None:
        return [
            tr_many(
                "The candidate holds {held:,} of {number:,} case; there is no stable model to compare it with.",
                "The candidate holds {held:,} of {number:,} cases; there is no stable model to compare it with.",
                number,
                held=now,
            )
        ]
    before, broken, mended = (sum(counts) for counts in _columns(found.fixed, found.others))
    lines = [
        tr_many(
            "Of {number:,} case, {model} holds {before:,} and the candidate {now:,}: it breaks {broken:,} and mends "
            "{mended:,}.",
            "Of {number:,} cases, {model} holds {before:,} and the candidate {now:,}: it breaks {broken:,} and mends "
            "{mended:,}.",
            number,
            model=stable_name(gate),
            before=before,
            now=now,
            broken=broken,
            mended=mended,
        )
    ]
    if neither := found.fixed.cases - found.fixed.stable - found.fixed.mended:
        lines.append(
            tr_many(
                "Neither holds {number:,} case that may not change.",
                "Neither holds {number:,} cases that may not change.",
                neither,
            )
        )
    lines += [recorded(check.sentence) for check in gate.checks if check.name == REFERENCE]
    lines += [_broken(gate, case) for case in found.broken[:SHOWN]]
    if (more := broken - min(SHOWN, len(found.broken))) > 0:
        lines.append(tr("Broken: {more:,} more.", more=more))
    lines += [_mended(gate, case) for case in found.mended[:SHOWN]]
    if (more := mended - min(SHOWN, len(found.mended))) > 0:
        lines.append(tr("Mended: {more:,} more.", more=more))
    return lines


def _columns(*kinds: Held) -> list[tuple[int, ...]]:
    return list(zip(*((kind.stable or 0, kind.broken, kind.mended) for kind in kinds), strict=True))


def _broken(gate: Gate, case: CaseAnswers) -> str:
    parts = _parts(gate, case)
    if case.fixed:
        return tr(
            "Broken (may not change): true {true}, {model} said {before}, the candidate {now}{aside}: {post}", **parts
        )
    return tr("Broken: true {true}, {model} said {before}, the candidate {now}{aside}: {post}", **parts)


def _mended(gate: Gate, case: CaseAnswers) -> str:
    parts = _parts(gate, case)
    if case.fixed:
        return tr(
            "Mended (may not change): true {true}, {model} said {before}, the candidate {now}{aside}: {post}", **parts
        )
    return tr("Mended: true {true}, {model} said {before}, the candidate {now}{aside}: {post}", **parts)


def _parts(gate: Gate, case: CaseAnswers) -> dict[str, str]:
    true, before, now = (label_name(gate, label) for label in (case.true, case.stable, case.candidate))
    aside = tr(" (why it must hold: {why})", why=shortened(case.why)) if case.why else ""
    post = titled(case.title, case.text)
    return {"true": true, "model": stable_name(gate), "before": before, "now": now, "aside": aside, "post": post}
