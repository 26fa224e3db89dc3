"""The runs that were refused, with their reasons: what a person looks for in a morning without a new model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sentiment.language import marked, recorded, tr
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import is_ours, run_folder_of
from sentiment.models_page.wording import text, when
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.validation import Validation
from sentiment.run_folder import RunFolder
from sentiment.serving.state import State
from sentiment.settings import Settings

SHOWN = 10  # newest refused runs
LOOKED_AT = 60  # newest runs among which they are looked for: two months of nights
MOST_REASONS = 5
Decided = Check | Gate | Validation
STEPS: tuple[type[Decided], ...] = (Check, Gate, Validation)
NAMES = {Check.STEP: marked("check"), Gate.STEP: marked("gate"), Validation.STEP: marked("validate")}


@dataclass(frozen=True)
class Refused:
    """One run: when and by which step it was refused, why, and what there is to look at.

    `deliveries` is "" when it is not known which they were.
    """

    run: str
    at: str
    by: str
    reasons: list[str]
    deliveries: str
    has_suspects: bool
    has_report: bool


def refused_runs(settings: Settings, state: State, notices: Notices) -> list[Refused]:
    """Returns the newest refused runs, the newest first; a published run is none of them."""
    published = {version.run for version in state.versions.values()}
    found: list[Refused] = []
    for at, run in _newest(settings):
        refused = None if run.name in published else _refused(settings, run, at, notices)
        found += [refused] if refused else []
    return found[:SHOWN]


def report_of_run(settings: Settings, run: str) -> Path | None:
    """Returns the training report of the run whose folder is `run`; None without one."""
    folder = run_folder_of(settings, run)
    return folder.report if folder and is_ours(settings.runs, folder.report) else None


def suspects_of_run(settings: Settings, run: str) -> Path | None:
    """Returns the file of a run's posts whose label looks wrong; None without one."""
    folder = run_folder_of(settings, run)
    return folder.suspects if folder and is_ours(settings.runs, folder.suspects) else None


def _newest(settings: Settings) -> Iterator[tuple[float, RunFolder]]:
    """Yields the newest runs that were decided about, each with the time of its last decision."""
    decided: dict[str, float] = {}
    for kind in STEPS:
        for path in settings.runs.glob(f"*/{kind.STEP}.json"):
            decided[path.parent.name] = max(decided.get(path.parent.name, 0.0), _time_of(path))
    for name in sorted(decided, key=lambda name: (decided[name], name), reverse=True)[:LOOKED_AT]:
        if (folder := run_folder_of(settings, name)) is not None:
            yield decided[name], folder


def _time_of(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was deleted meanwhile, or leads nowhere
        return 0.0


def _refused(settings: Settings, run: RunFolder, at: float, notices: Notices) -> Refused | None:
    for kind in STEPS:
        path = run.result(kind.STEP)
        if not is_ours(settings.runs, path):
            continue
        result = notices.read(path, kind, _file_of(path, run))
        if result is None or result.passed:
            continue
        prepare = run.result(Prepare.STEP)
        known = notices.read(prepare, Prepare, _file_of(prepare, run)) if prepare.is_file() else None
        return Refused(
            run.name,
            when(datetime.fromtimestamp(at, UTC).isoformat()),
            tr(NAMES[kind.STEP]),
            [text(recorded(reason), 400) for reason in _reasons(result)[:MOST_REASONS]],
            ", ".join(map(str, known.deliveries[:MOST_REASONS])) if known else "",
            suspects_of_run(settings, run.name) is not None,
            report_of_run(settings, run.name) is not None,
        )
    return None


def _file_of(path: Path, run: RunFolder) -> str:
    return tr("{file} of run {run}", file=path.name, run=run.name)


def _reasons(result: Decided) -> list[str]:
    """Returns the sentences of what refused; the verdict where there is none."""
    if isinstance(result, Gate):
        found = list(result.reasons)
    elif isinstance(result, Check):
        found = list(result.failed)
    else:
        found = [check.sentence for check in result.checks if not check.passed]
    return found or [result.sentence]
