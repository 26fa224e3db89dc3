"""A gate's result as the rows of tables, for mails, approvals and the Models page."""

from __future__ import annotations

from sentiment.results.decision import Gate, Year, YearPair
from sentiment.results.deliveries import Prepare
from sentiment.statistics.intervals import wilson

Row = tuple[str, ...]
MINUS = "\N{MINUS SIGN}"


def stable_name(gate: Gate) -> str:
    """Returns what to call the model that the candidate was compared with."""
    return version_name(gate.stable_version)


def version_name(version: int | None) -> str:
    """Returns what to call a stable version; None: it has no number, because files were compared."""
    return "the stable model" if version is None else f"version {version}"


def beside(year: Year, pair: YearPair) -> str:
    """Returns what to call a version that the rule of the year compares with."""
    return f"{version_name(pair.version)}{' (the best so far)' if pair is year.reference else ''}"


def label_name(gate: Gate, label: int) -> str:
    """Returns the name of a label id."""
    return gate.labels[label] if 0 <= label < len(gate.labels) else str(label)


def comparison_rows(gate: Gate, *, intervals: bool = False) -> list[Row]:
    """Returns one row per test set, then one per class: what, rows, stable, candidate, change, at worst, McNemar's p.

    Between them stand the rows of all sets together, whose “at worst” is at the level of a year of nights.

    With `intervals`, its 95 % interval (Wilson's) follows each share.
    """
    rows: list[Row] = []
    for name, found in gate.sets.items():
        aside = "" if found.decides or found.stable_accuracy is None else " (does not decide)"
        rows.append(
            (
                f"{name} set{aside}",
                f"{found.rows:,}",
                _share(found.stable_accuracy, found.rows if intervals else 0),
                _share(found.candidate_accuracy, found.rows if intervals else 0),
                points_told(found.difference),
                points_told(found.lower_bound),
                _p_value(found.mcnemar_p),
            )
        )
    return rows + _year_rows(gate) + _recall_rows(gate, intervals)


def _year_rows(gate: Gate) -> list[Row]:
    """Returns the rows of all sets together, beside each version that a year's rule compares with; at its level."""
    year = gate.year
    if year is None:
        return []
    return [
        (
            f"all rows, beside {beside(year, pair)}",
            f"{year.rows:,}",
            "",
            "",
            points_told(pair.difference),
            points_told(pair.lower_bound),
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
            f"recall of {label_name(gate, label)}",
            f"{rows:,}",
            _share(was, rows if intervals else 0),
            _share(now, rows if intervals else 0),
            points_told(_change(was, now)),
            "",
            "",
        )
        for label, (rows, was, now) in enumerate(columns)
    ]


def _change(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before


def data_lines(prepare: Prepare | None, labels: list[str]) -> list[str]:
    """Returns what the candidate was trained on, one sentence per line."""
    if prepare is None:
        return []
    new = prepare.new
    lines = [f"{new.rows:,} new rows{_per_label(new.per_label, labels)}{_deliveries(prepare)}."]
    if prepare.mix:
        added = prepare.mix.added
        lines.append(f"{sum(added):,} old rows mixed in{_per_label(added, labels)}.")
    how = f"warm, from version {prepare.warm_from}" if prepare.warm_from is not None else "from the beginning"
    lines.append(f"{prepare.train_rows:,} rows in all; trained {how}.")
    if prepare.left_for_later:
        lines.append(f"{prepare.left_for_later:,} more new rows were left for another run, as the form says.")
    if prepare.excluded_leaks:
        lines.append(f"{prepare.excluded_leaks:,} texts were kept out because they are in a test set, or must hold.")
    return lines


def _per_label(counts: list[int], labels: list[str]) -> str:
    if len(counts) != len(labels):
        return ""
    return f" ({', '.join(f'{label} {count:,}' for label, count in zip(labels, counts, strict=True))})"


def _deliveries(prepare: Prepare) -> str:
    numbers = [str(number) for number in prepare.deliveries]
    if not numbers:
        return ""
    shown = ", ".join(numbers if len(numbers) <= 12 else [*numbers[:6], "…", *numbers[-3:]])
    return f" of deliver{'ies' if len(numbers) > 1 else 'y'} {shown}"


def _share(value: float | None, rows: int = 0) -> str:
    if value is None:
        return "–"
    interval = wilson(round(value * rows), rows)
    return f"{value:.3f}" + (f" [{interval[0]:.3f} to {interval[1]:.3f}]" if interval else "")


def points_told(value: float | None) -> str:
    """Returns a change in percentage points, with its sign."""
    if value is None:
        return "–"
    told = f"{abs(value) * 100:.1f}"
    return told if float(told) == 0 else f"{MINUS if value < 0 else '+'}{told}"


def _p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
