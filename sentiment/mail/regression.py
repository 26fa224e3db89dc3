"""The mail that says exactly why there is no new model this morning. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sentiment.gate import must_hold
from sentiment.gate.calibration import calibration_warnings
from sentiment.gate.rows import Row, comparison_rows, data_lines, label_name, stable_name
from sentiment.gate.source_rows import HEAD, by_source_rows, by_source_told
from sentiment.gate.year_checks import told_year
from sentiment.mail.letter import Mail, letter
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Prepare
from sentiment.text.columns import aligned
from sentiment.text.harmless import html_text, plain, titled

MOST_TEXTS = 10
CELL = 'style="padding:3px 10px;border-bottom:1px solid #ddd;text-align:left;vertical-align:top"'


def regression_mail(
    gate: Gate,
    run: str,
    prepare: Prepare | None,
    links: Mapping[str, str],
    warnings: Iterable[str] = (),
) -> Mail:
    """Returns the mail about a refused candidate: `gate` and `prepare` are those steps' results.

    `warnings` are sentences about the new posts.

    Links that do not lead to a web page are left out. Raises: ValueError when the candidate passed the gate.
    """
    if gate.passed:
        raise ValueError("there is nothing to mail about: the candidate passed the gate")
    sources = by_source_rows(gate)
    table = [("", "rows", stable_name(gate), "candidate", "change", "at worst", "p"), *comparison_rows(gate)]
    return letter(
        f"Sentiment: no new model. {gate.sentence}",
        gate.sentence,
        run,
        _sections(gate, prepare, list(warnings)),
        links,
        [
            _shown("Accuracy and recall, changes in percentage points", table),
            *([_shown("By source, both test sets together", [HEAD, *sources])] if sources else []),
            *_flipped(gate, _flips(gate)),
        ],
    )


def _sections(gate: Gate, prepare: Prepare | None, warnings: list[str]) -> dict[str, list[str]]:
    return {
        "What failed": gate.reasons,
        "Cases that must hold": must_hold.told(gate),
        "Warnings about the candidate": calibration_warnings(gate),
        "By source": [line for line in by_source_told(gate) if line not in gate.reasons],
        "Warnings about the new posts": warnings,
        "The year": told_year(gate),
        "What it was trained on": data_lines(prepare, gate.labels),
        "What happens now": _what_now(gate, prepare),
    }


def _what_now(gate: Gate, prepare: Prepare | None) -> list[str]:
    compared = any(found.stable_accuracy is not None for _, found in gate.sets.items())
    serving = f"{stable_name(gate)} keeps serving" if compared else "There is still no model to serve"
    lines = [f"{serving[:1].upper()}{serving[1:]}. The candidate was not published."]
    if prepare and prepare.new.rows:
        lines.append(
            "The new rows are not lost: the next night's batch contains them, with whatever arrives until then."
        )
        lines.append(
            "If the texts below look wrongly labelled, correct the delivery's file and deliver it again: the newest "
            "label of a text wins. Rows that could not be read are in datasets/quarantine, each with its reason."
        )
    return lines


def _flips(gate: Gate) -> list[Row]:
    return [
        (
            flip.set,
            label_name(gate, flip.true),
            label_name(gate, flip.stable),
            f"{label_name(gate, flip.candidate)} ({flip.confidence:.2f})",
            titled(flip.title, flip.text),
        )
        for flip in gate.regressions[:MOST_TEXTS]
    ]


def _shown(title: str, table: list[Row]) -> tuple[str, str]:
    return "\n".join(
        [title, *aligned([tuple(plain(cell, 60) for cell in row) for row in table])]
    ), f"<h3>{title}</h3>{_html_table(table)}"


def _flipped(gate: Gate, flips: list[Row]) -> list[tuple[str, str]]:
    if not flips:
        return []
    title = "Worst flipped texts: right before, wrong now"
    said = [
        (f"[{where}] true {true}, {stable_name(gate)} said {stable}, the candidate {candidate}", text)
        for where, true, stable, candidate, text in flips
    ]
    told = (f"- {plain(what)}:\n  {plain(text)}" for what, text in said)
    items = "".join(f"<li>{html_text(text)}<br><small>{html_text(what)}</small></li>" for what, text in said)
    return [("\n".join([title, *told]), f"<h3>{title}</h3><ul>{items}</ul>")]


def _html_table(table: list[Row]) -> str:
    rows = ("".join(f"<td {CELL}>{html_text(cell)}</td>" for cell in row) for row in table)
    return f'<table style="border-collapse:collapse">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'
