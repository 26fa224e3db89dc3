"""What a person reads before deciding about a canary, in Markdown. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sentiment.gate import must_hold
from sentiment.gate.cautions import cautions
from sentiment.gate.costs import TITLE, cost_table, measured_told
from sentiment.gate.new_posts import tables
from sentiment.gate.rows import Row, comparison_table, data_lines, flipped_title, label_name
from sentiment.gate.source_rows import HEAD, by_source_rows, by_source_told
from sentiment.gate.year_checks import told_year
from sentiment.language import recorded, tr
from sentiment.mail.approval_lines import buttons, validation_lines
from sentiment.results.decision import Gate, SetFlip
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.validation import Validation
from sentiment.text.harmless import markdown, safe_links, titled

__all__ = ["approval_body", "validation_lines"]

MOST_TEXTS = 10  # either way
LONGEST_TEXT = 120


def approval_body(
    gate: Gate,
    prepare: Prepare | None,
    version: int,
    links: Mapping[str, str],
    warnings: Iterable[str] = (),
    *,
    validation: Validation | None = None,
    standing: str = "",
    hours: float = 24,
    barred: Sequence[str] = (),
    check: Check | None = None,
) -> str:
    """Returns the Markdown body of the approval of canary `version`; `gate` and `prepare` are those steps' results.

    `warnings` are sentences about the new posts, `validation` is that step's result, `standing` says how the canary
    has answered so far, `hours` is how long the question waits, `barred` are those who may not approve, and
    `check` is what measured the new posts.

    Text from data is escaped, for Markdown and for HTML. All of it is said in the language spoken.
    """
    parts = [f"**{markdown(recorded(gate.sentence), 1000)}**", *_overridden(gate)]
    parts += _list(tr("Warnings about the candidate"), cautions(gate))
    parts += _list(tr("Warnings about the new posts"), map(recorded, warnings))
    parts.append(_table(comparison_table(gate, tr("version {version} (canary)", version=version), intervals=True)))
    parts.append(
        tr(
            "Brackets hold 95 % intervals. Changes are in percentage points. “At worst” is the lower end of a "
            "one-sided 95 % interval of the change, measured on the same rows; for all rows together, at the level of "
            "a year of nights. “Allowed” is how far the change, or what it is at worst, might fall."
        )
    )
    parts += _costs(gate, version, validation)
    parts += _list(tr("The year"), told_year(gate))
    parts += _list(tr("The frozen test set"), [recorded(gate.wear)] if gate.wear else [])
    parts += _by_source(gate)
    parts += _flips(gate, gate.regressions, version, worse=True)
    parts += _flips(gate, gate.improvements, version, worse=False)
    parts += _list(tr("Cases that must hold"), must_hold.told(gate))
    parts += _list(tr("Data"), data_lines(prepare, gate.labels))
    for title, rows in tables(check).items():
        parts += [f"#### {markdown(title)}", _table(rows)]
    parts += _list(tr("Validation"), validation_lines(validation))
    parts += _list(tr("As the canary, so far"), [recorded(standing)] if standing else [])
    parts += _list(tr("What the buttons do"), buttons(gate, version, hours, barred))
    parts += [f"[{markdown(name)}](<{address}>)" for name, address in safe_links(links).items()]
    return "\n\n".join(parts) + "\n"


def _overridden(gate: Gate) -> list[str]:
    """Returns the checks that failed, when a person overrode the gate."""
    if gate.overridden is None:
        return []
    by = tr("{who} overrode the gate: {reason}", who=gate.overridden.who, reason=gate.overridden.reason)
    return _list(tr("Failed checks"), [by, *map(recorded, gate.reasons)])


def _costs(gate: Gate, version: int, validation: Validation | None) -> list[str]:
    export_bytes = validation.export_bytes if validation else None
    rows = cost_table(gate, tr("version {version} (canary)", version=version), export_bytes)
    return [f"#### {markdown(tr(TITLE))}", _table(rows), markdown(measured_told(gate.costs), 1000)] if rows else []


def _by_source(gate: Gate) -> list[str]:
    rows = by_source_rows(gate)
    head = tuple(map(tr, HEAD))
    return [*_list(tr("By source"), by_source_told(gate)), _table([head, *rows])] if rows else []


def _flips(gate: Gate, flips: Sequence[SetFlip], version: int, *, worse: bool) -> list[str]:
    if not flips:
        return []
    candidate = tr("version {version}", version=version)
    title = flipped_title(gate, candidate, min(MOST_TEXTS, len(flips)), worse=worse)
    rows: list[Row] = [(tr("set"), tr("text"), tr("true"), tr("stable said"), tr("canary said"))]
    rows += [_flip(gate, flip) for flip in flips[:MOST_TEXTS]]
    return [f"#### {markdown(title)}", _table(rows)]


def _flip(gate: Gate, flip: SetFlip) -> Row:
    text = titled(flip.title, flip.text)
    return (recorded(flip.set), text, *(label_name(gate, label) for label in (flip.true, flip.stable, flip.candidate)))


def _table(rows: list[Row]) -> str:
    lines = ["| " + " | ".join(markdown(cell, LONGEST_TEXT) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _list(title: str, lines: Iterable[str]) -> list[str]:
    items = [f"- {markdown(line, 1000)}" for line in lines]
    return [f"#### {markdown(title)}", "\n".join(items)] if items else []
