"""Deliveries that a restored ledger lost keep their numbers: models know them, so no other delivery may have them.

A model that was trained at watermark 12 has seen deliveries 1 to 12. If the ledger came back with ten, the next two
would be numbers 11 and 12, and no model would ever be trained on their posts.
"""

from __future__ import annotations

from sentiment.data import ledger as posts_ledger
from sentiment.data import ledger_file
from sentiment.data.ledger_batch import Counts
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results import record
from sentiment.results.deliveries import Ingest
from sentiment.results.model_card import TrainedOn
from sentiment.serving.history import read_state
from sentiment.settings import Settings
from sentiment.text.aloud import tell


def go_on_after_the_lost(settings: Settings, backup: str) -> None:
    """Records the highest number that the history or a run knows as a delivery without posts, if the ledger lost it."""
    known = max(_known_to_models(settings), _known_to_runs(settings))
    newest = ledger_file.newest_delivery(settings.posts_database, in_use=True)
    if newest >= known:
        return
    with posts_ledger.opened(settings.posts_database) as ledger, ledger.writing():
        ledger.record(known, f"(deliveries {newest + 1} to {known} were lost: {backup})", "", Counts())
    tell(
        tr(
            "deliveries {first} to {last} are lost; what is delivered again gets new numbers",
            first=newest + 1,
            last=known,
        )
    )


def _known_to_models(settings: Settings) -> int:
    return max((_last(version.data) for version in read_state(settings).versions.values()), default=0)


def _last(data: TrainedOn) -> int:
    return max([data.watermark or 0, *(item.last for item in data.seen or ())])


def _known_to_runs(settings: Settings) -> int:
    highest = 0
    for path in settings.runs.glob("*/ingest.json"):
        try:
            highest = max(highest, record.read(path, Ingest, "").watermark)
        except InputError:
            continue  # a damaged result knows no number
    return highest
