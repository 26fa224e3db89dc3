"""The rule of the year as checks of the gate, with their sentences, and what an approver has to know of the year."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.gate.counts import Counts
from sentiment.gate.evidence import Evidence
from sentiment.gate.rows import beside
from sentiment.gate.wording import points
from sentiment.gate.year import Night, beside_reference, beside_stable, chance_below, lower_bound, rows_needed
from sentiment.language import tr, tr_many
from sentiment.results.decision import Gate, GateCheck, Year, YearPair
from sentiment.results.evaluation import Evaluation


def place_in_year(evaluation: Evaluation, sets: Sequence[Evidence], night: Night) -> Year:
    """Returns how the candidate stands beside stable and reference on the rows of all `sets`, at the night's level."""
    stable, reference = beside_stable(sets), beside_reference(sets)
    return Year(
        harm=night.rule.harm,
        risk=night.rule.risk,
        nights=night.rule.nights,
        level=night.level,
        spent=night.spent,
        decisions=night.decisions,
        promotions=night.promotions,
        rows=stable.rows,
        rows_needed=rows_needed(stable, night),
        stable=_pair(evaluation.stable_version, stable, night),
        reference=_pair(evaluation.reference_version, reference, night) if reference else None,
    )


def _pair(version: int | None, counts: Counts, night: Night) -> YearPair:
    return YearPair(
        version=version,
        difference=counts.difference,
        lower_bound=lower_bound(counts, night.z),
        chance_worse=chance_below(counts, 0.0),
        chance_harmful=chance_below(counts, -night.rule.harm),
    )


def year_checks(year: Year | None) -> list[GateCheck]:
    """Returns a check for each version that the candidate is compared with; none without a year."""
    if year is None:
        return []
    names = ("year_stable", "year_reference")
    return [_check(name, year, pair) for name, pair in zip(names, year.pairs, strict=False)]


def _check(name: str, year: Year, pair: YearPair) -> GateCheck:
    passed = pair.lower_bound > -year.harm
    return GateCheck(name, passed, True, pair.lower_bound, -year.harm, _told(year, pair, passed))


def _told(year: Year, pair: YearPair, passed: bool) -> str:
    bound, harm = points(pair.lower_bound, year.harm)
    parts = {"rows": year.rows, "model": beside(year, pair), "bound": bound, "harm": harm}
    if pair.lower_bound > 0:
        return tr(
            "Accuracy on all {rows:,} rows, beside {model}, rose by at least {bound} points at the level of a year of "
            "nights.",
            **parts,
        )
    if passed:
        return tr(
            "Accuracy on all {rows:,} rows, beside {model}, fell at worst by {bound} points at the level of a year of "
            "nights, the limit is {harm}.",
            **parts,
        )
    if -pair.difference > year.harm:
        fell, harm = points(pair.difference, year.harm)
        return tr(
            "Accuracy on all {rows:,} rows, beside {model}, fell by {fell} percentage points, the limit over a year of "
            "nights is {harm}.",
            **parts | {"fell": fell, "harm": harm},
        )
    return tr(
        "Accuracy on all {rows:,} rows, beside {model}, may have fallen: at the level of a year of nights, {bound} "
        "points cannot be ruled out, the limit is {harm}{aside}.",
        aside=_missing(year),
        **parts,
    )


def _missing(year: Year) -> str:
    """Returns what an equally good candidate would take, in rows; "" where that many are there."""
    if year.rows_needed is None or year.rows_needed <= year.rows:
        return ""
    return tr(
        " (an equally good candidate passes every second time from {needed:,} rows on: {missing:,} are missing)",
        needed=year.rows_needed,
        missing=year.rows_needed - year.rows,
    )


def told_year(gate: Gate) -> list[str]:
    """Returns what whoever is asked for an approval has to know of the year, in sentences; none without a year."""
    year = gate.year
    if year is None:
        return []
    worse = max(year.pairs, key=lambda pair: pair.chance_harmful)
    harm = f"{year.harm * 100:g}"
    return [
        tr(
            "In the last 365 days, the gate decided about {candidates}, and {versions} became stable. That has used "
            "{spent} of the year's error budget, which is a chance of {risk} to promote a version that is truly more "
            "than {harm} points worse than the best so far.",
            candidates=tr_many("{number:,} candidate", "{number:,} candidates", year.decisions + 1),
            versions=tr_many("{number:,} version", "{number:,} versions", year.promotions),
            spent=_percent(min(1.0, (year.spent + year.level) / year.risk)),
            risk=_percent(year.risk),
            harm=harm,
        ),
        tr(
            "By tonight's rows, the chance that the candidate is really worse than {model} by more than {harm} points "
            "is {chance}; that it is worse at all, {chance_at_all}.",
            model=beside(year, worse),
            harm=harm,
            chance=_percent(worse.chance_harmful),
            chance_at_all=_percent(worse.chance_worse),
        ),
    ]


def _percent(share: float) -> str:
    """Returns a chance in per cent, with so many digits that it is neither 0 nor 100 % when it is not."""
    if 0 < share < 0.0001:
        return tr("below 0.01 %")
    digits = 0 if share >= 0.1 else 1 if share >= 0.01 else 2
    told = f"{round(share * 100, digits):g}"
    return tr("above 99 %") if share < 1 and float(told) == 100 else f"{told} %"
