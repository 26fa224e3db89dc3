"""What the Models page shows of the scores: small files beside them. Of scores in a bucket, the home has copies.

Airflow's web server reads no bucket, and needs none of this: it reads the files below `Settings.scores_folder`.
"""

from __future__ import annotations

import msgspec

from sentiment import atomic
from sentiment.results.record import as_json
from sentiment.results.scoring import CURRENT, SCORED, Scored, ScoreResult, folder_of
from sentiment.scoring.places import BucketPlace, FolderPlace, Place, place_of
from sentiment.settings import Settings


def keep(settings: Settings, root: Place, name: str, content: bytes) -> None:
    """Writes a small file beside the scores, and its copy in the home when they are the home's, in a bucket."""
    root.write(name, content)
    _copy(settings, root, name, content)


def _copy(settings: Settings, root: Place, name: str, content: bytes) -> None:
    if isinstance(root, BucketPlace) and root == place_of(settings.scores_place):
        FolderPlace(str(settings.scores_folder)).write(name, content)


def copy_current(settings: Settings, root: Place) -> None:
    """Copies which version's scores readers take into the home, when they are the home's, in a bucket."""
    if (content := root.read(CURRENT)) is not None:
        _copy(settings, root, CURRENT, content)


def keep_record(settings: Settings, root: Place, name: str, value: msgspec.Struct) -> None:
    """Does the same with a record, as JSON."""
    keep(settings, root, name, (atomic.json_text(as_json(value), indent=2) + "\n").encode())


def keep_summary(settings: Settings, result: ScoreResult, at: str) -> None:
    """Writes what there is of a version's scores after a run."""
    found = Scored(
        version=result.version, source=result.source, output=result.output, files=result.files, rows=result.rows,
        rows_aside=result.rows_aside, at=at, complete=result.complete, files_aside=result.files_aside,
    )  # fmt: skip
    root = place_of(result.output)
    keep_record(settings, root, f"{folder_of(result.version)}/{SCORED}", found)
    copy_current(settings, root)
