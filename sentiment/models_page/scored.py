"""What a version's page shows of the archive: whether it scored it, and what changed since the version before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sentiment.language import tr
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import is_ours
from sentiment.models_page.wording import Line, count, text, when
from sentiment.results.scoring import ASIDE_FILES, CURRENT, SCORED, Current, Scored, ScoresCompared, folder_of
from sentiment.scoring.page import render
from sentiment.settings import Settings
from sentiment.text import units

T = TypeVar("T")
MOST_DRAWN = 1 << 20  # bytes of figures; those of a hundred years and many labels take a quarter of it


@dataclass(frozen=True)
class ScoredArchive:
    """A version's scores of the archive, as figures; a sentence about them; and whether there is a page of changes."""

    sentence: str
    figures: list[Line] = field(default_factory=list)
    has_page: bool = False


def scored_archive(settings: Settings, number: int, notices: Notices, *, is_stable: bool) -> ScoredArchive | None:
    """Returns what is known; None when there is nothing to say of this version and the archive."""
    folder = settings.scores_folder
    summary = _read(folder, f"{folder_of(number)}/{SCORED}", Scored, notices)
    if summary is None:
        waits = tr("This version has not scored the archive yet: `sentiment_score` does.")
        return ScoredArchive(waits) if is_stable and settings.archive else None
    page = comparison_page(settings, number)
    compared = _read(folder, page.with_suffix(".json").name, ScoresCompared, notices) if page else None
    current = _read(folder, CURRENT, Current, notices)
    figures = [
        (tr("Posts scored"), count(summary.rows)),
        (tr("Posts put aside"), count(summary.rows_aside)),
        (tr("Files"), count(summary.files)),
        *([(tr("Files put aside"), count(summary.files_aside))] if summary.files_aside else []),
        (tr("Scored at"), when(summary.at)),
    ]
    if compared and compared.posts:
        name = tr("Changed since version {version}", version=compared.before)
        figures.append((name, units.percent(compared.flipped / compared.posts)))
    sentences = " ".join([_sentence(summary, current), *_aside(summary)])
    return ScoredArchive(sentences, figures, has_page=page is not None)


def _sentence(summary: Scored, current: Current | None) -> str:
    place = text(summary.output, 300)
    if current and current.version == summary.version:
        return tr("Readers of {place} take the scores of this version.", place=place)
    if not summary.complete and not summary.files_aside:
        return tr("Some files of the archive wait for the next run; the scores are in {place}.", place=place)
    return tr("Readers of {place} take the scores of another version.", place=place)


def _aside(summary: Scored) -> list[str]:
    if not summary.files_aside:
        return []
    place = text(f"{summary.output.rstrip('/')}/{folder_of(summary.version)}/{ASIDE_FILES}", 300)
    return [
        tr(
            "NOT all of the archive has scores: files that could not be read, or not to the end, are named in {file}.",
            file=place,
        )
    ]


def comparison_page(settings: Settings, number: int) -> Path | None:
    """Returns the newest page of what changed since another version; None when there is none."""
    folder = settings.scores_folder
    named = re.compile(rf"changed-\d{{1,19}}-{number}\.html")
    try:
        found = [path for path in folder.iterdir() if named.fullmatch(path.name) and is_ours(folder, path)]
        return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
    except OSError:
        return None


def comparison_shown(settings: Settings, number: int) -> bytes | None:
    """Returns that page in the reader's language, drawn from the figures beside it.

    Without these, or where they do not fit together or would take long, it is the page as it was written.
    """
    page = comparison_page(settings, number)
    if page is None:
        return None
    from jinja2 import TemplateError  # importing it takes a while

    figures = page.with_suffix(".json")
    is_drawn = is_ours(settings.scores_folder, figures) and figures.stat().st_size <= MOST_DRAWN
    found = _read(settings.scores_folder, figures.name, ScoresCompared, Notices()) if is_drawn else None
    try:
        return render(found).encode() if found else page.read_bytes()
    except (TemplateError, ValueError, TypeError, LookupError, ArithmeticError):
        return page.read_bytes()


def _read(folder: Path, name: str, kind: type[T], notices: Notices) -> T | None:
    path = folder / name
    return notices.read(path, kind, name) if is_ours(folder, path) else None
