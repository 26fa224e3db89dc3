"""`sentiment report`: draws the pages of a model or a test again from their JSON."""

from __future__ import annotations

from pathlib import Path

import click

from sentiment import atomic
from sentiment.errors import InputError, NoSuchFile
from sentiment.language import tr
from sentiment.model import folder
from sentiment.report import testing, training
from sentiment.report.page import drawn
from sentiment.results import record
from sentiment.results.report import Report, TestReport, TrainingReport
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import to_people

PAGES = {folder.REPORT: training.PAGE, testing.REPORT: testing.PAGE}
TYPES: dict[str, type[Report]] = {folder.REPORT: TrainingReport, testing.REPORT: TestReport}
ANOTHER_PLACE = "Name a model folder, the output of a test, or a run."
AGAIN = "Train or test the model again."


def draw(place: Path) -> list[Path]:
    """Draws report.html, test_report.html or both in the folder `place` and returns their paths.

    Raises: InputError when neither JSON file is there, or when no page can be drawn from one.
    """
    found = [name for name in PAGES if (place / name).is_file()]
    if not found and not place.exists():
        raise NoSuchFile(place, do=ANOTHER_PLACE, kind="folder")
    if not found:
        raise InputError(
            f"a report's folder must hold {' or '.join(PAGES)}",
            found=f"neither in {place}",
            do=ANOTHER_PLACE,
        )
    pages = {place / PAGES[name]: _rendered(place / name) for name in found}
    for path, page in pages.items():
        atomic.write_text(path, page)
    return list(pages)


def _rendered(path: Path) -> str:
    report = record.as_json(record.read(path, TYPES[path.name], AGAIN))
    from jinja2 import TemplateError  # importing it takes a while

    try:
        return drawn(report)
    except (TemplateError, ValueError, TypeError, KeyError, IndexError) as error:  # such as a label id that has no name
        reason = f"{path}: {type(error).__name__} {error}"
    raise InputError("a page must be drawn from a report whose parts fit together", found=reason, do=AGAIN)


def place_of(settings: Settings, where: str) -> Path:
    """Returns the folder that `where` names: a folder, or the model folder of a run."""
    return Path(where) if Path(where).is_dir() else RunFolder.named(settings, where).model


@click.command("report")
@click.argument("where", metavar="FOLDER|RUN")
@step
def command(where: str) -> Result:
    """Draw report.html and test_report.html again from the JSON beside them.

    FOLDER is a model folder or the output of a test; RUN stands for the run's model folder.
    """
    pages = [str(path) for path in draw(place_of(read_settings(), where))]
    with to_people():
        say(tr("Drawn again: {files}.", files=tr(", ").join(pages)))
    return {"pages": pages}
