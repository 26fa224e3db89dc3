"""Any two versions side by side: figures on the same rows with their difference, and what the history says of each.

Two accuracies are comparable when they were measured on the same rows. That is so where one version was evaluated
beside the other, and where two evaluations name the same digest of their rows. Others are not put side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sentiment.gate.rows import points_told
from sentiment.gate.same_rows import published
from sentiment.language import tr
from sentiment.models_page.cards import figures_of, serving_figures
from sentiment.models_page.costs import Known, side_by_side
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import RunFiles
from sentiment.models_page.version_page import condition_of, role_of, set_name
from sentiment.models_page.wording import NONE, Line, count, share, text, when
from sentiment.results.evaluation import Evaluation, TestSet
from sentiment.results.training import Metrics
from sentiment.results.validation import Validation
from sentiment.serving.succession import successors
from sentiment.settings import Settings

SETS = ("frozen", "rolling")


@dataclass(frozen=True)
class Row:
    """One figure of both versions on the same rows; the change is from the first to the second, in points."""

    name: str
    rows: str
    first: str
    second: str
    change: str


@dataclass(frozen=True)
class Comparison:
    """Two versions. `apart` are sentences about sets on which the two were not measured on the same rows."""

    first: int
    second: int
    rows: list[Row]
    apart: list[str]
    facts: list[tuple[str, str, str]]  # name, of the first, of the second


@dataclass(frozen=True)
class Measured:
    """A version's own evaluation, if it is known."""

    version: int
    found: Evaluation | None

    def of(self, name: str) -> TestSet | None:
        return getattr(self.found.sets, name) if self.found else None

    def beside(self, other: int, name: str) -> tuple[Metrics | None, Metrics | None]:
        """Returns the figures of this version and of `other` from this version's evaluation, on the same rows."""
        test_set = self.of(name)
        if self.found is None or test_set is None:
            return None, None
        others = {self.found.reference_version: test_set.reference, self.found.stable_version: test_set.stable}
        return test_set.candidate, others.get(other)


def comparison(ledger: Ledger, first: int, second: int, settings: Settings, notices: Notices) -> Comparison:
    """Returns the comparison of two versions, which the ledger must know; `first` and `second` differ."""
    files = [RunFiles(settings, ledger.state.versions[number], notices) for number in (first, second)]
    one, two = (Measured(file.version.number, file.read(Evaluation)) for file in files)
    rows: list[Row] = []
    apart: list[str] = []
    for name in SETS:
        a, b = on_same_rows(one, two, name)
        if a and b:
            rows += _rows(name, a, b, (one.found or two.found), settings)
        elif told := _apart(one, two, name):
            apart.append(told)
    costs = side_by_side([Known(measured.version, measured.found) for measured in (one, two)])
    before, now = (_facts(ledger, file, lines) for file, lines in zip(files, costs, strict=True))
    names = dict.fromkeys([*before, *now])
    facts = [(name, before.get(name, NONE), now.get(name, NONE)) for name in names]
    return Comparison(first, second, rows, apart, facts)


def _facts(ledger: Ledger, files: RunFiles, costs: Sequence[Line]) -> dict[str, str]:
    """Returns what is known of a version, whatever it was measured on; `costs` is what it costs."""
    version, role = files.version, role_of(ledger, files.version.number)
    accuracies = len(SETS)  # which come first: each version's own, which may be of other rows
    return {
        tr("Label"): tr(role) if role else NONE,
        tr("Condition"): condition_of(version, successors(ledger.events)),
        tr("Published"): when(version.published_at),
        tr("Run"): text(version.run) or NONE,
        **dict(figures_of(version, published(version))[accuracies:]),
        **dict(costs),
        **dict(serving_figures(files.read(Validation))),
    }


def on_same_rows(one: Measured, two: Measured, name: str) -> tuple[Metrics | None, Metrics | None]:
    """Returns both versions' figures on the same rows of a test set; nothing when there are none."""
    second, first = two.beside(one.version, name)
    if first and second:
        return first, second
    first, second = one.beside(two.version, name)
    if first and second:
        return first, second
    a, b = one.of(name), two.of(name)
    if a and b and a.sha256 and a.sha256 == b.sha256:
        return a.candidate, b.candidate
    return None, None


def _rows(name: str, a: Metrics, b: Metrics, known: Evaluation | None, settings: Settings) -> Iterator[Row]:
    labels = (known.labels if known else None) or list(settings.label_set.names)
    yield _row(set_name(name), sum(a.support), a.accuracy, b.accuracy)
    for label, rows, before, now in zip(labels, a.support, a.recall, b.recall, strict=False):
        recall = tr("recall of {label}, {set}", label=text(label, 40), set=set_name(name))
        yield _row(recall, rows, before, now)


def _row(name: str, rows: int, before: float, now: float) -> Row:
    return Row(name, count(rows), share(before), share(now), points_told(now - before))


def _apart(one: Measured, two: Measured, name: str) -> str:
    """Returns what each version scored on its own rows; "" when neither was measured on such a set."""
    told = [
        tr(
            "version {version} {accuracy} on {rows} rows",
            version=measured.version,
            accuracy=share(found.candidate.accuracy),
            rows=count(found.rows),
        )
        for measured in (one, two)
        if (found := measured.of(name)) and found.candidate
    ]
    which = set_name(name)
    if not told:
        return ""
    if len(told) == 1:
        return tr("Not comparable on the {set} (the other was not measured): {figures}.", set=which, figures=told[0])
    return tr(
        "Not comparable on the {set} (the rows were not the same, or it is not known): {figures}.",
        set=which,
        figures=tr("; ").join(told),
    )
