"""Which deliveries are retracted, and by whom."""

from __future__ import annotations

from typing import Any

from sentiment.errors import SentimentError
from sentiment.serving.retractions import retracted_deliveries
from sentiment.settings import Settings


def described(settings: Settings) -> dict[str, Any]:
    """Returns the retracted deliveries, the last retraction first, as JSON-ready values; `error` says why not."""
    try:
        found = retracted_deliveries(settings.posts_database)
    except (SentimentError, OSError) as error:
        return {"deliveries": [], "error": str(error)}
    return {"deliveries": [{**one._asdict(), "sentence": one.sentence} for one in found], "error": ""}
