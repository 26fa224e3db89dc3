"""What stopped pretrainings kept: their tokens are the posts themselves, as numbers in which no search finds a text.

Those of the home's own encoders are removed: they only save time, and a corpus from which a text was erased is
tokenised anew anyway. Those that stand elsewhere are named.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sentiment import own_encoder
from sentiment.lineage.search import Search
from sentiment.serving.change import user
from sentiment.serving.lock import held_if_free
from sentiment.settings import Settings

RUNNING = "an encoder is being made, and keeps the posts that it learns from: forget them again when that has ended"


def removed(search: Search, settings: Settings, write: bool) -> list[Path]:
    """Removes what stopped pretrainings of the home's own encoders kept, if `write`, and returns those folders.

    What one that runs keeps, or what cannot be removed, is noted as not searched.
    """
    kept = own_encoder.unfinished(settings)
    if not kept or not write:
        return kept
    with held_if_free(own_encoder.lock_of(settings), user()) as is_free:
        for folder in kept:
            if not is_free:
                search.note(folder, RUNNING)
                continue
            with search.alone(folder):
                shutil.rmtree(folder)
    return [folder for folder in kept if not folder.exists()] if is_free else []
