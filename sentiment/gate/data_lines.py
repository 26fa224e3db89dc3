"""What a candidate was trained on, in sentences, in the language spoken."""

from __future__ import annotations

from sentiment.language import tr, tr_many
from sentiment.results.deliveries import Prepare


def data_lines(prepare: Prepare | None, labels: list[str]) -> list[str]:
    """Returns what the candidate was trained on, one sentence per line."""
    if prepare is None:
        return []
    lines = [_new_rows(prepare, labels)]
    if prepare.mix:
        added = prepare.mix.added
        lines.append(tr("{rows:,} old rows mixed in{aside}.", rows=sum(added), aside=_per_label(added, labels)))
    lines.append(_all_rows(prepare))
    if prepare.left_for_later:
        lines.append(
            tr("{rows:,} more new rows were left for another run, as the form says.", rows=prepare.left_for_later)
        )
    if prepare.excluded_leaks:
        lines.append(
            tr(
                "{rows:,} texts were kept out because they are in a test set, or must hold.",
                rows=prepare.excluded_leaks,
            )
        )
    if prepare.under_tested:
        lines.append(
            tr("{rows:,} texts of training have a text of the rolling set as their title.", rows=prepare.under_tested)
        )
    return lines


def _new_rows(prepare: Prepare, labels: list[str]) -> str:
    rows, aside = prepare.new.rows, _per_label(prepare.new.per_label, labels)
    numbers = [str(number) for number in prepare.deliveries]
    if not numbers:
        return tr("{rows:,} new rows{aside}.", rows=rows, aside=aside)
    return tr_many(
        "{rows:,} new rows{aside} of delivery {deliveries}.",
        "{rows:,} new rows{aside} of deliveries {deliveries}.",
        len(numbers),
        rows=rows,
        aside=aside,
        deliveries=tr(", ").join(numbers if len(numbers) <= 12 else [*numbers[:6], "…", *numbers[-3:]]),
    )


def _all_rows(prepare: Prepare) -> str:
    if prepare.warm_from is None:
        return tr("{rows:,} rows in all; trained from the beginning.", rows=prepare.train_rows)
    return tr(
        "{rows:,} rows in all; continued from version {version}{aside}.",
        rows=prepare.train_rows,
        version=prepare.warm_from,
        aside=_made_of(prepare),
    )


def _made_of(prepare: Prepare) -> str:
    """Returns what the version before was trained on, ` (base data, 675 rows)`; "" where that is not known."""
    if prepare.warm_rows is None:
        return ""
    if prepare.warm_is_base:
        return tr_many(" (base data, {number:,} row)", " (base data, {number:,} rows)", prepare.warm_rows)
    return tr_many(" ({number:,} row)", " ({number:,} rows)", prepare.warm_rows)


def _per_label(counts: list[int], labels: list[str]) -> str:
    if len(counts) != len(labels):
        return ""
    told = (f"{label} {count:,}" for label, count in zip(labels, counts, strict=True))
    return tr(" ({labels})", labels=tr(", ").join(told))
