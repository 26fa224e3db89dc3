"""One version: how it compares, what it confuses, which texts flipped, what it was trained on, how it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sentiment.gate import must_hold
from sentiment.gate.costs import cost_table, cost_warnings, measured_told
from sentiment.gate.rows import Row as Cells
from sentiment.gate.rows import comparison_table, data_lines, flipped_title, label_name, stable_name
from sentiment.gate.same_rows import published
from sentiment.gate.source_rows import by_source_rows
from sentiment.gate.year_checks import told_year
from sentiment.language import marked, recorded, tr
from sentiment.models_page.cards import figures_of, serving_figures
from sentiment.models_page.drawn import Drawn, drawn
from sentiment.models_page.history import Row, newest_first, row
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.parts import Matrix, Part, matrices, parts
from sentiment.models_page.run_files import RunFiles, report_of
from sentiment.models_page.scored import ScoredArchive, scored_archive
from sentiment.models_page.trial import Trial, trial
from sentiment.models_page.wording import Line, text, when
from sentiment.probe.record import probes_file, read_probes
from sentiment.results import decision
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.evaluation import Evaluation
from sentiment.results.events import Adopted, AnyEvent, Moved
from sentiment.results.validation import Validation
from sentiment.serving.state import Version
from sentiment.serving.succession import condition_told, successors
from sentiment.settings import Settings

MOST_FLIPS = 100  # either way
FINE = ("ok", "not measured")  # levels of a check
SETS = {"frozen": marked("frozen set"), "rolling": marked("rolling set")}


@dataclass(frozen=True)
class Flip:
    """A text on which candidate and stable disagree and one of them is right."""

    set: str
    text: str
    true: str
    stable: str
    candidate: str


@dataclass(frozen=True)
class Flips:
    """The texts that flipped one way; the title says how many there are, and how many of them are shown."""

    title: str
    shown: list[Flip]


@dataclass(frozen=True)
class Gate:
    """What the gate found when the version was a candidate."""

    sentence: str
    loosened: str
    overridden: str
    stable: str
    rows: list[Cells]  # the head first
    checks: list[tuple[bool, str]]
    year: list[str]
    flips: list[Flips]
    sources: list[Cells]
    must_hold: list[str] = field(default_factory=list)
    costs: list[Cells] = field(default_factory=list)  # the head first
    costs_measured: str = ""
    costs_more: list[str] = field(default_factory=list)  # that it costs clearly more than stable


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
    drawn: list[Drawn] = field(default_factory=list)
    validation: list[tuple[bool, str]] = field(default_factory=list)
    has_report: bool = False
    older: int | None = None
    newer: int | None = None
    trial: Trial | None = None  # of the canary
    archive: ScoredArchive | None = None


def version_page(ledger: Ledger, number: int, settings: Settings, notices: Notices) -> VersionPage:
    """Returns the page of version `number`, which the ledger must know."""
    version = ledger.state.versions[number]
    files = RunFiles(settings, version, notices)
    gate, evaluation, prepare = files.read(decision.Gate), files.read(Evaluation), files.read(Prepare)
    check, validation = files.read(Check), files.read(Validation)
    labels = [text(label, 40) for label in _labels(gate, evaluation, settings)]
    return VersionPage(
        number,
        role_of(ledger, number),
        condition_of(version, successors(ledger.events)),
        when(version.published_at),
        text(version.run),
        [*figures_of(version, published(version)), *serving_figures(validation)],
        [row(*one) for one in newest_first(ledger.events, lambda event: is_about(event, number))],
        shown_gate(gate, number, version.size) if gate else None,
        matrices(evaluation, labels),
        list(map(text, data_lines(prepare, labels))),
        parts(prepare),
        _checks(check) if check else [],
        drawn(check),
        [(found.passed, text(recorded(found.sentence))) for found in validation.checks] if validation else [],
        report_of(settings, version) is not None,
        *_neighbours(ledger, number),
        trial(number, read_probes(probes_file(settings)), settings) if ledger.state.canary == number else None,
        scored_archive(settings, number, notices, is_stable=ledger.state.stable == number),
    )


def role_of(ledger: Ledger, number: int) -> str:
    """Returns the label that a version has, `previous` for the one that a rollback returns to, or ""."""
    state = ledger.state
    labels = {marked("stable"): state.stable, marked("canary"): state.canary, marked("previous"): state.previous}
    return next((label for label, labelled in labels.items() if labelled == number), "")


def condition_of(version: Version, followed: Mapping[int, int]) -> str:
    """Returns what became of a version: what `followed` it, and the error that caused it."""
    return " · ".join(filter(None, (condition_told(version, followed), text(recorded(version.error), 400))))


def is_about(event: AnyEvent, number: int) -> bool:
    """Tells whether an event changed something for that version."""
    if isinstance(event, Adopted):
        return number in (event.version, event.stable, event.canary)
    if isinstance(event, Moved):
        return number in (event.version, event.from_, event.to)
    return number == event.version


def _checks(check: Check) -> list[tuple[bool, str]]:
    """Returns whether each check is as it should be, and its sentence."""
    told = tr("The run went on although its check failed: {told}", told=text(recorded(check.sentence)))
    failed = [] if check.passed else [(False, told)]
    return [*failed, *((found.level in FINE, text(recorded(found.sentence))) for found in check.checks)]


def _neighbours(ledger: Ledger, number: int) -> tuple[int | None, int | None]:
    known = ledger.state.versions
    return max((n for n in known if n < number), default=None), min((n for n in known if n > number), default=None)


def _labels(gate: decision.Gate | None, evaluation: Evaluation | None, settings: Settings) -> list[str]:
    """Returns the names of the labels as the run knew them."""
    return (gate and gate.labels) or (evaluation and evaluation.labels) or list(settings.label_set.names)


def shown_gate(gate: decision.Gate, number: int, export_bytes: int | None = None) -> Gate:
    """Returns what the gate found of version `number`, as the page shows it; `export_bytes` is the version's size."""
    candidate = tr("version {version}", version=number)
    return Gate(
        text(recorded(gate.sentence)),
        text(recorded(gate.loosened.told)) if gate.loosened else "",
        _overridden(gate.overridden) if gate.overridden else "",
        text(stable_name(gate), 40),
        [tuple(text(cell, 120) for cell in cells) for cells in comparison_table(gate, candidate)],
        [(check.passed, _sentence(check)) for check in gate.checks],
        [text(line) for line in told_year(gate)],
        [flips for worse in (True, False) if (flips := _flips(gate, candidate, worse=worse)).shown],
        [tuple(text(cell, 60) for cell in cells) for cells in by_source_rows(gate)],
        [text(line, 1000) for line in must_hold.told(gate)],
        [tuple(text(cell, 60) for cell in cells) for cells in cost_table(gate, candidate, export_bytes)],
        text(measured_told(gate.costs), 600),
        [text(line, 600) for line in cost_warnings(gate)],
    )


def _overridden(by: decision.Overridden) -> str:
    return tr(
        "The gate's failed checks were overridden by {who}: {reason}", who=text(by.who, 80), reason=text(by.reason)
    )


def _sentence(check: decision.GateCheck) -> str:
    sentence = text(recorded(check.sentence))
    return sentence if check.decides else tr("{told} (does not decide)", told=sentence)


def _flips(gate: decision.Gate, candidate: str, *, worse: bool) -> Flips:
    shown = (gate.regressions if worse else gate.improvements)[:MOST_FLIPS]
    title = text(flipped_title(gate, candidate, len(shown), worse=worse))
    return Flips(title, [_flip(gate, flip) for flip in shown])


def _flip(gate: decision.Gate, flip: decision.SetFlip) -> Flip:
    true, stable, candidate = (text(label_name(gate, label), 40) for label in (flip.true, flip.stable, flip.candidate))
    shown = " ｜ ".join(text(part) for part in (flip.title, flip.text) if part)
    return Flip(set_name(flip.set), shown, true, stable, f"{candidate} ({flip.confidence:.2f})")


def set_name(name: str) -> str:
    """Returns what a test set, `frozen` or `rolling`, is called."""
    return tr(SETS[name]) if name in SETS else text(name, 40)
