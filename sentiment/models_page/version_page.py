"""One version: how it compares, what it confuses, which texts flipped, what it was trained on, how it serves."""

from __future__ import annotations

from dataclasses import dataclass, field

from sentiment.gate import must_hold
from sentiment.gate.rows import Row as Cells
from sentiment.gate.rows import comparison_rows, data_lines, label_name, stable_name
from sentiment.gate.source_rows import by_source_rows
from sentiment.gate.year_checks import told_year
from sentiment.models_page.cards import Line, figures_of, serving_figures
from sentiment.models_page.history import Row, row
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.parts import Matrix, Part, matrices, parts
from sentiment.models_page.run_files import RunFiles, report_of
from sentiment.models_page.wording import text, when
from sentiment.results import decision
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.evaluation import Evaluation
from sentiment.results.events import Adopted, AnyEvent, Moved
from sentiment.results.validation import Validation
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
    loosened: str
    overridden: str
    stable: str
    rows: list[Cells]
    checks: list[tuple[bool, str]]
    year: list[str]
    regressions: list[Flip]
    improvements: list[Flip]
    sources: list[Cells]
    must_hold: list[str] = field(default_factory=list)


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
    version = ledger.state.versions[number]
    files = RunFiles(settings, version, notices)
    gate, evaluation, prepare = files.read(decision.Gate), files.read(Evaluation), files.read(Prepare)
    check, validation = files.read(Check), files.read(Validation)
    labels = [text(label, 40) for label in _labels(gate, evaluation, settings)]
    return VersionPage(
        number,
        next((label for label, labelled in ledger.state.labels.items() if labelled == number), ""),
        condition_of(version),
        when(version.published_at),
        text(version.run),
        [*figures_of(version), *serving_figures(validation)],
        [row(event) for event in reversed(ledger.events) if is_about(event, number)],
        shown_gate(gate) if gate else None,
        matrices(evaluation, labels),
        list(map(text, data_lines(prepare, labels))),
        parts(prepare),
        [(found.level in ("ok", "not measured"), text(found.sentence)) for found in check.checks] if check else [],
        [(found.passed, text(found.sentence)) for found in validation.checks] if validation else [],
        report_of(settings, version) is not None,
        *_neighbours(ledger, number),
    )


def condition_of(version: Version) -> str:
    """Returns what became of a version, with the error that caused it."""
    return " · ".join(filter(None, (version.condition, text(version.error, 400))))


def is_about(event: AnyEvent, number: int) -> bool:
    """Tells whether an event changed something for that version."""
    if isinstance(event, Adopted):
        return number in (event.version, event.stable, event.canary)
    if isinstance(event, Moved):
        return number in (event.version, event.from_, event.to)
    return number == event.version


def _neighbours(ledger: Ledger, number: int) -> tuple[int | None, int | None]:
    known = ledger.state.versions
    return max((n for n in known if n < number), default=None), min((n for n in known if n > number), default=None)


def _labels(gate: decision.Gate | None, evaluation: Evaluation | None, settings: Settings) -> list[str]:
    """Returns the names of the labels as the run knew them."""
    return (gate and gate.labels) or (evaluation and evaluation.labels) or list(settings.label_set.names)


def shown_gate(gate: decision.Gate) -> Gate:
    """Returns what the gate found, as the page shows it."""
    override = gate.overridden
    return Gate(
        text(gate.sentence),
        text(gate.loosened.told) if gate.loosened else "",
        f"{text(override.who, 80)}: {text(override.reason)}" if override else "",
        text(stable_name(gate), 40),
        [tuple(text(cell, 120) for cell in cells) for cells in comparison_rows(gate)],
        [(check.passed, _sentence(check)) for check in gate.checks],
        [text(line) for line in told_year(gate)],
        [_flip(gate, flip) for flip in gate.regressions[:MOST_FLIPS]],
        [_flip(gate, flip) for flip in gate.improvements[:MOST_FLIPS]],
        [tuple(text(cell, 60) for cell in cells) for cells in by_source_rows(gate)],
        [text(line, 1000) for line in must_hold.told(gate)],
    )


def _sentence(check: decision.GateCheck) -> str:
    return text(check.sentence) + ("" if check.decides else " (does not decide)")


def _flip(gate: decision.Gate, flip: decision.SetFlip) -> Flip:
    true, stable, candidate = (text(label_name(gate, label), 40) for label in (flip.true, flip.stable, flip.candidate))
    shown = " ｜ ".join(text(part) for part in (flip.title, flip.text) if part)
    return Flip(text(flip.set, 40), shown, true, stable, f"{candidate} ({flip.confidence:.2f})")
