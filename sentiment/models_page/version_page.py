"""One version: how it compares, what it confuses, which texts flipped, what it was trained on, how it serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentiment.gate.rows import Row as Cells
from sentiment.gate.rows import comparison_rows, data_lines, label_name, stable_name
from sentiment.models_page.cards import Line, figures_of, serving_figures
from sentiment.models_page.history import Row, row
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.parts import Matrix, Part, matrices, parts
from sentiment.models_page.run_files import RunFiles, report_of
from sentiment.models_page.wording import is_count, is_number, text, when
from sentiment.serving.state import Version
from sentiment.settings import Settings

MOST_FLIPS = 100  # either way


@dataclass(frozen=True)
class Flip:
    """A text on which candidate and stable disagree and one of them is right."""

    set: str
    text: str
    true: str
    stable: str
    candidate: str


@dataclass(frozen=True)
class Gate:
    """What the gate found when the version was a candidate."""

    sentence: str
    overridden: str
    stable: str
    rows: list[Cells]
    checks: list[tuple[bool, str]]
    regressions: list[Flip]
    improvements: list[Flip]


@dataclass(frozen=True)
class VersionPage:
    """Everything that the page of one version shows. A part is empty when nothing is known about it."""

    number: int
    role: str
    condition: str
    published: str
    run: str
    figures: list[Line]
    events: list[Row]
    gate: Gate | None = None
    matrices: list[Matrix] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    checks: list[tuple[bool, str]] = field(default_factory=list)
    validation: list[tuple[bool, str]] = field(default_factory=list)
    has_report: bool = False
    older: int | None = None
    newer: int | None = None


def version_page(ledger: Ledger, number: int, settings: Settings, notices: Notices) -> VersionPage:
    """Returns the page of version `number`, which the ledger must know."""
    version, name = ledger.state.versions[number], f"version {number}"
    files = RunFiles(settings, version, notices)
    gate, evaluation, prepare, check, validate = (
        files.read(step) for step in ("gate", "evaluation", "prepare", "check", "validate")
    )
    labels = _labels(gate, evaluation, settings)
    guarded = notices.guarded
    return VersionPage(
        number,
        next((label for label, labelled in ledger.state.labels.items() if labelled == number), ""),
        condition_of(version),
        when(version.published_at),
        text(version.run),
        [*figures_of(version), *serving_figures(validate, notices, number)],
        [row(event) for event in reversed(ledger.events) if is_about(event, number)],
        guarded(f"The gate's result of {name}", lambda: read_gate(gate)) if gate else None,
        guarded(f"The evaluation of {name}", lambda: matrices(evaluation, labels)) or [],
        guarded(f"The data of {name}", lambda: list(map(text, data_lines(prepare, labels)))) or [],
        guarded(f"The composition of the data of {name}", lambda: parts(prepare)) or [],
        guarded(f"check.json of {name}", lambda: sentences(check, "level", "ok", "not measured")) or [],
        guarded(f"validate.json of {name}", lambda: sentences(validate, "passed", True)) or [],
        report_of(settings, version) is not None,
        *_neighbours(ledger, number),
    )


def condition_of(version: Version) -> str:
    """Returns what became of a version, with the error that caused it."""
    return " · ".join(filter(None, (version.condition, text(version.error, 400))))


def is_about(event: Mapping[str, Any], number: int) -> bool:
    """Tells whether an event changed something for that version."""
    labelled = [event.get(name) for name in ("version", "from", "to", "stable", "canary")]
    return any(value == number and is_count(value) for value in labelled)


def _neighbours(ledger: Ledger, number: int) -> tuple[int | None, int | None]:
    known = ledger.state.versions
    return max((n for n in known if n < number), default=None), min((n for n in known if n > number), default=None)


def _labels(gate: Mapping[str, Any] | None, evaluation: Mapping[str, Any] | None, settings: Settings) -> list[str]:
    """Returns the names of the labels as the run knew them."""
    for found in (gate, evaluation):
        names = found.get("labels") if found else None
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return [text(name, 40) for name in names]
    return list(settings.label_set.names)


def read_gate(gate: Mapping[str, Any]) -> Gate:
    """Returns what the gate found. Raises: one of `AMISS` when the file is not as the gate writes it."""
    override = gate.get("overridden")
    return Gate(
        text(gate["sentence"]),
        f"{text(override['who'], 80)}: {text(override['reason'])}" if override else "",
        text(stable_name(gate), 40),
        [tuple(text(cell, 120) for cell in cells) for cells in comparison_rows(gate)],
        [(bool(check["passed"]), _sentence(check)) for check in gate["checks"]],
        _flips(gate, "regressions"),
        _flips(gate, "improvements"),
    )


def _sentence(check: Mapping[str, Any]) -> str:
    return text(check["sentence"]) + ("" if check.get("decides", True) else " (does not decide)")


def _flips(gate: Mapping[str, Any], kind: str) -> list[Flip]:
    return [
        Flip(
            text(flip.get("set"), 40),
            " ｜ ".join(text(flip[name]) for name in ("title", "text") if flip.get(name)),
            text(label_name(gate, flip.get("true")), 40),
            text(label_name(gate, flip.get("stable")), 40),
            f"{text(label_name(gate, flip.get('candidate')), 40)}{_confidence(flip)}",
        )
        for flip in (gate.get(kind) or [])[:MOST_FLIPS]
    ]


def _confidence(flip: Mapping[str, Any]) -> str:
    value = flip.get("confidence")
    return f" ({value:.2f})" if is_number(value) else ""


def sentences(result: Mapping[str, Any] | None, key: str, *good: object) -> list[tuple[bool, str]]:
    """Returns (is good, sentence) for each check in a step's result; a check is good if its `key` is among `good`."""
    found: Sequence[Mapping[str, Any]] = result["checks"] if result else []
    return [(check[key] in good, text(check["sentence"])) for check in found]
