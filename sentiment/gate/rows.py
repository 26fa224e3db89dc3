"""A gate's result as the rows of tables, for mails, approvals and the Models page."""

from __future__ import annotations

from sentiment.gate.data_lines import data_lines
from sentiment.language import marked, tr
from sentiment.results.decision import Gate, Year, YearPair
from sentiment.statistics.intervals import wilson

__all__ = [
    "Row",
    "beside",
    "comparison_table",
    "data_lines",
    "flipped_title",
    "label_name",
    "points_told",
    "stable_name",
    "version_name",
]

Row = tuple[str, ...]
SETS = {"frozen": marked("frozen set"), "rolling": marked("rolling set")}
SHORT = (marked("frozen"), marked("rolling"))  # the same in a column of their own: `SetFlip.set`
MINUS, NOTHING = "\N{MINUS SIGN}", "–"


def stable_name(gate: Gate) -> str:
    """Returns what to call the model that the candidate was compared with."""
    return version_name(gate.stable_version)


def version_name(version: int | None) -> str:
    """Returns what to call a stable version; None: it has no number, because files were compared."""
    return tr("the stable model") if version is None else tr("version {version}", version=version)


def beside(year: Year, pair: YearPair) -> str:
    """Returns what to call a version that the rule of the year compares with."""
    name = version_name(pair.version)
    return tr("{model} (the best so far)", model=name) if pair is year.reference else name


def label_name(gate: Gate, label: int) -> str:
    """Returns the name of a label id."""
    return gate.labels[label] if 0 <= label < len(gate.labels) else str(label)


def comparison_table(gate: Gate, candidate: str, *, intervals: bool = False) -> list[Row]:
    """Returns the comparison: a head, one row per test set, all sets together, then one row per class.

    Its columns: what, rows, stable, candidate, change, at worst, what is allowed, McNemar's p. “At worst” of all sets
    together is at the level of a year of nights. With `intervals`, its 95 % interval (Wilson's) follows each share.
    """
    head = ("", tr("rows"), stable_name(gate), candidate, tr("change"), tr("at worst"), tr("allowed"), "McNemar p")
    return [head, *_set_rows(gate, intervals), *_year_rows(gate), *_recall_rows(gate, intervals)]


def _set_rows(gate: Gate, intervals: bool) -> list[Row]:
    allowed = _allowed_at_worst(gate, gate.thresholds.margin)
    rows: list[Row] = []
    for name, found in gate.sets.items():
        rows.append(
            (
                _set_name(name, found.decides or found.stable_accuracy is None),
                f"{found.rows:,}",
                _share(found.stable_accuracy, found.rows if intervals else 0),
                _share(found.candidate_accuracy, found.rows if intervals else 0),
                points_told(found.difference),
                points_told(found.lower_bound),
                allowed if found.decides else NOTHING,
                _p_value(found.mcnemar_p),
            )
        )
    return rows


def _set_name(name: str, decides: bool) -> str:
    told = tr(SETS[name])
    return told if decides else tr("{sentence} (does not decide)", sentence=told)


def _year_rows(gate: Gate) -> list[Row]:
    """Returns the rows of all sets together, beside each version that a year's rule compares with; at its level."""
    year = gate.year
    if year is None:
        return []
    return [
        (
            tr("all rows, beside {model}", model=beside(year, pair)),
            f"{year.rows:,}",
            "",
            "",
            points_told(pair.difference),
            points_told(pair.lower_bound),
            _allowed_at_worst(gate, year.harm, of_limit=0.5),
            "",
        )
        for pair in year.pairs
    ]


def _recall_rows(gate: Gate, intervals: bool) -> list[Row]:
    frozen = gate.sets.frozen
    before = frozen.stable_recall or [None] * len(frozen.support)
    columns = zip(frozen.support, before, frozen.candidate_recall, strict=False)  # a type cannot say: equally long
    return [
        (
            tr("recall of {label}", label=label_name(gate, label)),
            f"{rows:,}",
            _share(was, rows if intervals else 0),
            _share(now, rows if intervals else 0),
            points_told(_change(was, now)),
            "",
            NOTHING if was is None else _allowed_fall(gate),
            "",
        )
        for label, (rows, was, now) in enumerate(columns)
    ]


def _allowed_at_worst(gate: Gate, fall: float, of_limit: float = 1) -> str:
    """Returns how far an accuracy may fall, in points; `of_limit` is which part of the margin the fall is."""
    system = _system(gate, "margin", of_limit)
    return tr("{points} at worst{aside}", points=points_told(-fall), aside=system)


def _allowed_fall(gate: Gate) -> str:
    return f"{points_told(-gate.thresholds.recall_drop)}{_system(gate, 'recall_drop')}"


def _system(gate: Gate, limit: str, of_limit: float = 1) -> str:
    """Returns the system's own limit, where somebody loosened it."""
    looser = [one for one in gate.loosened.limits if one.name == limit] if gate.loosened else []
    return tr(" (system: {points})", points=points_told(-looser[0].configured * of_limit)) if looser else ""


def flipped_title(gate: Gate, candidate: str, shown: int, *, worse: bool) -> str:
    """Returns the title of a list of flipped texts: how many there are on all sets, and how many are shown."""
    counts = [found.only_stable if worse else found.only_candidate for _, found in gate.sets.items()]
    total = max(shown, sum(filter(None, counts)))  # an early decision may lack the counts
    aside = tr(" ({shown:,} shown)", shown=shown) if shown < total else ""
    parts = {"stable": stable_name(gate), "candidate": candidate, "total": total, "aside": aside}
    if worse:
        return tr("Right in {stable}, wrong in {candidate}: {total:,}{aside}", **parts)
    return tr("Wrong in {stable}, right in {candidate}: {total:,}{aside}", **parts)


def _change(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before


def _share(value: float | None, rows: int = 0) -> str:
    if value is None:
        return NOTHING
    interval = wilson(round(value * rows), rows)
    if not interval:
        return f"{value:.3f}"
    return tr("{share:.3f} [{low:.3f} to {high:.3f}]", share=value, low=interval[0], high=interval[1])


def points_told(value: float | None) -> str:
    """Returns a change in percentage points, with its sign."""
    if value is None:
        return NOTHING
    told = f"{abs(value) * 100:.1f}"
    return told if float(told) == 0 else f"{MINUS if value < 0 else '+'}{told}"


def _p_value(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"
