"""What a version's run left, as it was when the version was published: `serving/records/<version>/`.

A run's folder can be written to again and deleted. What people are shown of a version is read from here, where the
files have the names that they have in the run's folder. Pruning leaves them, `forget` takes texts out of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from sentiment import atomic
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.evaluation import Evaluation
from sentiment.results.validation import Validation
from sentiment.run_folder import RunFolder, safe_name
from sentiment.serving.history import read_state
from sentiment.serving.left_out_since import require_none_retracted
from sentiment.serving.state import Version
from sentiment.settings import Settings

KEPT = (Prepare, Check, Evaluation, Gate, Validation)


def folder_of(settings: Settings, version: int) -> RunFolder:
    """Returns the records of a version, which have the layout of a run's folder; they need not exist."""
    return RunFolder(settings.records / str(version))


def keep(settings: Settings, run: RunFolder, version: int) -> dict[str, str]:
    """Copies the results and the report of `run` as the records of `version`; all of them appear at once, or none.

    Returns the sha256 of each file by its path in the folder, empty when the run left none of them.
    """
    target = folder_of(settings, version)
    found = list(_files(run, target))
    if not found:
        return {}
    digests = {}
    with atomic.replacing_folder(target.path) as temporary:
        for source, name in found:
            (temporary / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, temporary / name)
            digests[name.as_posix()] = sha256_of(temporary / name)
    return digests


def _files(run: RunFolder, target: RunFolder) -> Iterator[tuple[Path, Path]]:
    """Yields each file that is there, and its path in the records; an older version's name becomes today's."""
    pairs = [(run.found(kind.STEP), target.result(kind.STEP)) for kind in KEPT]
    pairs += [(run.report, target.report), (run.report.with_suffix(".json"), target.report.with_suffix(".json"))]
    yield from ((source, kept.relative_to(target.path)) for source, kept in pairs if source.is_file())


def results_of(settings: Settings, version: Version) -> RunFolder:
    """Returns where the results of a version's run are read: in its records, or, without any, in the run's folder.

    Versions that were published before records were kept have none.
    """
    return folder_of(settings, version.number) if version.records else RunFolder.named(settings, version.run)


def unpublished(settings: Settings, run: str) -> RunFolder:
    """Returns the folder of `run`, for a step that writes into it.

    Raises: InputError when the run has been published: its version was made from what is there.
    """
    name = safe_name(run)
    made = [number for number, version in read_state(settings).versions.items() if name == version.run]
    if made:
        raise InputError(
            "a step may only write into the folder of a run that is not published",
            found=f"run {name}, which is version {made[-1]}",
            do="Start a new run, under another name; to go on with this version, run only what follows its publication "
            f"(`sentiment canary --version {made[-1]}`; in Airflow, clear canary and what follows it).",
        )
    return RunFolder.named(settings, run)


def prepared(settings: Settings, run: str) -> RunFolder:
    """Returns the folder of `run`, for a step that works with the rows that it was prepared with.

    Raises: InputError as `unpublished` does, and when one of the run's deliveries was retracted since.
    """
    folder = unpublished(settings, run)
    require_none_retracted(folder, settings)
    return folder


def require_not_retracted(settings: Settings, version: Version) -> None:
    """Raises: InputError when a delivery that `version` was made with was retracted since; ask it within a change."""
    if not (version.run or version.records):
        return
    require_none_retracted(
        results_of(settings, version),
        settings,
        f"version {version.number}",
        "Withdraw it if it is the canary, and start a new run.",
    )
