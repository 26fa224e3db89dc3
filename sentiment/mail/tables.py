"""Tables and texts within a mail, each as (text, HTML): the comparison, the worst flips. Standard library only."""

from __future__ import annotations

from sentiment.gate.costs import TITLE, cost_table, measured_told
from sentiment.gate.rows import Row, comparison_table, flipped_title, label_name, stable_name
from sentiment.language import recorded, tr
from sentiment.results.decision import Gate, SetFlip
from sentiment.text.columns import aligned
from sentiment.text.harmless import html_text, sentence, titled

MOST_TEXTS = 10
LONGEST_NOTE = 1000  # characters
CELL = 'style="padding:3px 10px;border-bottom:1px solid #ddd;text-align:left;vertical-align:top"'
TABLE = 'style="border-collapse:collapse;word-break:keep-all"'  # Chinese would be cut between any two characters
Part = tuple[str, str]


def compared(gate: Gate, candidate: str) -> Part:
    """Returns the comparison with stable; `candidate` is the head of the column with the new model's figures."""
    return shown(tr("Accuracy and recall, changes in percentage points"), comparison_table(gate, candidate))


def costs(gate: Gate, candidate: str, export_bytes: int | None = None) -> list[Part]:
    """Returns what each model costs, and how that was measured; [] where nothing was."""
    rows, note = cost_table(gate, candidate, export_bytes), measured_told(gate.costs)
    if not rows:
        return []
    text, html = shown(tr(TITLE), rows)
    return [(f"{text}\n{sentence(note, LONGEST_NOTE)}", f"{html}<p><small>{html_text(note, LONGEST_NOTE)}</small></p>")]


def shown(title: str, table: list[Row]) -> Part:
    """Returns a table under its title; the head is its first row."""
    lines = aligned([tuple(sentence(cell, 60) for cell in row) for row in table])
    return "\n".join([title, *lines]), f"<h3>{title}</h3>{_html_table(table)}"


def worst_flips(gate: Gate, candidate: str) -> list[Part]:
    """Returns the texts that stable has right and the new model has wrong, the worst first; [] when there are none."""
    flips = gate.regressions[:MOST_TEXTS]
    if not flips:
        return []
    told = flipped_title(gate, candidate, len(flips), worse=True)
    title = tr("Worst flipped texts. {flips}", flips=told)
    said = [(_said(gate, flip, candidate), titled(flip.title, flip.text)) for flip in flips]
    lines = (f"- {tr('{what}:', what=sentence(what))}\n  {sentence(text)}" for what, text in said)
    items = "".join(f"<li>{html_text(text)}<br><small>{html_text(what)}</small></li>" for what, text in said)
    return [("\n".join([title, *lines]), f"<h3>{title}</h3><ul>{items}</ul>")]


def _said(gate: Gate, flip: SetFlip, candidate: str) -> str:
    true, stable, new = (label_name(gate, label) for label in (flip.true, flip.stable, flip.candidate))
    return tr(
        "[{set}] true {true}, {stable} said {said}, {candidate} {new} ({confidence:.2f})",
        set=recorded(flip.set),
        true=true,
        stable=stable_name(gate),
        said=stable,
        candidate=candidate,
        new=new,
        confidence=flip.confidence,
    )


def _html_table(table: list[Row]) -> str:
    rows = ("".join(f"<td {CELL}>{html_text(cell)}</td>" for cell in row) for row in table)
    return f"<table {TABLE}>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
